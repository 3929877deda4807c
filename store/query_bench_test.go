package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// BenchmarkInstantQuery asks for the present value of 100,000 series, of which none or
// one in fifty has late samples, and prints the processor time of one question.
func BenchmarkInstantQuery(b *testing.B) {
	const n = 100_000
	for _, late := range []bool{false, true} {
		b.Run(fmt.Sprintf("late=%t", late), func(b *testing.B) {
			r := newRig(b, nil)
			var batch telemetry.Batch
			write := func(bodies [][]byte) {
				for _, body := range bodies {
					if err := remotewrite.Decode(body, &batch); err != nil {
						b.Fatal(err)
					}
					if _, err := r.Write(context.Background(), &batch); err != nil {
						b.Fatal(err)
					}
				}
			}
			for range 20 {
				r.now = r.now.Add(15 * time.Second)
				write(bodies(b, n, r.now.UnixMilli()))
			}
			if late {
				write(bodies(b, n/50, r.now.UnixMilli()-7000))
			}
			e := newEngine(b, store.DefaultConfig().Query, nil)
			var spent time.Duration
			rounds := 0
			for b.Loop() {
				begun := cpu()
				q, err := e.NewInstantQuery(context.Background(), r.db, nil, `count({job="checkout"})`, r.now)
				if err != nil {
					b.Fatal(err)
				}
				if v, err := q.Exec(context.Background()).Vector(); err != nil || len(v) != 1 || v[0].F != n {
					b.Fatal(v, err)
				}
				q.Close()
				spent += cpu() - begun
				rounds++
			}
			b.ReportMetric(spent.Seconds()/float64(rounds)*1e3, "CPU-ms/query")
		})
	}
}
