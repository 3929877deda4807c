package cli

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

func TestShowIncident_Worst(t *testing.T) {
	nan := telemetry.Number(math.NaN())
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.Local)
	w := &incident.Reading{At: noon, Value: 0.3, Expected: 0.0025, Lower: 0.001, Upper: 0.01}
	over := incident.Occurrence{Condition: incident.ConditionCleared, Summary: "error_rate", Unit: "ratio", Value: 0.0024, Threshold: nan, Worst: w}
	alert := over
	alert.Condition, alert.Threshold, alert.Value = incident.ConditionFiring, 0.05, nan
	alert.Worst = &incident.Reading{At: noon, Value: 0.3, Expected: nan, Lower: nan, Upper: nan}
	plain := over
	plain.Worst, plain.Summary = nil, "old"
	var out bytes.Buffer
	if err := showIncident(&out, web.IncidentDetail{Incident: incident.Incident{Occurrences: []incident.Occurrence{over, alert, plain}}}); err != nil {
		t.Fatal(err)
	}
	want := `What is seen
  cleared  error_rate
           worst 30% at 2026-03-02 12:00:00, expected 0.25%, band 0.1% to 1%; now 0.24%
  firing   error_rate
           worst 30% at 2026-03-02 12:00:00, threshold 5%
  cleared  old

Timeline
`
	if _, got, _ := strings.Cut(out.String(), "\n\n"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
