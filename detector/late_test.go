package detector_test

import (
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

func TestLateBefore_SlotsOfAllSorts_TimeOfWhatIsKnown(t *testing.T) {
	b := newBank(t)
	slot := b.Register(gauge("a"))
	bucket := b.Register(labels.FromStrings("__name__", "b_bucket", "le", "1"))
	want := func(when string, of detector.Slot, at int64) {
		t.Helper()
		if got := b.LateBefore(of); got != at {
			t.Errorf("%s: got %d, want %d", when, got, at)
		}
	}
	want("no sample", slot, math.MinInt64)
	want("no count", bucket, math.MinInt64)
	for at := start; at < start+10_000; at += 1000 {
		b.Observe(slot, at, 1)
		b.Feed(bucket, at+7, 1, func(detector.Verdict) {})
	}
	want("samples", slot, start+9001)
	want("counts", bucket, start+9007)
	b.Observe(slot, start+60_000, math.NaN())
	want("one that is none", slot, start+9001)
	want("another generation", slot|1<<32, math.MinInt64)
	want("nobody's", 77, math.MinInt64)
	want("no bucket", bucket+1000, math.MinInt64)
	want("none", 0, math.MinInt64)
	want("native", b.RegisterHistogram(gauge("c")), math.MinInt64)
}
