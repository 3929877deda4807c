package app_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// member is a series of the market: what it shows at a step, NaN for no sample.
type member struct {
	labels labels.Labels
	value  func(i int) float64
}

const marketSteps = 5200 // of a minute

// market is three services, and from half time on a fourth one that has metrics of
// theirs: gauges, of which some have spikes that open episodes and cost the budget, and
// those of pay have a step at which all of them are a little odd; a counter, a histogram,
// and series that fall silent, end with a staleness marker and come back, are sent at
// another step, or are at times no number. It is in the order in which a backtest judges.
func market() []member {
	var all []member
	gauge := func(service string, n, from int) {
		r := rand.New(rand.NewPCG(uint64(len(all)), 7))
		all = append(all, member{labels.FromStrings("__name__", fmt.Sprintf("g%d", n), "service", service), func(i int) float64 {
			v := 100 + r.NormFloat64()
			spike, size := r.IntN(700) == 0, 6+3*r.ExpFloat64()
			switch {
			case i < from || n == 7 && i > 4000 && i < 4400 || n == 6 && i%5 != 0 || n == 8 && i > 4000 && i < 4100:
				return math.NaN()
			case n == 8 && i == 4000:
				return math.Float64frombits(value.StaleNaN) // goes, and comes back
			case n == 5 && i%50 == 0:
				return math.Inf(1)
			case service == "pay" && i == 4900:
				v += 5
			case (n < 3 || n == 6 || n == 8) && spike:
				v += size
			}
			return math.Round(1000*v) / 1000
		}})
	}
	for i := range 9 {
		gauge("pay", i, 0)
	}
	for i := range 3 {
		gauge("auth", i, 0)
		gauge("mail", i, 0)
		gauge("cart", i, marketSteps/2)
	}
	r, sum := rand.New(rand.NewPCG(1, 1)), 0.0
	all = append(all, member{labels.FromStrings("__name__", "orders_total", "service", "pay"), func(i int) float64 {
		sum += float64(50 + r.IntN(10))
		if i%900 == 700 {
			sum += 400
		}
		return sum
	}})
	for at, le := range []string{"0.1", "0.5", "1", "+Inf"} {
		count := 0.0
		all = append(all, member{labels.FromStrings("__name__", "latency_bucket", "le", le, "service", "pay"), func(i int) float64 {
			for k := range at + 1 {
				gain := float64(100 + rand.New(rand.NewPCG(uint64(i), uint64(k))).IntN(20))
				if i%1100 > 1090 && k > 1 {
					gain *= 20
				}
				count += gain
			}
			return count
		}})
	}
	slices.SortFunc(all, func(a, b member) int {
		if c := strings.Compare(a.labels.Get("service"), b.labels.Get("service")); c != 0 {
			return c
		}
		return labels.Compare(a.labels, b.labels)
	})
	return all
}

// took is a native histogram of pay: its process is started again, it ends with a staleness
// marker (nil) and comes back, falls silent, and has hours of more and of longer requests.
func took() func(i int) (h *histogram.Histogram, sent bool) {
	r, counts := rand.New(rand.NewPCG(4, 4)), make([]int64, 12)
	return func(i int) (*histogram.Histogram, bool) {
		switch {
		case i == 3500:
			return nil, true
		case i > 3500 && i < 3560, i > 4300 && i < 4700:
			return nil, false
		case i == 2000:
			clear(counts)
		}
		n, slower := 600+r.IntN(50), 0
		if i%1000 > 990 {
			n *= 3
		}
		if i%1100 > 1090 {
			slower = 3
		}
		for range n {
			counts[min(slower+int(3*math.Abs(r.NormFloat64())), len(counts)-1)]++
		}
		h, before := &histogram.Histogram{Schema: 1, Sum: 1, PositiveSpans: []histogram.Span{{Length: uint32(len(counts))}}}, int64(0)
		for _, c := range counts {
			h.PositiveBuckets = append(h.PositiveBuckets, c-before)
			h.Count, before = h.Count+uint64(c), c
		}
		return h, true
	}
}

// next adds a series of these labels to a batch.
func next(b *telemetry.Batch, of labels.Labels) *telemetry.Series {
	s := b.Next()
	of.Range(func(l labels.Label) {
		s.Labels = append(s.Labels, telemetry.Pair{Name: []byte(l.Name), Value: []byte(l.Value)})
	})
	return s
}

// told is a Format that writes what a daemon would tell: the transitions.
type told struct{}

func (told) Head(b []byte) []byte { return b }

func (told) Append(b []byte, r *backtest.Row) []byte {
	return append(b, tell(r.Series, r.Verdict)...)
}

// tell writes all of a verdict that tells of something; a close is of no kind, and
// that of a whole service, or the loss of a series, is no row.
func tell(series string, v detector.Verdict) string {
	switch v.Phase {
	case detector.PhaseOpened, detector.PhaseChanged:
	case detector.PhaseClosed:
		if v.Group != nil {
			return ""
		}
		v.Kind = detector.KindNone
	default:
		return ""
	}
	if v.Phase == detector.PhaseClosed { // a daemon works out the bands of odd samples only
		v.Expected, v.Lower, v.Upper = 0, 0, 0
	}
	line := fmt.Sprintf("%d %s %s since %d kind %s value %v expected %v in %v to %v score %v peak %v rate %v side %d",
		v.Time, series, v.Phase, v.Since, v.Kind, v.Value, v.Expected, v.Lower, v.Upper, v.Score, v.Peak, v.Rate, v.Side)
	if v.Group != nil {
		for _, x := range v.Group.Guilty {
			line += fmt.Sprintf(" %s %v %v", x.Labels, x.Rarity, x.Share)
		}
	}
	return line + "\n"
}

// What the running daemon tells of several services that are sent to it, and what a
// backtest of its store says, are the same bytes: series share the budget of their
// service, services are judged as a whole, histograms by their quantiles, silences are
// missed, and series that are born late start from what their family has shown.
func TestBacktest_Services_SameBytesAsLive(t *testing.T) {
	h := newHouse(t, "").open()
	all, requests := market(), took()
	var live []string
	named := map[detector.Slot]string{}
	drain := func() {
		for _, v := range h.core.TakeVerdicts() {
			series := ""
			if v.Group != nil {
				series = v.Group.Service
			} else if series = named[v.Slot]; series == "" {
				series = h.core.BankForTest().Labels(v.Slot).String()
				named[v.Slot] = series
			}
			live = append(live, tell(series, v))
		}
	}
	from := monday
	for i := range marketSteps {
		at := from.Add(time.Duration(i) * time.Minute)
		for next := h.now.Truncate(10 * time.Second).Add(10 * time.Second); next.Before(at); next = next.Add(10 * time.Second) {
			if i > 0 {
				h.core.Sweep(next)
			}
			h.now = next
		}
		h.now = at
		var b telemetry.Batch
		for _, m := range all {
			v := m.value(i)
			if math.IsNaN(v) && !value.IsStaleNaN(v) {
				continue
			}
			s := next(&b, m.labels)
			s.Samples = append(s.Samples, telemetry.Sample{T: at.UnixMilli(), V: v})
		}
		if x, sent := requests(i); sent {
			s := next(&b, labels.FromStrings("__name__", "took_seconds", "service", "pay"))
			if x == nil {
				s.Samples = append(s.Samples, telemetry.Sample{T: at.UnixMilli(), V: math.Float64frombits(value.StaleNaN)})
			} else {
				s.Histograms = append(s.Histograms, telemetry.HistogramSample{T: at.UnixMilli(), Int: x})
			}
		}
		if res, err := h.core.Write(t.Context(), &b); err != nil || res.RefusedTotal() > 0 {
			t.Fatalf("write: %+v, %v", res, err)
		}
		drain()
	}
	sorted := func(lines []string) string {
		slices.Sort(lines)
		return strings.Join(lines, "")
	}
	want := sorted(live)
	for what, sign := range map[string]string{"a group": "kind group", "a silence": "kind missing", "a quantile": `quantile="0.5"`, "a rate": "orders_total",
		"a native histogram": `{__name__="took_seconds", quantile="0.99"`, "its count": "took_seconds_count", "a series of another step": `"g6"`, "one that has ended": `"g8"`} {
		if !strings.Contains(want, sign) {
			t.Errorf("live told of %d things and not of %s", len(live), what)
		}
	}
	bank := h.core.BankForTest()
	if start := bank.Start(bank.Lookup(labels.FromStrings("__name__", "g0", "service", "cart"))); start.Series == 0 {
		t.Error("the family of a series that was born late was not known")
	}
	for _, workers := range []int{1, 3} {
		rows := storedRows(t, h, workers, told{}, `{service=~".+"}`)
		if got := sorted(slices.Collect(strings.Lines(rows))); got != want {
			t.Errorf("%d workers: first difference: %s", workers, firstDifference(got, want))
		}
	}
	// By budgets of their own they would open more.
	alone := 0
	for _, m := range market() {
		var samples []telemetry.Sample
		for i := range marketSteps {
			if v := m.value(i); !math.IsNaN(v) {
				samples = append(samples, telemetry.Sample{T: from.Add(time.Duration(i) * time.Minute).UnixMilli(), V: v})
			}
		}
		if m.labels.Has("le") {
			continue
		}
		detector.Replay(h.config.Detector, m.labels, samples, func(v detector.Verdict) {
			if v.Phase == detector.PhaseOpened {
				alone++
			}
		})
	}
	opened := strings.Count(want, " opened ") - strings.Count(want, "kind group") - strings.Count(want, "quantile=")
	if opened >= alone {
		t.Errorf("got %d episodes with shared budgets, want fewer than the %d without", opened, alone)
	}
}
