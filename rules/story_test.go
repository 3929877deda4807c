package rules_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
)

// story runs an engine over series in promqltest's notation on virtual time
// that begins at the epoch, and keeps what it hands on.
type story struct {
	t       *testing.T
	db      storage.Storage
	engine  *rules.Engine
	set     *metrics.Set
	told    []rules.Alert
	cfg     rules.Config
	memory  rules.Memory
	virtual rules.Virtual

	maintenance func(l map[string]string, at time.Time) bool
}

func newStory(t *testing.T, load string) *story {
	t.Helper()
	s := &story{t: t, cfg: rules.DefaultConfig()}
	s.cfg.StaleAfter = 0 // staleness_test.go tells stale sources apart
	s.db = promqltest.LoadedStorage(t, load)
	return s
}

func (s *story) appendable() storage.AppendableV2 { return s.db.(storage.AppendableV2) }

func query(t *testing.T) promql.QueryEngine { return promqltest.NewTestEngine(t, false, 0, 1e6) }

// start makes a fresh engine over the same store, as a restart does.
func (s *story) start(sets ...rules.RuleSet) {
	s.t.Helper()
	s.set = metrics.NewSet()
	e, err := rules.NewEngine(rules.EngineOptions{
		Queryable: s.db, Appendable: s.appendable(), Query: query(s.t),
		Owner: topology.NewOwner(nil), Config: s.cfg, Metrics: s.set, Memory: s.memory, Virtual: s.virtual, Maintenance: s.maintenance,
		Notify: func(_ context.Context, alerts []rules.Alert) { s.told = append(s.told, alerts...) },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.engine = e
	for _, set := range sets {
		s.load(set)
	}
}

func (s *story) resume(alerts []rules.Alert) {
	s.t.Helper()
	if err := s.engine.Resume(s.t.Context(), alerts); err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) load(set rules.RuleSet) {
	s.t.Helper()
	if err := s.engine.Load(s.t.Context(), set); err != nil {
		s.t.Fatal(err)
	}
}

// run evaluates every interval from one time to another, both included.
func (s *story) run(from, to time.Duration) {
	s.t.Helper()
	for at := from; at <= to; at += s.cfg.Interval.Std() {
		if _, err := s.engine.EvalDue(s.t.Context(), epoch(at)); err != nil {
			s.t.Fatalf("at %s: %v", at, err)
		}
	}
}

func (s *story) change(c telemetry.Change, at time.Duration) {
	s.engine.Change(s.t.Context(), c, epoch(at))
}

// want compares what was handed on since the last call, without refreshes,
// line by line: "10m0s firing high_error_rate checkout".
func (s *story) want(lines ...string) {
	s.t.Helper()
	slices.SortStableFunc(s.told, func(a, b rules.Alert) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Service, b.Service))
	})
	var got []string
	last := map[string]rules.AlertState{}
	for _, a := range s.told {
		if last[a.Fingerprint] == a.State {
			continue
		}
		last[a.Fingerprint] = a.State
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", a.At.Sub(epoch(0)), a.State, a.Name, a.Service)))
	}
	if !slices.Equal(got, lines) {
		s.t.Errorf("told:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(lines, "\n  "))
	}
	s.told = nil
}

func (s *story) value(query_ string, at time.Duration) promql.Vector {
	s.t.Helper()
	q, err := query(s.t).NewInstantQuery(s.t.Context(), s.db, nil, query_, epoch(at))
	if err != nil {
		s.t.Fatal(err)
	}
	defer q.Close()
	res := q.Exec(s.t.Context())
	v, err := res.Vector()
	if err != nil {
		s.t.Fatalf("%s: %v", query_, err)
	}
	return slices.Clone(v)
}

func epoch(at time.Duration) time.Time { return time.Unix(0, int64(at)).UTC() }

func catalogue(t testing.TB) *signal.Catalogue {
	t.Helper()
	c, err := signal.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func alertsOf(t testing.TB, text string) rules.RuleSet {
	t.Helper()
	f, errs := rules.ParseAlerts("alerts.yml", []byte(text), catalogue(t))
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	return rules.RuleSet{Alerts: []rules.AlertFile{f}}
}

func promOf(t testing.TB, text string) rules.RuleSet {
	t.Helper()
	f, err := rules.ParseRuleFile("rules.yml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return rules.RuleSet{Files: []rules.RuleFile{f}}
}

// appendGauge stores values 15 seconds apart, the last one at the time.
func appendGauge(t *testing.T, app storage.AppenderV2, name, job string, last time.Time, values ...float64) {
	t.Helper()
	l := labels.FromStrings(labels.MetricName, name, "job", job)
	for i, v := range values {
		at := last.Add(-15 * time.Second * time.Duration(len(values)-1-i))
		if _, err := app.Append(0, l, 0, at.UnixMilli(), v, nil, nil, storage.AOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}
