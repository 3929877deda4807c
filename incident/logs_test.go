package incident_test

import (
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/logs/watch"
)

func TestFromLogs_ErrorsAreStrongAllElseIsEvidence(t *testing.T) {
	at := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	f := watch.Finding{
		Service: `pa"y`, Phase: watch.Opened, Since: at.Add(-time.Minute), At: at, Score: 0.99999, Errors: true,
		Parts: []watch.Part{
			{Kind: watch.KindBurst, Template: "00ff", Text: "no route to <ip>", Severity: 17, Count: 40, Expected: 2, Example: "no route to 10.0.0.1"},
			{Kind: watch.KindSilence, Template: "01ff", Text: "heartbeat", Severity: 9, Expected: 1},
		},
	}
	o := incident.FromLogs(f, "prod")
	if !o.Strong || o.Severity != incident.SeverityWarning || o.Condition != incident.ConditionFiring || o.Value != 40 || o.Expected != 2 {
		t.Errorf("got %+v", o)
	}
	if o.Key != `logs:pa"y` || o.Query != `tocsin_log_lines_total{service="pa\"y"}` || o.Environment != "prod" {
		t.Errorf("got key %s, query %s", o.Key, o.Query)
	}
	if o.Labels["example"] != "no route to 10.0.0.1" || o.Labels["kinds"] != "burst,silence" || o.Kind != "burst" {
		t.Errorf("got labels %v, kind %s", o.Labels, o.Kind)
	}
	if want := `40 error lines "no route to <ip>" in a minute where 2.0 are normal; no line "heartbeat" where 1.0 a minute are normal`; o.Summary != want {
		t.Errorf("got  %s\nwant %s", o.Summary, want)
	}
	f.Errors, f.Phase = false, watch.Closed
	if o = incident.FromLogs(f, ""); o.Strong || o.Severity != incident.SeverityInfo || o.Condition != incident.ConditionCleared {
		t.Errorf("got %+v", o)
	}
}
