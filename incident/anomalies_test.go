package incident_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
)

func TestAnomalyLog(t *testing.T) {
	b := newBench(t)
	log := incident.NewAnomalyLog(b.db, b.set)
	rec := func(o incident.Occurrence, p detector.Phase) {
		t.Helper()
		if err := log.Record(ctx, o, p); err != nil {
			t.Fatal(err)
		}
	}
	x, y := strong("x", "a", noon), anomaly("y", "b", after(time.Minute))
	rec(x, detector.PhaseOpened)
	rec(y, detector.PhaseOpened)
	b.apply(alert("al", "a", noon))
	b.apply(x)
	lower := at(x, after(2*time.Minute))
	lower.Score = 0.7
	rec(lower, detector.PhaseChanged)
	rec(at(x, after(time.Minute)), detector.PhaseClosed) // older than what is known
	rec(at(y, after(3*time.Minute)), detector.PhaseLost)
	list := func(f incident.AnomalyFilter) string {
		t.Helper()
		all, err := log.List(ctx, f)
		if err != nil || all == nil {
			t.Fatal(all, err)
		}
		var names []string
		for _, a := range all {
			names = append(names, a.Name)
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct {
		f    incident.AnomalyFilter
		want string
	}{
		{incident.AnomalyFilter{}, "y x"},
		{incident.AnomalyFilter{Service: "a"}, "x"},
		{incident.AnomalyFilter{MinScore: 0.95}, "x"},
		{incident.AnomalyFilter{From: after(3 * time.Minute)}, "y"},
		{incident.AnomalyFilter{To: after(3 * time.Minute)}, "x"},
		{incident.AnomalyFilter{Open: true}, "x"},
		{incident.AnomalyFilter{Limit: 1}, "y"},
	} {
		if got := list(c.f); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.f, got, c.want)
		}
	}
	all, _ := log.List(ctx, incident.AnomalyFilter{})
	if a := all[1]; a.Peak != 0.9999 || a.Score != 0.7 || a.Incident != "inc-001" || !a.Ended.IsZero() {
		t.Errorf("got %+v", a)
	}
	if a := all[0]; !a.Ended.Equal(after(3*time.Minute)) || a.Incident != "" {
		t.Errorf("got %+v", a)
	}
	rec(again(x, after(9*time.Minute)), detector.PhaseOpened)
	if got := list(incident.AnomalyFilter{}); got != "x y x" {
		t.Errorf("a new episode: got %q", got)
	}
	if n, err := log.Prune(ctx, after(3*time.Minute)); n != 1 || err != nil {
		t.Errorf("prune: got %d, %v", n, err)
	}
}

func TestAnomalyLog_Refuses(t *testing.T) {
	b := newBench(t)
	log := incident.NewAnomalyLog(b.db, nil)
	nameless := anomaly("x", "a", noon)
	nameless.Name = ""
	for _, err := range []error{
		log.Record(ctx, anomaly("x", "a", noon), detector.PhaseQuiet),
		log.Record(ctx, alert("x", "a", noon), detector.PhaseOpened),
		log.RecordAll(ctx, []incident.AnomalyReport{{Occurrence: anomaly("x", "a", noon), Phase: detector.PhaseOpened}, {Occurrence: nameless, Phase: detector.PhaseOpened}}),
	} {
		if !errors.Is(err, incident.ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
	}
	if all, err := log.List(ctx, incident.AnomalyFilter{}); len(all) != 0 || err != nil {
		t.Errorf("stored %v, %v", all, err)
	}
}

func TestIncident_ClosedStore_ErrorsSayWhat(t *testing.T) {
	b := newBench(t)
	log := incident.NewAnomalyLog(b.db, nil)
	b.apply(alert("x", "a", noon))
	b.db.Close()
	_, e1 := b.m.List(ctx, incident.Filter{})
	_, e2 := b.m.EventsAfter(ctx, 0, 1)
	_, e3 := b.m.Cursor(ctx, "c")
	_, _, e4 := b.m.Get(ctx, "inc-001")
	_, e5 := log.List(ctx, incident.AnomalyFilter{})
	_, e6 := log.Prune(ctx, noon)
	_, e7 := b.m.Ack(ctx, "inc-001", "release-bot", "", noon)
	_, _, e8 := b.m.AppendEvent(ctx, incident.Event{Incident: "inc-001", Kind: incident.EventChange, Key: "k"})
	_, e9 := incident.NewManager(ctx, incident.ManagerOptions{DB: b.db, Config: b.cfg})
	for i, c := range []struct {
		err  error
		want string
	}{{e1, "list incidents"}, {e2, "events after 0"}, {e3, `cursor "c"`}, {e4, "timeline of incident inc-001"}, {e5, "list anomalies"},
		{e6, "prune anomalies"}, {e7, "acknowledge incident inc-001"}, {e8, "append change event"}, {e9, "load incidents"},
		{b.m.SetCursor(ctx, "c", 1), `move cursor "c" to 1`}, {log.Record(ctx, anomaly("x", "a", noon), detector.PhaseOpened), "record anomalies"},
		{b.m.Apply(ctx, alert("y", "b", noon)), "apply alert y of"}} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%d: got %v, want %q", i, c.err, c.want)
		}
	}
}
