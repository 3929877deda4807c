package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/topology"
)

// BenchmarkEvalDue evaluates the seed's alerts over services of 20 series each:
// two of requests, fifteen of a latency histogram and three of the process.
// Run it with -benchtime=200x, or leave it out.
func BenchmarkEvalDue(b *testing.B) {
	for _, services := range []int{1, 50} {
		b.Run(fmt.Sprintf("services=%d", services), func(b *testing.B) {
			var load strings.Builder
			load.WriteString("load 15s\n")
			for i := range services {
				fmt.Fprintf(&load, "\thttp_requests_total{job=\"s%d\",code=\"200\"} 0+90x720\n\thttp_requests_total{job=\"s%d\",code=\"500\"} 0+1x720\n", i, i)
				for le := range 15 {
					fmt.Fprintf(&load, "\thttp_request_duration_seconds_bucket{job=\"s%d\",le=\"%d\"} 0+%dx720\n", i, le+1, le+1)
				}
				for _, m := range []string{"process_resident_memory_bytes", "process_cpu_seconds_total", "go_sched_gomaxprocs_threads"} {
					fmt.Fprintf(&load, "\t%s{job=\"s%d\",instance=\"a\"} 1+1x720\n", m, i)
				}
			}
			db := promqltest.LoadedStorage(b, load.String())
			e, err := rules.NewEngine(rules.EngineOptions{
				Queryable: db, Appendable: db, Query: promqltest.NewTestEngine(b, false, 0, 1e7),
				Owner: topology.NewOwner(nil), Config: rules.DefaultConfig(),
			})
			if err != nil {
				b.Fatal(err)
			}
			if err := e.Load(b.Context(), alertsOf(b, highErrors)); err != nil {
				b.Fatal(err)
			}
			at := time.Minute
			for b.Loop() {
				// Beyond the three hours of data an evaluation would cost nothing.
				if at += 15 * time.Second; at > 3*time.Hour {
					b.Fatal("want at most -benchtime=700x, the length of the data")
				}
				if _, err := e.EvalDue(b.Context(), epoch(at)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
