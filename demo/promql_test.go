package demo_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/demo"
)

// stored plays the shop into a fresh TSDB and answers PromQL over it.
type stored struct {
	t      *testing.T
	db     *tsdb.DB
	engine *promql.Engine
}

func newStored(t *testing.T) *stored {
	t.Helper()
	db, err := tsdb.Open(t.TempDir(), nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	opts := promql.EngineOpts{MaxSamples: 1e7, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})}
	return &stored{t: t, db: db, engine: promql.NewEngine(opts)}
}

func (s *stored) write(b *demo.Block) {
	s.t.Helper()
	app := s.db.Appender(s.t.Context())
	for _, ts := range b.Request().Timeseries {
		lb := labels.NewScratchBuilder(len(ts.Labels))
		for _, l := range ts.Labels {
			lb.Add(l.Name, l.Value)
		}
		for _, smp := range ts.Samples {
			if _, err := app.Append(0, lb.Labels(), smp.Timestamp, smp.Value); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	if err := app.Commit(); err != nil {
		s.t.Fatal(err)
	}
}

// one answers a query whose result is one number.
func (s *stored) one(query string, at time.Time) float64 {
	s.t.Helper()
	q, err := s.engine.NewInstantQuery(s.t.Context(), s.db, nil, query, at)
	if err != nil {
		s.t.Fatal(err)
	}
	defer q.Close()
	v, err := q.Exec(s.t.Context()).Vector()
	if err != nil {
		s.t.Fatal(err)
	}
	if len(v) != 1 {
		s.t.Fatalf("%s at %s: %d results, want 1", query, at, len(v))
	}
	return v[0].F
}

func errorRate(service string) string {
	sel := `http_requests_total{service="` + service + `"`
	return `sum(rate(` + sel + `,code=~"5.."}[5m])) / sum(rate(` + sel + `}[5m]))`
}

func p95(service string) string {
	return `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{service="` + service + `"}[5m])))`
}

func TestShop_BadDeployment_ShowsInPromQL(t *testing.T) {
	s := newShop(t, 1, noon)
	db := newStored(t)
	deployed, rolledBack := noon.Add(20*time.Minute), noon.Add(40*time.Minute)
	step := 15 * time.Second
	db.write(sample(t, s, noon, 80, step))
	if _, err := s.Break("payment", deployed.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	db.write(sample(t, s, deployed, 80, step))
	if _, err := s.Rollback("payment", rolledBack.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	db.write(sample(t, s, rolledBack, 80, step))
	before, during, after := deployed.Add(-step), rolledBack.Add(-step), rolledBack.Add(20*time.Minute-step)

	within := func(what, query string, at time.Time, low, high float64) float64 {
		t.Helper()
		got := db.one(query, at)
		if !(got >= low && got <= high) {
			t.Errorf("%s at %s: got %g, want %g to %g", what, at.Format("15:04"), got, low, high)
		}
		return got
	}
	within("payment errors before", errorRate("payment"), before, 0.002, 0.007)
	within("payment errors during", errorRate("payment"), during, 0.25, 0.36)
	within("payment errors after", errorRate("payment"), after, 0.002, 0.007)
	calm := within("payment p95 before", p95("payment"), before, 0.1, 0.25)
	slow := within("payment p95 during", p95("payment"), during, 0.45, 1)
	if ratio := slow / calm; math.Abs(ratio-4) > 1.2 {
		t.Errorf("payment p95 during / before = %.2f, want about 4", ratio)
	}
	within("payment p95 after", p95("payment"), after, 0.1, 0.25)

	// The callers feel a trace of it, and the others nothing.
	up := db.one(errorRate("checkout"), during) / db.one(errorRate("checkout"), before)
	if up < 1.3 || up > 4 {
		t.Errorf("checkout errors rose %.1f times, want 1.3 to 4: far less than payment's, but felt", up)
	}
	within("checkout errors during", errorRate("checkout"), during, 0.004, 0.01)
	within("catalog errors during", errorRate("catalog"), during, 0.0003, 0.003)

	within("idle and busy CPU add up", `min(sum by (instance, cpu) (rate(node_cpu_seconds_total[5m])))`, during, 0.99, 1.01)
	within("memory used", `max(1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)`, during, 0.3, 0.84)
	within("CPU of payment", `sum(rate(process_cpu_seconds_total{service="payment"}[5m]))`, before, 0.05, 0.5)
}

func TestShop_Day_FollowsBusinessHoursOfItsLocation(t *testing.T) {
	place := time.FixedZone("shop", -7*3600)
	midnight := time.Date(2026, 3, 11, 0, 0, 0, 0, place)
	s, db := newShop(t, 9, midnight), newStored(t)
	for h := range 96 {
		db.write(sample(t, s, midnight.Add(time.Duration(h)*time.Hour), 12, 5*time.Minute))
	}
	rate := func(day, hour int) float64 {
		at := midnight.Add(time.Duration(24*day+hour) * time.Hour)
		return db.one(`sum(rate(http_requests_total{service="web"}[20m]))`, at.Add(10*time.Minute))
	}
	if night, day := rate(0, 3), rate(0, 16); day < 2.5*night || day > 6*night {
		t.Errorf("web at 16h %.0f/s, at 3h %.0f/s; want 2.5 to 6 times", day, night)
	}
	if a, b := rate(0, 15), rate(1, 15); math.Abs(a/b-1) > 0.12 {
		t.Errorf("web at 15h on Wednesday %.0f/s and on Thursday %.0f/s; want alike", a, b)
	}
	if week, end := rate(1, 11), rate(3, 11); end > week*1.02 || end < week*0.75 {
		t.Errorf("web at 11h on Thursday %.0f/s and on Saturday %.0f/s; want a little less", week, end)
	}
}
