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
	want("counts", bucket, start+9008)
	b.Observe(slot, start+60_000, math.NaN())
	want("one that is none", slot, start+9001)
	want("another generation", slot|1<<32, math.MinInt64)
	want("nobody's", 77, math.MinInt64)
	want("no bucket", bucket+1000, math.MinInt64)
	want("none", 0, math.MinInt64)
	want("native", b.RegisterHistogram(gauge("c")), math.MinInt64)
}

// A round takes each count once: a bucket that has delivered has nothing to be shown again,
// neither of the present round nor of the one that it is ahead for, and one that has not may
// complete the present one.
func TestLateBefore_BucketsOfARoundUnderWay_EachByWhatItHasDelivered(t *testing.T) {
	b := newBank(t)
	var slots []detector.Slot
	for _, le := range []string{"1", "2", "+Inf"} {
		slots = append(slots, b.Register(labels.FromStrings("__name__", "b_bucket", "le", le)))
	}
	feed := func(at int64, which ...int) {
		for _, i := range which {
			b.Feed(slots[i], at, 1, func(detector.Verdict) {})
		}
	}
	want := func(when string, each ...int64) {
		t.Helper()
		for i, at := range each {
			if got := b.LateBefore(slots[i]); got != at {
				t.Errorf("%s: bucket %d: got %d, want %d", when, i, got-start, at-start)
			}
		}
	}
	feed(start, 0, 1, 2)
	feed(start+1000, 0, 1, 2)
	want("a whole round", start+1001, start+1001, start+1001)
	feed(start+2000, 0, 1)
	want("one missing", start+2001, start+2001, start+2000)
	feed(start+3000, 0)
	want("one ahead", start+3001, start+2001, start+2000)
	feed(start+2000, 2)
	want("complete, and one ahead", start+3001, start+3000, start+3000)
}
