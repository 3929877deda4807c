package bands_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/detector"
)

// BenchmarkPast replays ten series over six hours at 15 seconds, which is 14,400
// samples, and BenchmarkPresent asks the live detector of a thousand series.
func BenchmarkPast(b *testing.B) {
	r := newRig(b, nil)
	for i := range 10 {
		r.write(labels.FromStrings("__name__", "queue_length", "i", fmt.Sprint(i)), noise(1440, uint64(i))...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := r.over(`queue_length{tocsin_band=~".+"}`, now.Add(-time.Hour)); len(got) != 50 {
			b.Fatalf("got %d series", len(got))
		}
	}
}

func BenchmarkPresent(b *testing.B) {
	var r *rig
	r = newRig(b, func(o *bands.Options) {
		o.Live = func(l labels.Labels) (detector.Verdict, bool) { return r.bank.Last(r.bank.Lookup(l)) }
	})
	for i := range 1000 {
		r.write(labels.FromStrings("__name__", "queue_length", "i", fmt.Sprint(i)), noise(40, uint64(i))...)
	}
	b.ReportAllocs()
	for b.Loop() {
		if got, err := r.at(`count(queue_length{tocsin_band="score"})`, now); err != nil || got["{}"] != 1000 {
			b.Fatal(got, err)
		}
	}
}

// BenchmarkStored is what a selector without the label costs more than without us.
func BenchmarkStored(b *testing.B) {
	r := newRig(b, nil)
	r.write(labels.FromStrings("__name__", "queue_length"), noise(40, 1)...)
	ms := []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", "queue_length"), labels.MustNewMatcher(labels.MatchRegexp, "i", ".*")}
	for name, from := range map[string]storage.Queryable{"bands": r.bands, "tsdb": r.db} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q, err := from.Querier(0, now.UnixMilli())
				if err != nil {
					b.Fatal(err)
				}
				for set := q.Select(context.Background(), false, nil, ms...); set.Next(); {
				}
				q.Close()
			}
		})
	}
}
