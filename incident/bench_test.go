package incident_test

import (
	"context"
	"database/sql"
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

	related func(a, b string) float64
	suspect func(id string) string
	lagging func(at time.Time) bool
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
		Changed: func() { b.changed++ }, Topology: b.related, Suspect: b.suspect, Lagging: b.lagging,
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
		Summary: "error_rate 31.2% against a threshold of 5%"}
}

func anomaly(name, service string, at time.Time) incident.Occurrence {
	return incident.Occurrence{Key: "series:" + name + service, Source: incident.SourceAnomaly, Name: name, Signal: name,
		Service: service, Severity: incident.SeverityInfo, Condition: incident.ConditionFiring,
		Since: at, At: at, Value: 0.312, Expected: 0.005, Lower: 0.001, Upper: 0.012, Threshold: nan, Score: 0.9, Unit: "ratio",
		Summary: name + " 31.2% against an expected 0.5%"}
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
