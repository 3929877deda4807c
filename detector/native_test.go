package detector_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// native is a native histogram of schema 3 in a bank: eight buckets for each
// doubling.
type native struct {
	bank   *detector.Bank
	slot   detector.Slot
	counts map[int]int
	zero   int
	sum    float64
	told   []detector.Verdict
}

func newNative(b *detector.Bank, extra ...string) *native {
	l := labels.FromStrings(append([]string{"__name__", "http_seconds"}, extra...)...)
	return &native{bank: b, slot: b.RegisterHistogram(l), counts: map[int]int{}}
}

func (n *native) see(x float64) {
	n.sum += x
	switch {
	case math.Abs(x) < 1e-6:
		n.zero++
	default:
		n.counts[int(math.Ceil(8*math.Log2(x)))]++
	}
}

func (n *native) now() *histogram.Histogram {
	h := &histogram.Histogram{Schema: 3, ZeroThreshold: 1e-6, ZeroCount: uint64(n.zero), Count: uint64(n.zero), Sum: n.sum}
	end, before := 0, 0
	for _, i := range slices.Sorted(maps.Keys(n.counts)) {
		if len(h.PositiveSpans) > 0 && i == end {
			h.PositiveSpans[len(h.PositiveSpans)-1].Length++
		} else {
			h.PositiveSpans = append(h.PositiveSpans, histogram.Span{Offset: int32(i - end), Length: 1})
		}
		end = i + 1
		h.PositiveBuckets = append(h.PositiveBuckets, int64(n.counts[i]-before))
		before = n.counts[i]
		h.Count += uint64(before)
	}
	return h
}

func (n *native) tell(v detector.Verdict) { n.told = append(n.told, v) }

// scrape delivers the histogram, as floats at every other call.
func (n *native) scrape(t int64) {
	s := telemetry.HistogramSample{T: t, Int: n.now()}
	if t/15_000%2 == 0 {
		s = telemetry.HistogramSample{T: t, Float: n.now().ToFloat(nil)}
	}
	n.bank.FeedHistogram(n.slot, s, n.tell)
}

func (n *native) busy(r *rand.Rand, from, rounds int, count, scale float64) {
	for i := range rounds {
		for k := r.Float64() * 2 * count; k > 0; k-- {
			n.see(scale * math.Exp(0.5*r.NormFloat64()))
		}
		n.scrape(start + int64(from+i)*15_000)
	}
}

func TestNative_Registered_BecomesThreeSeries(t *testing.T) {
	b := newBank(t)
	n := newNative(b, "service", "pay")
	if n.slot == 0 || newNative(b, "service", "pay").slot != n.slot || b.Len() != 3 {
		t.Fatalf("got slot %d and %d series, want the same slot and three series", n.slot, b.Len())
	}
	want := []string{`{__name__="http_seconds", quantile="0.5", service="pay"}`, `{__name__="http_seconds", quantile="0.99", service="pay"}`, `{__name__="http_seconds_count", service="pay"}`}
	for i, w := range want {
		if got := b.Labels(detector.Slot(i + 1)).String(); got != w {
			t.Errorf("got %s, want %s", got, w)
		}
	}
	if b.RegisterHistogram(gauge("tocsin_x")) != 0 || b.RegisterHistogram(labels.EmptyLabels()) != 0 {
		t.Error("got slots for our own series and for one without a name")
	}
	b.Register(labels.FromStrings("__name__", "http_seconds_bucket", "le", "1", "service", "pay"))
	newLatency(b, bounds, "service", "search")
	newNative(b, "service", "search")
	if b.Len() != 6 {
		t.Errorf("got %d series, want three of each histogram, whatever its forms", b.Len())
	}
	if got := fmt.Sprint(reasons(b)); got != "map[refused both_forms:2]" {
		t.Errorf("got %s", got)
	}
	b.FeedHistogram(0, telemetry.HistogramSample{T: start, Int: n.now()}, n.tell)
	b.FeedHistogram(1<<30|99, telemetry.HistogramSample{T: start, Int: n.now()}, n.tell)
	b.Feed(1<<30|99, start, 1, n.tell)
	b.Feed(1<<31|9999, start, 1, n.tell)
}

func TestNative_Rounds_SameQuantilesAsPromQL(t *testing.T) {
	engine := promqltest.NewTestEngine(t, false, time.Minute, 1e6)
	for seed := range uint64(10) {
		store := promqltest.LoadedStorage(t, "")
		r := rand.New(rand.NewPCG(seed, 3))
		b := newBank(t)
		n := newNative(b)
		for i := range 12 {
			at := start + int64(i)*15_000
			for range 501 + 2*r.IntN(50) { // odd, so that no rank lies between two buckets
				n.see(math.Floor(2*r.Float64()) * math.Exp(2*r.NormFloat64()))
			}
			n.scrape(at)
			app := store.Appender(context.Background())
			if _, err := app.AppendHistogram(0, gauge("x"), at, n.now(), nil); err != nil {
				t.Fatal(err)
			}
			if err := app.Commit(); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				continue
			}
			for _, q := range []string{"0.5", "0.99"} {
				query, err := engine.NewInstantQuery(context.Background(), store, nil, "histogram_quantile("+q+", rate(x[16s]))", time.UnixMilli(at))
				if err != nil {
					t.Fatal(err)
				}
				vector, err := query.Exec(context.Background()).Vector()
				if err != nil || len(vector) != 1 {
					t.Fatal(vector, err)
				}
				got, when := last(b, q)
				if want := vector[0].F; when != at || math.Abs(got-want) > 1e-9*want {
					t.Errorf("seed %d, round %d, %s: got %v, want %v", seed, i, q, got, want)
				}
				query.Close()
			}
		}
	}
}

func TestNative_SamplesOfAllSorts_JudgedOrCounted(t *testing.T) {
	const step = 15_000
	add := func(n *native, count int, x float64) {
		for range count {
			n.see(x)
		}
	}
	custom := func(count int64, values ...float64) *histogram.Histogram {
		return &histogram.Histogram{Schema: histogram.CustomBucketsSchema, CustomValues: values, Count: uint64(count), Sum: 1,
			PositiveSpans: []histogram.Span{{Offset: 1, Length: 1}}, PositiveBuckets: []int64{count}}
	}
	feed := func(n *native, t int64, h *histogram.Histogram) {
		n.bank.FeedHistogram(n.slot, telemetry.HistogramSample{T: t, Int: h}, n.tell)
	}
	for name, c := range map[string]struct {
		play    func(n *native)
		want    float64 // median, within the width of a bucket
		at      int64
		reasons string
	}{
		"next":       {func(n *native) { add(n, 30, 2); n.scrape(start + step) }, 2, 1, "map[]"},
		"few":        {func(n *native) { add(n, 3, 2); n.scrape(start + step) }, math.NaN(), 0, "map[]"},
		"few, added": {func(n *native) { add(n, 15, 2); n.scrape(start + step); add(n, 16, 8); n.scrape(start + 2*step) }, 8, 2, "map[]"},
		"few for long": {func(n *native) {
			add(n, 3, 2)
			n.scrape(start + 3600_000)
			add(n, 18, 2)
			n.scrape(start + 3600_000 + step)
		}, math.NaN(), 0, "map[few_observations:2]"},
		"late": {func(n *native) { add(n, 30, 2); n.scrape(start); n.scrape(start - 1) }, math.NaN(), 0, "map[late:2]"},
		"reset": {func(n *native) {
			clear(n.counts)
			add(n, 30, 2)
			n.scrape(start + step)
			add(n, 30, 8)
			n.scrape(start + 2*step)
		}, 8, 2, "map[reset:1]"},
		"reset by hint": {func(n *native) {
			add(n, 30, 2)
			h := n.now()
			h.CounterResetHint = histogram.CounterReset
			feed(n, start+step, h)
		}, math.NaN(), 0, "map[reset:1]"},
		"no reset by hint, but one missed": {func(n *native) {
			clear(n.counts)
			add(n, 30, 2)
			h := n.now()
			h.CounterResetHint = histogram.NotCounterReset
			feed(n, start+step, h)
		}, math.NaN(), 0, "map[reset:1]"},
		"ended and back": {func(n *native) {
			n.bank.Feed(n.slot, start+step, stale, n.tell)
			add(n, 30, 2)
			n.scrape(start + 2*step)
			add(n, 30, 8)
			n.scrape(start + 3*step)
		}, 8, 3, "map[]"},
		"marker in a histogram": {func(n *native) {
			feed(n, start+step, &histogram.Histogram{Sum: stale})
			add(n, 30, 2)
			n.scrape(start + 2*step)
		}, math.NaN(), 0, "map[]"},
		"float sample": {func(n *native) { n.bank.Feed(n.slot, start+step, 3, n.tell) }, math.NaN(), 0, "map[float_of_histogram:1]"},
		"gauge": {func(n *native) {
			h := n.now()
			h.CounterResetHint = histogram.GaugeType
			feed(n, start+step, h)
		}, 1, 1, "map[]"},
		"coarser": {func(n *native) {
			add(n, 30, 8)
			h := n.now()
			if err := h.ReduceResolution(1); err != nil {
				panic(err)
			}
			feed(n, start+step, h)
		}, 8, 1, "map[]"},
		"custom bounds": {func(n *native) {
			feed(n, start+step, custom(400, 1, 2, 4))
			feed(n, start+2*step, custom(600, 1, 2, 4))
			feed(n, start+3*step, custom(800, 1, 2, 8))
		}, 1.5, 3, "map[reset:1]"},
		"not a number": {func(n *native) {
			n.bank.FeedHistogram(n.slot, telemetry.HistogramSample{T: start + step, Float: &histogram.FloatHistogram{Count: math.NaN()}}, n.tell)
		}, math.NaN(), 0, "map[not_a_number:1]"},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNative(newBank(t))
			add(n, 300, 1)
			n.scrape(start)
			c.play(n)
			got, at := last(n.bank, "0.5")
			if !(math.Abs(got/c.want-1) < 0.3 || math.IsNaN(got) && math.IsNaN(c.want)) || c.at != 0 && at != start+c.at*step {
				t.Errorf("got median %v %d steps on, want %v and %d", got, (at-start)/step, c.want, c.at)
			}
			if got := fmt.Sprint(reasons(n.bank)); got != c.reasons {
				t.Errorf("got %s, want %s", got, c.reasons)
			}
		})
	}
}

func TestNative_FloatSeriesBecomesHistogram_IsWatchedAsOne(t *testing.T) {
	b := newBank(t)
	slot := b.Register(gauge("http_seconds"))
	n := newNative(b)
	n.slot = slot
	n.busy(rand.New(rand.NewPCG(1, 1)), 0, 10, 100, 0.1)
	if v, at := last(b, "0.5"); at != start+9*15_000 || v < 0.05 || v > 0.2 {
		t.Errorf("got median %v at %d", v, at)
	}
}

func TestNative_LatencyAndTrafficShift_EachAlarms(t *testing.T) {
	b := newBank(t)
	n := newNative(b)
	r := rand.New(rand.NewPCG(5, 5))
	n.busy(r, 0, 1000, 150, 0.04)
	before := len(n.told)
	n.busy(r, 1000, 8, 1500, 0.3)
	opened := map[string]int{}
	for _, v := range n.told[before:] {
		if v.Phase == detector.PhaseOpened && v.Value > v.Upper {
			opened[b.Labels(v.Slot).Get("__name__")+b.Labels(v.Slot).Get("quantile")]++
		}
	}
	if fmt.Sprint(opened) != "map[http_seconds0.5:1 http_seconds0.99:1 http_seconds_count:1]" {
		t.Errorf("got %v opened, want one each of both quantiles and the count; told %+v", opened, n.told)
	}
}

func TestNative_Restless_FewAllocations(t *testing.T) {
	b := newBank(t)
	n := newNative(b)
	r := rand.New(rand.NewPCG(1, 1))
	n.busy(r, 0, 3000, 300, 0.04)
	s := telemetry.HistogramSample{T: start + 3000*15_000, Float: n.now().ToFloat(nil)}
	got := testing.AllocsPerRun(300, func() {
		s.T += 15_000
		s.Float.Count += 300
		for i := range s.Float.PositiveBuckets {
			s.Float.PositiveBuckets[i] += 300 / float64(len(s.Float.PositiveBuckets))
		}
		b.FeedHistogram(n.slot, s, n.tell)
	})
	if got > 4 {
		t.Errorf("got %v allocations per histogram, want 4 at most: those of promql's iterators", got)
	}
}

func TestNative_WritersAtOnce_AllTaken(t *testing.T) {
	b := newBank(t)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 40 {
				n := newNative(b, "i", fmt.Sprint(i))
				for range 30 {
					n.see(0.1)
				}
				n.scrape(start + int64(i*4+w)*15_000)
				b.Last(n.slot)
			}
		})
	}
	all.Go(func() {
		for range 5 {
			if err := b.Checkpoint(discard{}); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	if b.Len() != 120 {
		t.Errorf("got %d series, want 3 for each of 40 histograms", b.Len())
	}
}
