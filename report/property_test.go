package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/report"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// randomLog drives the incident engine with made-up alerts, anomalies and people.
func randomLog(t *testing.T, seed uint64) (*incident.Manager, []incident.Incident) {
	t.Helper()
	db, err := store.OpenState(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	n := 0
	m, err := incident.NewManager(t.Context(), incident.ManagerOptions{DB: db, Config: incident.DefaultConfig(),
		NewID: func(time.Time) string { n++; return fmt.Sprintf("inc-%03d", n) }})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 7))
	conditions := []incident.Condition{incident.ConditionFiring, incident.ConditionFiring, incident.ConditionHeld, incident.ConditionStale, incident.ConditionCleared}
	since := map[string]time.Time{}
	now := noon
	for range 120 {
		now = now.Add(time.Duration(1+r.IntN(90)) * time.Second)
		key := fmt.Sprintf("k%d", r.IntN(8))
		o := incident.Occurrence{Key: key, Source: incident.SourceAlert, Name: key + " `|<b>", Service: fmt.Sprintf("s%d", len(key)%2), Severity: incident.SeverityWarning,
			Condition: conditions[r.IntN(len(conditions))], Symptom: r.IntN(2) == 0, Strong: r.IntN(3) > 0, At: now, Value: telemetry.Number(r.Float64()),
			Expected: nan, Lower: nan, Upper: nan, Threshold: nan, Score: nan, Unit: "ratio", Summary: key + " is odd\nand how"}
		if r.IntN(2) == 0 {
			o.Source = incident.SourceAnomaly
		}
		if r.IntN(4) == 0 {
			o.Severity = incident.SeverityCritical
		}
		if since[key].IsZero() || o.Condition == incident.ConditionCleared && r.IntN(2) == 0 {
			since[key] = now
		}
		o.Since = since[key]
		if err := m.Apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		list, err := m.List(t.Context(), incident.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 && r.IntN(12) == 0 {
			acts := []func(context.Context, string, string, string, time.Time) (incident.Incident, error){m.Ack, m.Resolve, m.Note}
			_, _ = acts[r.IntN(3)](t.Context(), list[0].ID, "carol", "carol looks", now) // a conflict is part of life
		}
		if err := m.Tick(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	list, err := m.List(t.Context(), incident.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return m, list
}

// Over random logs of the incident engine: the same bytes twice, every row with a link,
// nobody named, times that add up, and every event of the log on the timeline.
func TestBuild_RandomLogs(t *testing.T) {
	for seed := range uint64(12) {
		m, list := randomLog(t, seed)
		if len(list) == 0 {
			t.Fatalf("seed %d: no incident", seed)
		}
		for _, i := range list {
			records, err := m.Records(t.Context(), i.ID)
			if err != nil {
				t.Fatal(err)
			}
			in := report.Input{Incident: i, Records: records, BaseURL: "http://t"}
			p := report.Build(in, report.DefaultConfig())
			check(t, fmt.Sprintf("seed %d, %s", seed, i.ID), p, in)
		}
	}
}

func check(t *testing.T, what string, p report.Postmortem, in report.Input) {
	t.Helper()
	one, err := json.Marshal(p)
	two, _ := json.Marshal(report.Build(in, report.DefaultConfig()))
	if err != nil || !bytes.Equal(one, two) {
		t.Errorf("%s: not the same twice (%v)", what, err)
	}
	text := p.Markdown(false)
	if !bytes.Equal(text, report.Build(in, report.DefaultConfig()).Markdown(false)) {
		t.Errorf("%s: text is not the same twice", what)
	}
	if strings.Contains(string(text), "carol") {
		t.Errorf("%s: a name is in the text", what)
	}
	rows := 0
	for _, r := range p.Timeline {
		rows += 1 + len(r.Folded)
		for _, x := range append(r.Folded, r) {
			if x.Link == "" {
				t.Errorf("%s: no link on %+v", what, x)
			}
		}
	}
	if rows < len(in.Records) {
		t.Errorf("%s: %d rows of %d events", what, rows, len(in.Records))
	}
	open := 0.0
	for _, s := range p.Impact.Severities {
		open += s.Seconds
	}
	if whole := p.End.Sub(in.Incident.Opened).Seconds(); open > whole+0.001 || in.Incident.Reopened == 0 && open < whole-0.001 {
		t.Errorf("%s: open for %v s of %v, reopened %d times", what, open, whole, in.Incident.Reopened)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "<b>") {
			t.Errorf("%s: markup in %q", what, line)
		}
	}
}
