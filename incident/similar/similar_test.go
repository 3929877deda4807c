package similar_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/incident/similar"
	"github.com/tocsinhq/tocsin/store"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestNew_BoundsAndSigns(t *testing.T) {
	e := similar.Evidence{Entry: "p95_latency", Alerts: []string{"HighErrors", " "}, Moves: []similar.Move{
		{Service: "pay", Signal: "p95_latency", Z: 20}, {Service: "pay", Signal: "p99_latency", Z: 9},
		{Service: "pay", Signal: "request_rate", Z: -40}, {Service: "web", Signal: "memory_percent", Z: 1.9},
		{Service: "web", Signal: "cpu", Z: math.NaN()}, {Service: "db", Signal: "restarts", Z: math.Inf(1)},
	}}
	want := similar.Print{"signal pay latency": math.Log1p(20), "signal pay request_rate": -math.Log1p(40),
		"signal db restarts": math.Log1p(1e6), "alert HighErrors": 2.4, "entry latency": 1.6}
	if got := similar.New(e); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for i := range 1000 {
		e.Moves = append(e.Moves, similar.Move{Service: fmt.Sprint("s", i), Signal: "cpu", Z: float64(100 + i)})
	}
	got := similar.New(e)
	if _, ok := got["signal s999 cpu"]; len(got) != similar.MaxWeights || !ok {
		t.Errorf("of 1000 services %d weights are kept, the largest among them: %v; want %d and true", len(got), ok, similar.MaxWeights)
	}
}

func TestNames_FamilyAndClass(t *testing.T) {
	for in, want := range map[string]string{"p95_latency": "latency", "latency_p99": "latency", "latency|Average": "latency|average",
		"error_rate": "error_rate", "seconds": "seconds", "": ""} {
		if got := similar.Family(in); got != want {
			t.Errorf("Family(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"db-7": "db", "db-3": "db", "db7": "db", "web-5d8f7c9b4-x2kqp": "web", "checkout": "checkout",
		"pay-api": "pay-api", "7": "7", "cart-service": "cart-service", "": ""} {
		if got := similar.Class(in); got != want {
			t.Errorf("Class(%q) = %q, want %q", in, got, want)
		}
	}
}

func disk(service string) similar.Print {
	return similar.New(similar.Evidence{Moves: []similar.Move{{Service: service, Signal: "disk_used", Z: 30}, {Service: "web", Signal: "error_rate", Z: 12}}})
}

func TestNearest_InstanceBeforeClass_AndNothingBelowTheCut(t *testing.T) {
	past := []similar.Record{
		{Incident: "other", Opened: noon, Print: similar.New(similar.Evidence{Moves: []similar.Move{{Service: "mail", Signal: "queue", Z: 50}}})},
		{Incident: "kin", Opened: noon.Add(time.Hour), Print: disk("db-3")},
		{Incident: "same", Opened: noon, Print: disk("db-7")},
	}
	got := similar.Nearest(disk("db-7"), past, similar.Most, similar.Cut)
	if len(got) != 2 || got[0].Record.Incident != "same" || got[1].Record.Incident != "kin" {
		t.Fatalf("got %v, want the same service before one of its kind, and not the other", got)
	}
	if got[0].Level != similar.Instance || got[1].Level != similar.ByClass || math.Abs(got[0].Similarity-1) > 1e-9 {
		t.Errorf("got %s %.3f and %s %.3f", got[0].Level, got[0].Similarity, got[1].Level, got[1].Similarity)
	}
	if s := got[1].Shared; len(s) != 2 || s[0].What != "signal db disk_used" {
		t.Errorf("shared evidence %v, want disk of the class first", s)
	}
	up := similar.New(similar.Evidence{Moves: []similar.Move{{Service: "a", Signal: "request_rate", Z: 30}}})
	down := similar.New(similar.Evidence{Moves: []similar.Move{{Service: "a", Signal: "request_rate", Z: -30}}})
	if s, _ := similar.Similarity(up, down); s != 0 {
		t.Errorf("opposite directions are %.2f alike, want 0", s)
	}
	if got := similar.Nearest(similar.Print{}, past, 3, 0); len(got) != 0 {
		t.Errorf("an empty print is like %v", got)
	}
}

func TestAbout_OnlyFacts(t *testing.T) {
	i := incident.Incident{ID: "i1", Title: "t", Service: "pay", Severity: incident.SeverityCritical, State: incident.StateResolved,
		Onset: noon, Opened: noon.Add(time.Minute), Acked: noon.Add(3 * time.Minute), Resolved: noon.Add(20 * time.Minute)}
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	r := similar.About(i, []incident.Event{
		{Kind: incident.EventOpened, At: at(1), Actor: "tocsin", Text: "x"},
		{Kind: incident.EventChange, At: at(0), Actor: "tocsin", Text: "deployment of pay v2: succeeded"},
		{Kind: incident.EventNote, At: at(4), Actor: "ann", Text: "looking"},
		{Kind: incident.EventChange, At: at(8), Actor: "tocsin", Text: "deployment of pay v2: rolled_back"},
		{Kind: "action", At: at(9), Actor: "tocsin", Text: "restarted pay-1"},
		{Kind: incident.EventCleared, At: at(12), Actor: "tocsin", Text: "recovered"},
		{Kind: incident.EventResolved, At: at(20), Actor: "ann", Text: "resolved by ann: drained the queue (1 occurrence still going on)"},
	})
	want := []similar.Outcome{
		{Kind: similar.OutcomeRollback, Text: "rolled back: deployment of pay v2", Actor: "tocsin", At: at(8), Helped: true},
		{Kind: similar.OutcomeAction, Text: "restarted pay-1", Actor: "tocsin", At: at(9), Helped: true},
		{Kind: similar.OutcomeNote, Text: "drained the queue", Actor: "ann", At: at(20), Helped: true},
	}
	if !reflect.DeepEqual(r.Ended, want) || !r.Mitigated.Equal(at(12)) {
		t.Errorf("got %+v, mitigated %s; want %+v", r.Ended, r.Mitigated, want)
	}
	fixes := similar.Fixes([]similar.Match{{Record: r}, {Record: similar.Record{Incident: "i0", Ended: []similar.Outcome{{Text: "Drained the queue"}}}}})
	if len(fixes) != 3 || fixes[2] != (similar.Fix{Title: "drained the queue", Incident: "i1", Helped: 1, Tried: 2}) {
		t.Errorf("got %+v, want the queue to have been drained twice and to have helped once", fixes)
	}
	if byItself := similar.About(i, []incident.Event{{Kind: incident.EventResolved, At: at(20), Actor: "tocsin", Text: "recovered: all clear"}}); len(byItself.Ended) != 0 {
		t.Errorf("what recovered by itself was ended by %v", byItself.Ended)
	}
}

func TestStore_KeepsReplacesAndForgets(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := store.OpenState(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	s := similar.NewStore(db, metrics.NewSet())
	r := similar.Record{Incident: "a", Title: "old", Opened: noon, Print: disk("db-7"), Ended: []similar.Outcome{}}
	must(t, s.Save(ctx, r))
	r.Title, r.Resolved = "new", noon.Add(time.Hour)
	must(t, s.Save(ctx, r))
	must(t, s.Save(ctx, similar.Record{Incident: "b", Opened: noon.Add(time.Minute)}))
	must(t, db.Close())
	if db, err = store.OpenState(ctx, path); err != nil { // as after a restart
		t.Fatal(err)
	}
	defer db.Close()
	s = similar.NewStore(db, nil)
	got, ok, err := s.Get(ctx, "a")
	if err != nil || !ok || !reflect.DeepEqual(got, r) {
		t.Errorf("got %+v, %v, %v; want %+v", got, ok, err, r)
	}
	past, err := s.Past(ctx, "b", noon.Add(time.Minute))
	if err != nil || len(past) != 1 || past[0].Incident != "a" {
		t.Errorf("past of b: %v, %v; want a", past, err)
	}
	if past, _ := s.Past(ctx, "x", noon.Add(30*time.Second)); len(past) != 1 {
		t.Errorf("what was opened later counts as past: %v", past)
	}
}

func TestStore_Full_ForgetsTheOldest(t *testing.T) {
	ctx := context.Background()
	db, err := store.OpenState(ctx, filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < ?)
		INSERT INTO incident_prints (incident, opened, body) SELECT 'n' || i, i, json_object('incident', 'n' || i, 'opened', '2026-01-01T00:00:00Z') FROM n`, similar.MaxRecords)
	must(t, err)
	s := similar.NewStore(db, nil)
	must(t, s.Save(ctx, similar.Record{Incident: "late", Opened: noon}))
	past, err := s.Past(ctx, "", noon.Add(time.Hour))
	must(t, err)
	if _, ok, _ := s.Get(ctx, "n1"); ok || len(past) != similar.MaxRecords {
		t.Errorf("%d records are kept and the oldest is still there: %v; want %d and false", len(past), ok, similar.MaxRecords)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
