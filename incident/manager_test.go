package incident_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

var (
	noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	nan  = telemetry.Number(math.NaN())
	ctx  = context.Background()
)

// bench is a manager over a database that outlives it.
type bench struct {
	t       *testing.T
	db      *sql.DB
	m       *incident.Manager
	set     *metrics.Set
	changed int
	ids     int
	cfg     incident.Config
}

func newBench(t *testing.T, edit ...func(*incident.Config)) *bench {
	t.Helper()
	db, err := store.OpenState(ctx, filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &bench{t: t, db: db, cfg: incident.DefaultConfig(), set: metrics.NewSet()}
	for _, e := range edit {
		e(&b.cfg)
	}
	b.restart()
	return b
}

func (b *bench) restart() {
	b.t.Helper()
	m, err := incident.NewManager(ctx, incident.ManagerOptions{DB: b.db, Config: b.cfg, Metrics: b.set,
		Changed: func() { b.changed++ },
		NewID: func(time.Time) string {
			b.ids++
			return fmt.Sprintf("inc-%03d", b.ids)
		}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.m = m
}

func (b *bench) apply(o incident.Occurrence) {
	b.t.Helper()
	if err := b.m.Apply(ctx, o); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) tick(at time.Time) {
	b.t.Helper()
	if err := b.m.Tick(ctx, at); err != nil {
		b.t.Fatal(err)
	}
}

// story returns the events of all incidents as "incident kind" lines.
func (b *bench) story() string {
	b.t.Helper()
	events, err := b.m.EventsAfter(ctx, 0, 100000)
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, e.Event.Incident+" "+string(e.Event.Kind))
	}
	return strings.Join(out, "\n")
}

func (b *bench) want(lines ...string) {
	b.t.Helper()
	if d := cmp.Diff(strings.Join(lines, "\n"), b.story()); d != "" {
		b.t.Fatalf("events -want +got:\n%s", d)
	}
}

func (b *bench) get(id string) (incident.Incident, []incident.Event) {
	b.t.Helper()
	i, events, err := b.m.Get(ctx, id)
	if err != nil {
		b.t.Fatal(err)
	}
	return i, events
}

func (b *bench) counted(name string) uint64 { return b.set.GetOrCreateCounter(name).Get() }

func alert(name, service string, at time.Time) incident.Occurrence {
	return incident.Occurrence{Key: "alert:" + name + service, Source: incident.SourceAlert, Name: name, Signal: "error_rate",
		Service: service, Severity: incident.SeverityWarning, Condition: incident.ConditionFiring, Strong: true,
		Since: at, At: at, Value: 0.312, Expected: nan, Lower: nan, Upper: nan, Threshold: 0.05, Score: nan, Unit: "ratio",
		Summary: "error_rate 31.2 % against a threshold of 5 %"}
}

func anomaly(name, service string, at time.Time) incident.Occurrence {
	return incident.Occurrence{Key: "series:" + name + service, Source: incident.SourceAnomaly, Name: name, Signal: name,
		Service: service, Severity: incident.SeverityInfo, Condition: incident.ConditionFiring,
		Since: at, At: at, Value: 0.312, Expected: 0.005, Lower: 0.001, Upper: 0.012, Threshold: nan, Score: 0.9, Unit: "ratio",
		Summary: name + " 31.2 % against an expected 0.5 %"}
}

func symptom(name, service string, at time.Time) incident.Occurrence {
	o := strong(name, service, at)
	o.Symptom = true
	return o
}

func strong(name, service string, at time.Time) incident.Occurrence {
	o := anomaly(name, service, at)
	o.Strong, o.Severity, o.Score = true, incident.SeverityWarning, 0.9999
	return o
}

func rawStrong(name, service string, at time.Time) incident.Occurrence {
	o := strong(name, service, at)
	o.Signal = ""
	return o
}

// at moves a report in time, as the next one of the same episode.
func at(o incident.Occurrence, t time.Time) incident.Occurrence {
	o.At = t
	return o
}

func cleared(o incident.Occurrence, t time.Time) incident.Occurrence {
	o.Condition, o.At, o.Value = incident.ConditionCleared, t, 0.004
	return o
}

func held(o incident.Occurrence, t time.Time) incident.Occurrence {
	o.Condition, o.At, o.Value = incident.ConditionHeld, t, nan
	return o
}

// again is a new episode of the same key.
func again(o incident.Occurrence, t time.Time) incident.Occurrence {
	o.Condition, o.At, o.Since = incident.ConditionFiring, t, t
	return o
}

func after(d time.Duration) time.Time { return noon.Add(d) }

func TestManager_AlertOpens_RecoveryResolves(t *testing.T) {
	b := newBench(t)
	a := alert("high_error_rate", "checkout", noon)
	b.apply(a)
	b.apply(at(a, after(time.Minute)))
	i, _ := b.get("inc-001")
	if want := "checkout: high_error_rate, error_rate 31.2 % (threshold 5 %)"; i.Title != want {
		t.Errorf("title: got %q, want %q", i.Title, want)
	}
	b.apply(cleared(a, after(2*time.Minute)))
	b.tick(after(6 * time.Minute))
	b.want("inc-001 opened", "inc-001 cleared")
	b.tick(after(7 * time.Minute))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 resolved")
	i, events := b.get("inc-001")
	if i.State != incident.StateResolved || !i.Resolved.Equal(after(7*time.Minute)) || !i.Onset.Equal(noon) {
		t.Errorf("got %+v", i)
	}
	if want := "recovered: its one strong occurrence has been clear since 12:02:00 UTC; it lasted 2m"; events[2].Text != want {
		t.Errorf("text: got %q, want %q", events[2].Text, want)
	}
	if b.changed != 3 {
		t.Errorf("Changed called %d times, want 3", b.changed)
	}
}

func TestManager_WhatOpens(t *testing.T) {
	info := alert("note", "a", noon)
	info.Severity, info.Strong = incident.SeverityInfo, false
	for name, c := range map[string]struct {
		reports []incident.Occurrence
		opens   bool
	}{
		"alert of warning":         {[]incident.Occurrence{alert("x", "a", noon)}, true},
		"alert of info":            {[]incident.Occurrence{info}, false},
		"symptom":                  {[]incident.Occurrence{symptom("x", "a", noon)}, true},
		"weak anomaly":             {[]incident.Occurrence{anomaly("x", "a", noon)}, false},
		"one strong":               {[]incident.Occurrence{strong("x", "a", noon)}, false},
		"three strong":             {[]incident.Occurrence{strong("x", "a", noon), rawStrong("y", "a", after(time.Minute)), strong("z", "a", after(2*time.Minute))}, true},
		"three reports of two":     {[]incident.Occurrence{strong("x", "a", noon), strong("y", "a", noon), at(strong("y", "a", noon), after(time.Minute))}, false},
		"three of two services":    {[]incident.Occurrence{strong("x", "a", noon), strong("y", "a", noon), strong("z", "b", noon)}, false},
		"three over three minutes": {[]incident.Occurrence{strong("x", "a", noon), strong("y", "a", after(time.Minute)), strong("z", "a", after(3*time.Minute))}, false},
		"one of three is over":     {[]incident.Occurrence{strong("x", "a", noon), strong("y", "a", noon), cleared(strong("x", "a", noon), after(time.Second)), strong("z", "a", after(2*time.Second))}, false},
		"three weak":               {[]incident.Occurrence{anomaly("x", "a", noon), anomaly("y", "a", noon), anomaly("z", "a", noon)}, false},
		"held alert":               {[]incident.Occurrence{held(alert("x", "a", noon), noon)}, false},
		"cleared alert":            {[]incident.Occurrence{cleared(alert("x", "a", noon), noon)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			for _, o := range c.reports {
				b.apply(o)
			}
			if got := b.story() == "inc-001 opened"; got != c.opens {
				t.Errorf("opened %v, want %v:\n%s", got, c.opens, b.story())
			}
		})
	}
}

func TestManager_ParkedExpire(t *testing.T) {
	b := newBench(t)
	b.apply(strong("x", "a", noon))
	b.apply(strong("y", "a", noon))
	b.tick(after(6 * time.Minute))
	b.restart()
	b.apply(alert("z", "a", after(6*time.Minute)))
	if i, _ := b.get("inc-001"); len(i.Occurrences) != 1 {
		t.Errorf("expired anomalies joined: %d occurrences", len(i.Occurrences))
	}
}

func TestManager_FoldsByServiceAndEnvironment(t *testing.T) {
	b := newBench(t)
	prod := alert("x", "a", noon)
	prod.Environment = "prod"
	dev := alert("x2", "a", noon)
	dev.Environment = "dev"
	b.apply(prod)
	b.apply(dev)
	b.apply(alert("y", "a", after(time.Second))) // names no environment: joins the oldest
	b.apply(alert("y", "b", after(time.Second))) // another service
	nameless := alert("disk", "", after(time.Second))
	b.apply(nameless)
	b.apply(alert("fan", "", after(time.Second)))
	b.want("inc-001 opened", "inc-002 opened", "inc-001 attached", "inc-003 opened", "inc-004 opened", "inc-005 opened")
	i, _ := b.get("inc-004")
	if i.Service != "" || !strings.HasPrefix(i.Title, "disk, error_rate") {
		t.Errorf("without service: got %q, %q", i.Service, i.Title)
	}
}

func TestManager_WeakEvidence_AttachesAndNeverExtends(t *testing.T) {
	b := newBench(t)
	b.apply(anomaly("cpu", "a", after(-time.Minute)))
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(anomaly("cpu", "a", after(time.Second)))
	b.apply(rawStrong("go_goroutines", "a", after(2*time.Second)))
	i, _ := b.get("inc-001")
	if len(i.Occurrences) != 3 || i.Occurrences[2].Strong || !i.Onset.Equal(noon) {
		t.Fatalf("got %d occurrences, onset %s", len(i.Occurrences), i.Onset)
	}
	b.apply(cleared(a, after(time.Minute)))
	b.apply(at(anomaly("cpu", "a", after(time.Second)), after(5*time.Minute)))
	b.tick(after(6 * time.Minute))
	b.want("inc-001 opened", "inc-001 attached", "inc-001 attached", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_StrongAnomaly_Extends_AndMovesOnset(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	s := strong("latency", "a", after(-3*time.Minute))
	b.apply(at(s, after(time.Minute)))
	b.apply(cleared(a, after(2*time.Minute)))
	b.tick(after(20 * time.Minute))
	i, _ := b.get("inc-001")
	if i.State != incident.StateOpen || !i.Onset.Equal(after(-3*time.Minute)) {
		t.Errorf("state %s onset %s", i.State, i.Onset)
	}
	b.apply(cleared(s, after(21*time.Minute)))
	b.tick(after(26 * time.Minute))
	b.want("inc-001 opened", "inc-001 attached", "inc-001 cleared", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_WeakTurnsStrong(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(anomaly("latency", "a", after(-time.Minute)))
	b.apply(at(strong("latency", "a", after(-time.Minute)), after(time.Minute)))
	i, events := b.get("inc-001")
	if !i.Onset.Equal(after(-time.Minute)) || !strings.HasPrefix(events[2].Text, "became strong: latency 31.2 %") {
		t.Errorf("onset %s, events %v", i.Onset, events)
	}
}

func TestManager_SeverityRatchet_RenamesOnce(t *testing.T) {
	b := newBench(t)
	b.apply(symptom("error_rate", "checkout", noon))
	a := alert("high_error_rate", "checkout", after(time.Minute))
	a.Severity = incident.SeverityCritical
	b.apply(a)
	low := at(a, after(2*time.Minute))
	low.Severity, low.Value = incident.SeverityWarning, 0.1
	b.apply(low)
	b.want("inc-001 opened", "inc-001 attached", "inc-001 raised")
	i, events := b.get("inc-001")
	if want := "checkout: high_error_rate, error_rate 31.2 % (expected 0.5 %)"; i.Title != want || i.Severity != incident.SeverityCritical {
		t.Errorf("got %q %s, want %q critical", i.Title, i.Severity, want)
	}
	if want := "severity rose from warning to critical: high_error_rate: error_rate 31.2 % against a threshold of 5 %"; events[2].Text != want {
		t.Errorf("got %q, want %q", events[2].Text, want)
	}
}

func TestManager_DataStopped_IsNoRecovery(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(held(a, after(time.Minute)))
	b.apply(held(a, after(2*time.Minute)))
	b.tick(after(48 * time.Hour))
	b.want("inc-001 opened", "inc-001 held")
	i, _ := b.get("inc-001")
	if i.State != incident.StateOpen || i.Occurrences[0].Value != 0.312 {
		t.Errorf("state %s, value %v; want open with the last known value", i.State, i.Occurrences[0].Value)
	}
	b.apply(at(a, after(49*time.Hour)))
	b.apply(cleared(a, after(50*time.Hour)))
	b.apply(held(a, after(50*time.Hour+time.Minute))) // had recovered before its data stopped
	b.tick(after(51 * time.Hour))
	b.want("inc-001 opened", "inc-001 held", "inc-001 note", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_ReopensWithinWindow_LaterIsNew(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(cleared(a, after(time.Minute)))
	b.tick(after(6 * time.Minute))
	b.restart()
	b.apply(again(a, after(30*time.Minute)))
	i, events := b.get("inc-001")
	if i.Reopened != 1 || i.State != incident.StateOpen || !i.Resolved.IsZero() || !strings.HasPrefix(events[3].Text, "came back 24m after it had resolved") {
		t.Fatalf("got %+v %v", i, events)
	}
	b.apply(cleared(a, after(31*time.Minute)))
	b.tick(after(80 * time.Minute)) // flapping by now: four changes within the hour
	b.tick(after(120 * time.Minute))
	b.apply(again(a, after(200*time.Minute)))
	if !strings.HasSuffix(b.story(), "inc-002 opened") {
		t.Errorf("later: got\n%s", b.story())
	}
}

func TestManager_Flapping_OneIncidentFewEvents(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	for i := range 30 {
		start := after(time.Duration(i) * 4 * time.Minute)
		b.apply(again(a, start))
		b.tick(start.Add(time.Minute))
		b.apply(cleared(a, start.Add(2*time.Minute)))
		b.tick(start.Add(3 * time.Minute))
	}
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 attached", "inc-001 note")
	_, events := b.get("inc-001")
	if want := "x is flapping: it changed 4 times within 6m; the incident stays open until it has stood still for 30m"; events[3].Text != want {
		t.Errorf("got %q, want %q", events[3].Text, want)
	}
	last := after(29*4*time.Minute + 2*time.Minute)
	b.tick(last.Add(29 * time.Minute))
	b.restart()
	b.tick(last.Add(30 * time.Minute))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 attached", "inc-001 note", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_FlappingEndsFiring_StaysOpenSilently(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	for i := range 3 {
		b.apply(again(a, after(time.Duration(2*i)*time.Minute)))
		if i < 2 {
			b.apply(cleared(a, after(time.Duration(2*i+1)*time.Minute)))
		}
	}
	b.tick(after(time.Hour))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 attached", "inc-001 note")
	b.apply(cleared(a, after(61*time.Minute)))
	b.tick(after(66 * time.Minute))
	b.want("inc-001 opened", "inc-001 cleared", "inc-001 attached", "inc-001 note", "inc-001 cleared", "inc-001 resolved")
}

func TestManager_Storm_FoldsIntoOne(t *testing.T) {
	b := newBench(t, func(c *incident.Config) { c.StormIncidents = 3 })
	for i := range 6 {
		b.apply(alert("x", fmt.Sprintf("s%d", i), after(time.Duration(i)*time.Second)))
		if i == 3 {
			b.restart()
		}
	}
	b.want("inc-001 opened", "inc-002 opened", "inc-003 opened", "inc-004 opened", "inc-004 attached", "inc-004 attached")
	b.apply(alert("y", "s4", after(2*time.Minute))) // stays where its service is
	b.apply(alert("y", "s9", after(2*time.Minute))) // the storm is over
	i, events := b.get("inc-004")
	if i.Title != "incident storm, first s3: x, error_rate" || len(i.Occurrences) != 4 || !strings.HasPrefix(events[0].Text, "more than 3 incidents opened within a minute") {
		t.Errorf("got %q with %d: %v", i.Title, len(i.Occurrences), events)
	}
	for i := 3; i < 6; i++ {
		b.apply(cleared(alert("x", fmt.Sprintf("s%d", i), noon), after(3*time.Minute)))
	}
	b.apply(cleared(alert("y", "s4", noon), after(3*time.Minute)))
	b.tick(after(8 * time.Minute))
	if i, _ := b.get("inc-004"); i.State != incident.StateResolved {
		t.Errorf("storm's incident is %s", i.State)
	}
	if got := b.story(); !strings.Contains(got, "inc-005 opened") {
		t.Errorf("got\n%s", got)
	}
}

func TestManager_StoredOccurrencesAreBounded(t *testing.T) {
	b := newBench(t)
	b.apply(alert("x", "a", noon))
	for i := range 250 {
		b.apply(anomaly(fmt.Sprintf("m%d", i), "a", after(time.Second)))
	}
	b.apply(anomaly("m249", "a", after(2*time.Second)))
	b.apply(alert("late", "a", after(3*time.Second))) // a strong one takes a weak one's place
	i, events := b.get("inc-001")
	if len(i.Occurrences) != 200 || i.Dropped != 52 || i.Occurrences[199].Name != "late" {
		t.Errorf("got %d stored, %d dropped, last %s; want 200, 52, late", len(i.Occurrences), i.Dropped, i.Occurrences[199].Name)
	}
	if len(events) > 25 {
		t.Errorf("%d events for evidence", len(events))
	}
	if got := b.counted(`tocsin_incident_dropped_total{reason="full"}`); got != 52 {
		t.Errorf("dropped: got %d, want 52", got)
	}
}

func TestManager_OldReports_AreIgnored(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(cleared(a, after(2*time.Minute)))
	b.apply(at(a, after(time.Minute)))
	b.want("inc-001 opened", "inc-001 cleared")
	if got := b.counted(`tocsin_incident_dropped_total{reason="late"}`); got != 1 {
		t.Errorf("late: got %d, want 1", got)
	}
}

func TestManager_Invalid_IsRefusedAndCounted(t *testing.T) {
	b := newBench(t)
	for want, edit := range map[string]func(*incident.Occurrence){
		"key":       func(o *incident.Occurrence) { o.Key = "" },
		"name":      func(o *incident.Occurrence) { o.Name = "" },
		"at":        func(o *incident.Occurrence) { o.At = time.Time{} },
		"source":    func(o *incident.Occurrence) { o.Source = "x" },
		"condition": func(o *incident.Occurrence) { o.Condition = "x" },
	} {
		o := alert("x", "a", noon)
		edit(&o)
		if err := b.m.Apply(ctx, o); !errors.Is(err, incident.ErrInvalid) || !strings.Contains(err.Error(), want+": want") {
			t.Errorf("%s: got %v", want, err)
		}
	}
	if got := b.counted(`tocsin_incident_dropped_total{reason="invalid"}`); got != 5 {
		t.Errorf("got %d, want 5", got)
	}
}

func TestManager_StoreFails_NothingChanges(t *testing.T) {
	b := newBench(t)
	done, cancel := context.WithCancel(ctx)
	cancel()
	if err := b.m.Apply(done, alert("x", "a", noon)); err == nil {
		t.Fatal("want an error of the closed context")
	}
	b.want("")
	b.apply(alert("x", "a", noon))
	if !strings.HasSuffix(b.story(), "opened") || b.changed != 1 {
		t.Errorf("after another try: %s, changed %d", b.story(), b.changed)
	}
}

func TestManager_EndOfWeakEvidence_DoesNotMakeItStrong(t *testing.T) {
	b := newBench(t)
	a := alert("x", "a", noon)
	b.apply(a)
	b.apply(anomaly("cpu", "a", after(time.Second)))
	b.apply(cleared(a, after(time.Minute)))
	b.apply(cleared(strong("cpu", "a", after(time.Second)), after(5*time.Minute)))
	b.tick(after(6 * time.Minute))
	i, _ := b.get("inc-001")
	if i.State != incident.StateResolved || i.Occurrences[1].Strong || i.Occurrences[1].Condition != incident.ConditionCleared {
		t.Errorf("got %s, %+v", i.State, i.Occurrences[1])
	}
}
