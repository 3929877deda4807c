package detector_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/telemetry"
)

// world is a bank with services, groups and histograms that writes down all it says.
type world struct {
	bank   *detector.Bank
	slots  []detector.Slot
	native detector.Slot
	said   []string
}

func newWorld(t *testing.T) *world {
	w := new(world)
	c := detector.DefaultConfig()
	c.EvictAfter, c.TimeZone = yamldoc.Duration(0), "Australia/Lord_Howe"
	var err error
	w.bank, err = detector.NewBank(c, detector.WithServices(byService), detector.WithGroups(func(v detector.Verdict) { w.say(v) }))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// say writes a verdict down by labels, for slots may differ.
func (w *world) say(v detector.Verdict) {
	group := ""
	if v.Group != nil {
		group = v.Group.Service
		for _, x := range v.Group.Guilty {
			group += fmt.Sprint(x.Labels, x.Rarity, x.Share)
		}
	}
	l := w.bank.Labels(v.Slot)
	v.Slot, v.Group = 0, nil
	w.said = append(w.said, fmt.Sprintf("%s %s %+v", l, group, v))
}

func (w *world) register(names []labels.Labels) {
	w.slots = nil
	for _, l := range names {
		w.slots = append(w.slots, w.bank.Register(l))
	}
	w.native = w.bank.RegisterHistogram(of("a", "native"))
}

func (w *world) judge(i int, t int64, v float64) {
	if w.slots[i].Bucket() {
		w.bank.JudgeAll(w.slots[i], t, v, w.say)
		return
	}
	verdict, why := w.bank.Judge(w.slots[i], t, v)
	w.said = append(w.said, why)
	w.say(verdict)
}

// A checkpoint between any two samples, in the middle of a round of a histogram too, of
// services with budgets that are spent, groups that hold what is odd, open episodes and
// silences: what is said for the next hundred rows is what would have been.
func TestCheckpoint_BetweenAnyTwoSamples_AllThatIsSaidIsTheSame(t *testing.T) {
	for seed, step := range []time.Duration{15 * time.Second, 5 * time.Minute} {
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		limits := []float64{.1, .3, 1, 3, math.Inf(1)}
		var names []labels.Labels
		for i := range 8 {
			names = append(names, of("a", fmt.Sprint("m", i)))
		}
		names = append(names, of("a", "requests_total"), of("b", "spends"))
		plain := len(names)
		for _, x := range limits {
			names = append(names, labels.FromStrings("__name__", "took_bucket", "service", "a", "le", le(x)))
		}
		whole, restored, cuts, said := newWorld(t), (*world)(nil), 0, 0
		whole.register(names)
		all := func(do func(*world)) {
			if do(whole); restored != nil {
				do(restored)
			}
		}
		counts, total, since := make([]float64, len(limits)), 0.0, 0
		native := &histogram.FloatHistogram{PositiveSpans: []histogram.Span{{Offset: -3, Length: 6}}, PositiveBuckets: make([]float64, 6)}
		for row := range 1500 {
			at := start + int64(row)*step.Milliseconds()
			incident, gap := row%200 > 190, row%500 > 470
			for range 30 {
				x := 0.3 * r.ExpFloat64()
				if incident {
					x *= 6
				}
				for k, limit := range limits {
					if x <= limit {
						counts[k]++
					}
				}
				native.PositiveBuckets[min(5, int(3*x))]++
				native.Count, native.Sum = native.Count+1, native.Sum+x
			}
			cut := -1
			if restored == nil && row > 300 && r.IntN(40) == 0 {
				cut = r.IntN(len(names))
			}
			for i := range names {
				if i == cut {
					var file bytes.Buffer
					if err := whole.bank.Checkpoint(&file); err != nil {
						t.Fatal(err)
					}
					restored = newWorld(t)
					if err := restored.bank.Restore(&file); err != nil {
						t.Fatal(err)
					}
					restored.register(names)
					whole.said, since = nil, row
					cuts++
				}
				if gap && i%2 == 0 || gap && i >= plain || i < plain && r.IntN(100) == 0 {
					continue
				}
				x := 100 + r.NormFloat64()
				switch {
				case i >= plain:
					x = counts[i-plain]
				case i == 8:
					total += 10 + r.Float64()
					x = total
				case i == 9 && row%300 < 3:
					x += 80
				case i < 6 && incident:
					x += 4 + 2*r.Float64()
				}
				all(func(w *world) { w.judge(i, at+int64(i), x) })
			}
			all(func(w *world) {
				if !gap {
					w.bank.JudgeHistogram(w.native, telemetry.HistogramSample{T: at + 200, Float: native.Copy()}, w.say)
				}
				for t := at + 10_000; t < at+step.Milliseconds(); t += 60_000 {
					w.bank.Sweep(t, w.say)
				}
				w.said = append(w.said, fmt.Sprint(w.bank.Services(at)))
			})
			if restored == nil {
				whole.said = whole.said[:0]
				continue
			}
			if want, got := fmt.Sprintf("%q", whole.said), fmt.Sprintf("%q", restored.said); got != want {
				t.Fatalf("step %v, cut in row %d, row %d: first difference %s", step, since, row, differ(got, want))
			}
			said += len(whole.said)
			whole.said, restored.said = whole.said[:0], restored.said[:0]
			if row > since+100 {
				restored = nil
			}
		}
		if cuts < 6 || said < 10_000 {
			t.Errorf("step %v: %d cuts and %d words compared", step, cuts, said)
		}
	}
}

// differ shows where two texts part.
func differ(got, want string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			from := max(0, i-80)
			return fmt.Sprintf("got %s, want %s", got[from:min(len(got), i+120)], want[from:min(len(want), i+120)])
		}
	}
	return fmt.Sprintf("in length: %d and %d", len(got), len(want))
}
