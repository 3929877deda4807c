package store_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// What is asked of one moment gets the same answer whether or not the store knows that the
// newest samples are enough: of gaps, late samples, stale markers, moments in the past and
// all that makes a selector be looked at more than once.
func TestQueryEngine_InstantQuery_AsWithAllSamples(t *testing.T) {
	r := newRig(t, nil)
	random := rand.New(rand.NewPCG(5, 6))
	from := r.now
	stale := math.Float64frombits(value.StaleNaN)
	for round := range 60 {
		r.now = from.Add(time.Duration(round) * 15 * time.Second)
		at := r.now.UnixMilli()
		for i := range 12 {
			v := float64(round * i)
			switch {
			case i == 3 && round > 20, i == 4 && round%7 > 3, i == 5 && round%30 > 5:
				continue
			case i == 6 && round%9 == 8, i == 7 && round == 59:
				v = stale
			}
			r.write(t, sinktest.Metric("m", at-int64(i)*700, v, "i", fmt.Sprint(i), "parity", fmt.Sprint(i%2)))
			if i >= 8 && random.IntN(5) == 0 { // late
				r.write(t, sinktest.Metric("m", at-int64(i)*700-random.Int64N(20_000), 5, "i", fmt.Sprint(i), "parity", fmt.Sprint(i%2)))
			}
		}
		r.write(t, sinktest.Metric("target_info", at, 1, "i", "1", "version", "2"))
	}
	if baseSeries(t, r.db) == 0 {
		t.Fatal("no sample was late")
	}
	c := store.DefaultConfig().Query
	engine := newEngine(t, c, parser.NewParser(promqltest.TestParserOpts))
	answers := 0
	for _, q := range []string{
		"m", "timestamp(m)", "count(m)", "topk(3, m)", "m offset 1m", "m offset -20s", "m @ end()", fmt.Sprintf("m @ %d", from.Unix()+333),
		"rate(m[2m])", "m[1m]", "max_over_time(m[3m:10s])", "max_over_time((m @ end())[3m:10s])", "sum by (parity) (m) / count by (parity) (m offset 30s)",
		"absent(m)", `absent(m{i="3"})`, "m smoothed", "rate(m[1m] anchored)", "increase(m[1m] smoothed)", `m and on (i) m{parity="1"}`, "last_over_time(m[5m]) - m",
		`sort_by_label(info(m), "i")`, "quantile_over_time(0.5, m[5m])", "m == m", "sum(m > bool 3)", "sum_over_time(timestamp(m)[2m:15s])", `count_values("v", m)`,
	} {
		for range 40 {
			at := from.Add(time.Duration(random.Int64N(int64(22*time.Minute))) - 3*time.Minute)
			var opts promql.QueryOpts
			if random.IntN(3) == 0 {
				opts = promql.NewPrometheusQueryOpts(false, time.Duration(1+random.IntN(90))*time.Second, nil)
			}
			ask := func(e promql.QueryEngine) string {
				query, err := e.NewInstantQuery(context.Background(), r.db, opts, q, at)
				if err != nil {
					t.Fatalf("%s: %v", q, err)
				}
				defer query.Close()
				res := query.Exec(context.Background())
				lines := strings.Split(fmt.Sprint(res.Value), "\n") // in no order
				slices.Sort(lines)
				return fmt.Sprint(lines, res.Warnings.AsErrors(), res.Err)
			}
			got, want := ask(engine), ask(engine.Engine)
			if len(want) > 100 {
				answers++
			}
			if got != want {
				t.Fatalf("%s at %v:\ngot  %s\nwant %s", q, at.Sub(from), got, want)
			}
		}
	}
	if answers < 500 {
		t.Errorf("only %d answers had something in them", answers)
	}
}
