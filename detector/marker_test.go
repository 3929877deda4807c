package detector_test

import (
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/detector"
)

// The marker of a series that has shown nothing, as of the quantiles of a histogram that
// ends before it has had enough observations, is one that ends it and not a late sample;
// nothing is learned from it.
func TestMarker_SeriesWithoutSample_CountsAsStale(t *testing.T) {
	for name, of := range map[string]struct {
		show func(b *detector.Bank)
		want float64 // markers of series
	}{
		"gauge": {func(b *detector.Bank) { b.Observe(b.Register(gauge("x")), start, stale) }, 1},
		"classic histogram": {func(b *detector.Bank) {
			h := newLatency(b, bounds)
			h.scrape(start)
			h.scrape(start + 15_000)
			for _, s := range h.slots {
				b.Feed(s, start+30_000, stale, h.tell)
			}
		}, 2},
		"native histogram": {func(b *detector.Bank) {
			b.Feed(b.RegisterHistogram(gauge("took")), start, stale, func(detector.Verdict) {})
		}, 3},
	} {
		b := newBank(t)
		set := metrics.NewSet()
		b.Expose(set)
		of.show(b)
		got := expose(set)
		if late, ended := got[`tocsin_detector_samples_not_judged_total{reason="late"}`], got[`tocsin_detector_samples_not_judged_total{reason="stale"}`]; late != 0 || ended != of.want {
			t.Errorf("%s: got %v late and %v stale, want 0 and %v", name, late, ended, of.want)
		}
	}
	plain, marked, r := newBank(t), newBank(t), noise(3)
	one, other := plain.Register(gauge("x")), marked.Register(gauge("x"))
	marked.Observe(other, start-15_000, stale)
	for i := range int64(100) {
		v := 100 + r()
		want, _ := plain.Judge(one, start+i*15_000, v)
		if got, _ := marked.Judge(other, start+i*15_000, v); !same(got, want) {
			t.Fatalf("sample %d: got %+v after a marker, want %+v", i, got, want)
		}
	}
}
