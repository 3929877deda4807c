package detector_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/tocsinhq/tocsin/detector"
)

var stale = math.Float64frombits(value.StaleNaN)

var bounds = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.Inf(1)}

func le(bound float64) string {
	if math.IsInf(bound, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(bound, 'g', -1, 64)
}

// latency is a classic histogram in a bank.
type latency struct {
	bank   *detector.Bank
	slots  []detector.Slot
	counts []float64
	told   []detector.Verdict
}

func newLatency(b *detector.Bank, bounds []float64, extra ...string) *latency {
	h := &latency{bank: b, counts: make([]float64, len(bounds))}
	for _, x := range bounds {
		h.slots = append(h.slots, b.Register(labels.FromStrings(append([]string{"__name__", "http_seconds_bucket", "le", le(x)}, extra...)...)))
	}
	return h
}

// see counts one observation.
func (h *latency) see(x float64, bounds []float64) {
	for i, bound := range bounds {
		if x <= bound {
			h.counts[i]++
		}
	}
}

func (h *latency) tell(v detector.Verdict) { h.told = append(h.told, v) }

// scrape delivers the counts in the order given, all in order of bounds without.
func (h *latency) scrape(t int64, order ...int) {
	if order == nil {
		for i := range h.slots {
			order = append(order, i)
		}
	}
	for _, i := range order {
		h.bank.Feed(h.slots[i], t, h.counts[i], h.tell)
	}
}

func derived(b *detector.Bank, quantile string, extra ...string) detector.Slot {
	return b.Register(labels.FromStrings(append([]string{"__name__", "http_seconds", "quantile", quantile}, extra...)...))
}

// last returns the value last judged of a quantile and its time, 0 if there is none.
func last(b *detector.Bank, quantile string) (float64, int64) {
	v, ok := b.Last(derived(b, quantile))
	if !ok {
		return math.NaN(), 0
	}
	return v.Value, v.Time
}

func reasons(b *detector.Bank) map[string]float64 {
	set := metrics.NewSet()
	b.Expose(set)
	out := map[string]float64{}
	for name, v := range expose(set) {
		var reason string
		if n, _ := fmt.Sscanf(name, "tocsin_detector_histogram_not_judged_total{reason=%q}", &reason); n == 1 && v > 0 {
			out[reason] = v
		}
		if n, _ := fmt.Sscanf(name, "tocsin_detector_histogram_series_refused_total{reason=%q}", &reason); n == 1 && v > 0 {
			out["refused "+reason] = v
		}
	}
	return out
}

func TestHistogram_Buckets_BecomeTwoSeriesWithTheHistogramsLabels(t *testing.T) {
	b := newBank(t)
	h := newLatency(b, bounds, "service", "pay")
	again := newLatency(b, bounds, "service", "pay")
	for i := range h.slots {
		if h.slots[i] == 0 || h.slots[i] != again.slots[i] {
			t.Fatalf("bucket %d: got slots %d and %d, want the same above 0", i, h.slots[i], again.slots[i])
		}
	}
	if b.Len() != 2 {
		t.Errorf("got %d series, want the two quantiles", b.Len())
	}
	for slot, q := range map[detector.Slot]string{1: "0.5", 2: "0.99"} {
		want := labels.FromStrings("__name__", "http_seconds", "quantile", q, "service", "pay")
		if got := b.Labels(slot); !labels.Equal(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if other := newLatency(b, bounds, "service", "search"); other.slots[0] == h.slots[0] || b.Len() != 4 {
		t.Errorf("another histogram: got %d series", b.Len())
	}
}

func TestHistogram_CounterLikeName_QuantileIsAGauge(t *testing.T) {
	b := newBank(t)
	var slots [2]detector.Slot
	for i, x := range []string{"1", "+Inf"} {
		slots[i] = b.Register(labels.FromStrings("__name__", "size_total_bucket", "le", x))
	}
	for i := range 2 {
		for _, s := range slots {
			b.Feed(s, start+int64(i)*15_000, float64(100*i), func(detector.Verdict) {})
		}
	}
	if v, ok := b.Last(1); !ok || v.Rate || v.Value != 0.5 {
		t.Errorf("got %+v, want a median of 0.5 and no rate", v)
	}
}

// Of buckets without the one of all there is no quantile, nor of that one alone: rounds of
// them are counted.
func TestHistogram_WithoutATotal_Counted(t *testing.T) {
	for name, bounds := range map[string][]string{"none": {"1", "2"}, "alone": {"+Inf"}} {
		b := newBank(t)
		for i := range 10 {
			for k, le := range bounds {
				b.Feed(b.Register(labels.FromStrings("__name__", "x_bucket", "le", le)), start+int64(i)*15_000, float64(1000*i*(k+1)), func(v detector.Verdict) { t.Errorf("%s: got %+v", name, v) })
			}
		}
		if got := fmt.Sprint(reasons(b)); got != "map[no_total:9]" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestHistogram_Limits_RefusedAndCounted(t *testing.T) {
	b := newBank(t, func(c *detector.Config) { c.MaxSeries = 600 })
	bucket := func(name, le string) detector.Slot {
		return b.Register(labels.FromStrings("__name__", name+"_bucket", "le", le))
	}
	for i := range 256 {
		if bucket("a", strconv.Itoa(i)) == 0 {
			t.Fatalf("bucket %d refused", i)
		}
	}
	if bucket("a", "256") != 0 || bucket("a", "wide") != 0 {
		t.Error("got a slot beyond the limit or for a bound that is no number")
	}
	for i := range 256 {
		bucket("b", strconv.Itoa(i))
	}
	for i := range 100 {
		bucket("c", strconv.Itoa(i))
	}
	for i := range 700 {
		b.Register(gauge("g" + strconv.Itoa(i)))
	}
	if bucket("d", "1").Watched() {
		t.Error("got a slot for a histogram when there is no room for its quantiles")
	}
	want := map[string]float64{"refused max_buckets": 1, "refused bad_le": 1, "refused max_series": 13}
	if got := reasons(b); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestHistogram_RoundsInAnyForm_QuantileOfWhatWasSeenSince(t *testing.T) {
	const step = 15_000
	one := []float64{1, 2, math.Inf(1)}
	add := func(h *latency, n float64) { // n observations each below 1, 2 and beyond
		for i := range h.counts {
			h.counts[i] += n * float64(i+1)
		}
	}
	for name, c := range map[string]struct {
		play    func(h *latency)
		want    float64 // median
		at      int64   // in steps
		reasons string
	}{
		"in order":     {func(h *latency) { add(h, 30); h.scrape(start + step) }, 1.5, 1, "map[]"},
		"any order":    {func(h *latency) { add(h, 30); h.scrape(start+step, 2, 0, 1) }, 1.5, 1, "map[]"},
		"not whole":    {func(h *latency) { add(h, 30); h.scrape(start+step, 0, 2) }, math.NaN(), 0, "map[]"},
		"overtaken":    {func(h *latency) { add(h, 30); h.scrape(start+step, 0, 2); h.scrape(start + 2*step) }, 1.5, 2, "map[incomplete:1]"},
		"repeated":     {func(h *latency) { add(h, 30); h.scrape(start+step, 0, 1, 1, 0, 2); h.scrape(start) }, 1.5, 1, "map[late:5]"},
		"bad count":    {func(h *latency) { add(h, 30); h.counts[1] = math.NaN(); h.scrape(start + step) }, math.NaN(), 0, "map[not_a_number:1]"},
		"few":          {func(h *latency) { add(h, 1); h.scrape(start + step) }, math.NaN(), 0, "map[]"},
		"few, then 21": {func(h *latency) { add(h, 1); h.scrape(start + step); add(h, 6); h.scrape(start + 2*step) }, 1.5, 2, "map[]"},
		"few for long": {func(h *latency) { add(h, 1); h.scrape(start + 3600_000); add(h, 6); h.scrape(start + 3600_000 + step) }, math.NaN(), 0, "map[few_observations:2]"},
		"reset": {func(h *latency) {
			add(h, 100)
			h.scrape(start + step)
			clear(h.counts)
			add(h, 30)
			h.scrape(start + 2*step)
		}, 1.5, 2, "map[reset:1]"},
		"after a reset": {func(h *latency) {
			add(h, 100)
			h.scrape(start + step)
			clear(h.counts)
			h.scrape(start + 2*step)
			h.counts = []float64{50, 50, 50}
			h.scrape(start + 3*step)
		}, 0.5, 3, "map[reset:1]"},
		"bucket gone": {func(h *latency) {
			for i := range 5 {
				add(h, 30)
				h.scrape(start+int64(i+1)*step, 0, 2)
			}
		}, 1, 5, "map[incomplete:3]"},
		"bucket lags": {func(h *latency) {
			for i := range 6 {
				add(h, 30)
				h.scrape(start+int64(i+1)*step, 0, 2)
				h.bank.Feed(h.slots[1], start+int64(i)*step, float64(60*i), h.tell)
			}
			h.scrape(start+6*step, 1)
		}, 1.5, 6, "map[late:1]"},
		"bucket lags by two": {func(h *latency) {
			for i := range 6 {
				add(h, 30)
				h.scrape(start+int64(i+1)*step, 0, 2)
				h.scrape(start+int64(i-1)*step, 1)
			}
			h.scrape(start+6*step, 1)
		}, 1.5, 6, "map[incomplete:5 late:6]"},
		"between two rounds": {func(h *latency) {
			add(h, 30)
			h.scrape(start+step, 0)
			h.scrape(start+3*step, 0)
			h.scrape(start+2*step, 2)
			h.scrape(start+step, 1, 2)
			h.scrape(start+3*step, 1, 0, 2)
		}, 1.5, 3, "map[late:2]"},
		"ended while ahead": {func(h *latency) {
			add(h, 30)
			h.scrape(start+step, 0, 1)
			h.scrape(start+2*step, 1)
			h.bank.Feed(h.slots[1], start+3*step, stale, h.tell)
			h.scrape(start+step, 2)
			add(h, 30)
			h.scrape(start+2*step, 0, 2)
		}, 1, 2, "map[]"},
		"bucket ended": {func(h *latency) {
			h.bank.Feed(h.slots[1], start+step, stale, h.tell)
			add(h, 30)
			h.scrape(start+step, 0, 2)
		}, 1, 1, "map[]"},
		"bucket new": {func(h *latency) {
			add(h, 30)
			h.scrape(start + step)
			h.slots = append(h.slots, h.bank.Register(labels.FromStrings("__name__", "http_seconds_bucket", "le", "1.5")))
			h.counts = append(h.counts, 0)
			h.scrape(start + 2*step)
			h.counts = []float64{60, 120, 180, 120}
			h.scrape(start + 3*step)
			h.counts = []float64{60, 220, 280, 120}
			h.scrape(start + 4*step)
		}, 1.75, 4, "map[bounds_changed:1]"},
		"no total": {func(h *latency) {
			h.bank.Feed(h.slots[2], start+step, stale, h.tell)
			add(h, 30)
			h.scrape(start+step, 0, 1)
		}, math.NaN(), 0, "map[no_total:1]"},
		"ended and back": {func(h *latency) {
			for _, s := range h.slots {
				h.bank.Feed(s, start+step, stale, h.tell)
			}
			add(h, 30)
			h.scrape(start + 2*step)
			add(h, 30)
			h.scrape(start + 3*step)
		}, 1.5, 3, "map[bounds_changed:1]"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBank(t)
			h := newLatency(b, one)
			h.scrape(start)
			c.play(h)
			got, at := last(b, "0.5")
			if !(math.Abs(got-c.want) < 1e-12 || math.IsNaN(got) && math.IsNaN(c.want)) || c.at != 0 && at != start+c.at*step {
				t.Errorf("got median %v %d steps on, want %v and %d", got, (at-start)/step, c.want, c.at)
			}
			if got := fmt.Sprint(reasons(b)); got != c.reasons {
				t.Errorf("got %s, want %s", got, c.reasons)
			}
		})
	}
}

// The engine is asked for the increase that the bank saw, so that resets and
// missing buckets, which it treats one by one, do not differ.
func TestHistogram_RandomCounts_SameQuantilesAsPromQL(t *testing.T) {
	engine := promqltest.NewTestEngine(t, false, time.Minute, 1e6)
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		some := make([]float64, 1+r.IntN(20))
		for i := range some {
			some[i] = math.Round(100*r.NormFloat64()) + float64(i)/32
		}
		if r.IntN(8) > 0 {
			some = append(some, math.Inf(1))
		}
		b := newBank(t)
		h := newLatency(b, some)
		r.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		h = newLatency(b, some)
		store := promqltest.LoadedStorage(t, "")
		h.scrape(start)
		for range 300 + r.IntN(2000) {
			h.see(60*r.NormFloat64(), some)
		}
		if r.IntN(3) == 0 && len(some) > 2 {
			h.counts[r.IntN(len(some))] *= 0.9 // not monotonic
		}
		at := start + 15_000
		h.scrape(at, r.Perm(len(some))...)
		app := store.Appender(context.Background())
		total := math.NaN()
		for i, bound := range some {
			if _, err := app.Append(0, labels.FromStrings("__name__", "x_bucket", "le", le(bound)), at, h.counts[i]); err != nil {
				t.Fatal(err)
			}
			if math.IsInf(bound, 1) {
				total = h.counts[i]
			}
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{"0.5", "0.99"} {
			query, err := engine.NewInstantQuery(context.Background(), store, nil, "histogram_quantile("+q+", x_bucket)", time.UnixMilli(at))
			if err != nil {
				t.Fatal(err)
			}
			res := query.Exec(context.Background())
			vector, err := res.Vector()
			if err != nil || len(vector) > 1 {
				t.Fatal(res, err)
			}
			want := math.NaN()
			if len(vector) == 1 && !(q == "0.99" && total < 500 || total < 20) {
				want = vector[0].F
			}
			query.Close()
			got, _ := last(b, q)
			if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("seed %d, %s of %v %v: got %v, want %v", seed, q, some, h.counts, got, want)
			}
		}
	}
}

func TestHistogram_RateOverRounds_SameAsPromQL(t *testing.T) {
	engine := promqltest.NewTestEngine(t, false, time.Minute, 1e6)
	store := promqltest.LoadedStorage(t, "")
	b := newBank(t)
	h := newLatency(b, bounds)
	r := rand.New(rand.NewPCG(3, 3))
	app := store.Appender(context.Background())
	for i := range 20 {
		at := start + int64(i)*15_000
		for range 600 {
			h.see(0.05*math.Exp(r.NormFloat64()), bounds)
		}
		h.scrape(at, r.Perm(len(bounds))...)
		for j, x := range bounds {
			if _, err := app.Append(0, labels.FromStrings("__name__", "x_bucket", "le", le(x)), at, h.counts[j]); err != nil {
				t.Fatal(err)
			}
		}
		if i == 0 {
			continue
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		app = store.Appender(context.Background())
		for _, q := range []string{"0.5", "0.99"} {
			query, err := engine.NewInstantQuery(context.Background(), store, nil, "histogram_quantile("+q+", rate(x_bucket[16s]))", time.UnixMilli(at))
			if err != nil {
				t.Fatal(err)
			}
			vector, err := query.Exec(context.Background()).Vector()
			if err != nil || len(vector) != 1 {
				t.Fatal(vector, err)
			}
			got, when := last(b, q)
			if want := vector[0].F; when != at || math.Abs(got-want) > 1e-9*want {
				t.Errorf("round %d, %s: got %v, want %v", i, q, got, want)
			}
			query.Close()
		}
	}
}

func TestHistogram_Restless_NoAllocation(t *testing.T) {
	b := newBank(t)
	h := newLatency(b, bounds)
	r := rand.New(rand.NewPCG(1, 1))
	tell := func(detector.Verdict) {}
	i := int64(0)
	scrape := func() {
		i++
		for j := range h.counts {
			h.counts[j] += float64(1 + j*r.IntN(40))
		}
		for j, s := range h.slots {
			b.Feed(s, start+i*15_000, h.counts[j], tell)
		}
	}
	for range 3000 { // until the quantiles have their daily profiles
		scrape()
	}
	if got := testing.AllocsPerRun(500, scrape); got != 0 {
		t.Errorf("got %v allocations per round, want 0", got)
	}
	if _, at := last(b, "0.99"); at != start+i*15_000 {
		t.Error("the last round was not judged")
	}
}

// busy observes a log-normal latency, n a round on average.
func busy(h *latency, r *rand.Rand, from, rounds int, n, scale float64) {
	for i := range rounds {
		for k := r.Float64() * 2 * n; k > 0; k-- {
			h.see(scale*math.Exp(0.5*r.NormFloat64()), bounds)
		}
		h.scrape(start + int64(from+i)*15_000)
	}
}

func TestHistogram_LatencyShifts_QuantilesAlarmOnce(t *testing.T) {
	b := newBank(t)
	h := newLatency(b, bounds)
	r := rand.New(rand.NewPCG(5, 5))
	busy(h, r, 0, 1000, 150, 0.04)
	before := len(h.told)
	busy(h, r, 1000, 8, 150, 0.3)
	opened := map[string]int{}
	for _, v := range h.told[before:] {
		if v.Phase == detector.PhaseOpened && v.Value > v.Upper && v.Kind != detector.KindNone {
			opened[b.Labels(v.Slot).Get("quantile")]++
		}
	}
	if fmt.Sprint(opened) != "map[0.5:1 0.99:1]" {
		t.Errorf("got %v opened, want one for each quantile; told %+v", opened, h.told)
	}
}

func TestHistogram_QuietDayOfLowTraffic_WithinTheBudget(t *testing.T) {
	const services, rounds = 8, 5760
	opened := 0
	rates := []float64{0.02, 0.3, 3, 20} // observations a round of 15 s
	for _, n := range rates {
		for seed := range services {
			r := rand.New(rand.NewPCG(uint64(seed), uint64(1000*n)))
			b := newBank(t)
			h := newLatency(b, bounds)
			usual := 0.02 * math.Pow(4, r.Float64())
			for i := range rounds {
				for k := r.ExpFloat64() / n; k < 1; k += r.ExpFloat64() / n {
					h.see(usual*math.Exp(0.7*r.NormFloat64()), bounds)
				}
				h.scrape(start + int64(i)*15_000)
				if i%4 == 0 {
					b.Sweep(start+int64(i)*15_000, h.tell)
				}
			}
			here := countPhase(h.told, detector.PhaseOpened)
			if opened += here; n < 0.1 && here > 0 {
				t.Errorf("%v observations a round: got %+v, want nothing judged", n, h.told)
			}
			if _, at := last(b, "0.99"); n > 1 && at == 0 || n < 1 && at != 0 {
				t.Errorf("%v observations a round: 99th percentile last judged at %d", n, at)
			}
		}
	}
	if weeks := float64(2*services*len(rates)) / 7; float64(opened) > 0.5*weeks {
		t.Errorf("got %d episodes in %.1f weeks of series, want half of the budget at most", opened, weeks)
	}
}

func TestHistogram_HistoryEnds_SilenceIsNoticed(t *testing.T) {
	b := newBank(t)
	h := newLatency(b, bounds)
	busy(h, rand.New(rand.NewPCG(5, 5)), 0, 2000, 150, 0.04)
	h.told = nil
	b.Sweep(start+2000*15_000+1800_000, h.tell)
	if len(h.told) != 2 || h.told[0].Kind != detector.KindMissing {
		t.Errorf("got %+v, want both quantiles missing", h.told)
	}
}

func TestHistogram_EndsInAnEpisode_IsLost(t *testing.T) {
	b := newBank(t)
	h := newLatency(b, bounds)
	r := rand.New(rand.NewPCG(5, 5))
	busy(h, r, 0, 1000, 150, 0.04)
	busy(h, r, 1000, 8, 150, 0.3)
	h.told = nil
	for _, s := range h.slots {
		b.Feed(s, start+1008*15_000, stale, h.tell)
	}
	if countPhase(h.told, detector.PhaseLost) != 2 {
		t.Errorf("got %+v, want both episodes lost", h.told)
	}
}

// Senders share the buckets of a histogram among connections, one of which may
// be a scrape behind.
func TestHistogram_BucketsOneRoundApart_SameVerdictsAsInOrder(t *testing.T) {
	const rounds = 400
	r := rand.New(rand.NewPCG(7, 7))
	a, b := newBank(t), newBank(t)
	inOrder, apart := newLatency(a, bounds), newLatency(b, bounds)
	counts := make([][]float64, rounds)
	for i := range counts {
		for range 200 + r.IntN(600) {
			inOrder.see(0.04*math.Exp(0.5*r.NormFloat64()), bounds)
		}
		counts[i] = slices.Clone(inOrder.counts)
		inOrder.scrape(start + int64(i)*15_000)
	}
	apart.counts = counts[0]
	apart.scrape(start)
	next := make([]int, len(bounds)) // round that each bucket has delivered
	for slices.Min(next) < rounds-1 {
		j := r.IntN(len(next))
		if next[j] == rounds-1 || next[j] > slices.Min(next) {
			continue
		}
		next[j]++
		b.Feed(apart.slots[j], start+int64(next[j])*15_000, counts[next[j]][j], apart.tell)
	}
	for _, q := range []string{"0.5", "0.99"} {
		want, _ := a.Last(derived(a, q))
		if got, _ := b.Last(derived(b, q)); !same(got, want) || got.Time != start+(rounds-1)*15_000 {
			t.Errorf("%s: got %+v, want %+v", q, got, want)
		}
	}
	if got := reasons(b); len(got) != 0 {
		t.Errorf("got %v, want every round whole", got)
	}
}

// How far apart they come is up to the scheduler, and with it which rounds are whole.
func TestHistogram_WritersEachAtItsPace_WholeAgainOnceInStep(t *testing.T) {
	b := newBank(t)
	h := newLatency(b, bounds)
	const rounds = 2000
	feed := func(i int64, from, each int) {
		for j := from; j < len(h.slots); j += each {
			b.Feed(h.slots[j], start+i*15_000, float64(i*int64(j+1)*30), func(detector.Verdict) {})
		}
	}
	var all sync.WaitGroup
	for w := range 2 {
		all.Go(func() {
			for i := range int64(rounds) {
				feed(i, w, 2)
			}
		})
	}
	all.Wait()
	for i := range int64(3) {
		feed(rounds+i, 0, 1)
	}
	if v, at := last(b, "0.5"); at != start+(rounds+2)*15_000 || v < 0.1 || v > 0.25 {
		t.Errorf("got a median of %v at round %d, want that of an even spread at the last", v, (at-start)/15_000)
	}
}

func TestHistogram_WritersAtOnce_EveryRoundIsWhole(t *testing.T) {
	b := newBank(t)
	h := newLatency(b, bounds)
	const rounds = 300
	for i := range rounds {
		at := start + int64(i)*15_000
		for j := range h.counts {
			h.counts[j] += float64(20 * (j + 1))
		}
		var all sync.WaitGroup
		for w := range 3 {
			all.Go(func() {
				for j := w; j < len(h.slots); j += 3 {
					b.Feed(newLatency(b, bounds).slots[j], at, h.counts[j], func(detector.Verdict) {})
				}
			})
		}
		all.Wait()
		if _, when := last(b, "0.5"); i > 0 && when != at {
			t.Fatalf("round %d was not judged", i)
		}
	}
	if got := reasons(b); len(got) != 0 {
		t.Errorf("got %v, want every round whole", got)
	}
}

func BenchmarkHistogram_Bucket(bench *testing.B) {
	c := detector.DefaultConfig()
	b, err := detector.NewBank(c)
	if err != nil {
		bench.Fatal(err)
	}
	var all []*latency
	for i := range 2000 {
		all = append(all, newLatency(b, bounds, "i", strconv.Itoa(i)))
	}
	tell := func(detector.Verdict) {}
	bench.ReportAllocs()
	n := 0
	for i := int64(0); n < bench.N; i++ {
		for _, h := range all {
			for j, s := range h.slots {
				b.Feed(s, start+i*15_000, float64(i*int64(j+1)*30), tell)
				n++
			}
		}
	}
}
