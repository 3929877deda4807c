package detector_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// stopping is Poisson counts, as a gauge of so many a sample or as their sum, which from some sample on are
// as many times as many.
type stopping struct {
	mean  float64
	total bool
	step  int64 // seconds
	days  int
	times float64
}

// play gives the samples of a seed to a new bank, and so many after the change. It returns after how many of
// those the first episode opened, 0 for none, how many did, and the explanation of the last sample.
func (c stopping) play(t *testing.T, seed uint64, after int) (first, opened int, last detector.Explanation) {
	t.Helper()
	r, b, name, sum := rand.New(rand.NewPCG(seed, 51)), newBank(t), "queue", 0.0
	if c.total {
		name = "requests_total"
	}
	slot := b.Register(gauge(name))
	before := (c.days*86400 - r.IntN(8*3600)) / int(c.step)
	for i := range before + after {
		mean := c.mean
		if i >= before {
			mean *= c.times
		}
		x := poisson(r, mean)
		if sum += x; c.total {
			x = sum
		}
		at := start + int64(i)*c.step*1000
		if i == before+after-1 {
			last, _ = b.Explain(slot, at, x)
		}
		if v, tell := b.Observe(slot, at, x); i >= before && tell && v.Phase == detector.PhaseOpened {
			if opened++; first == 0 {
				first = i - before + 1
			}
		}
	}
	return first, opened, last
}

// Five requests a sample that stop are no less a failure than a thousand. They were told at no step, for one zero
// among fives is ordinary, and charts expected far larger deviations than noise has.
func TestTraffic_OfFewRequests_ThatStops_IsOneEpisode(t *testing.T) {
	for _, c := range []struct {
		stopping
		within int // samples
	}{
		{stopping{mean: 5, step: 15, days: 8}, 32},
		{stopping{mean: 5, step: 60, days: 12}, 24},
		{stopping{mean: 5, step: 300, days: 20}, 16},
		{stopping{mean: 3, total: true, step: 15, days: 8}, 48},
		{stopping{mean: 12, total: true, step: 60, days: 12}, 8},
		{stopping{mean: 60, total: true, step: 300, days: 20}, 2},
	} {
		for seed := range uint64(5) {
			first, opened, _ := c.play(t, seed, int(12*3600/c.step))
			if first == 0 || first > c.within || opened != 1 {
				t.Errorf("%+v, seed %d: told after %d samples, want %d at most; %d episodes in twelve hours, want one", c.stopping, seed, first, c.within, opened)
			}
		}
	}
}

// Where most counts are zero anyway, zeros in a row say nothing.
func TestTraffic_OfNextToNothing_ThatRests_IsNotTold(t *testing.T) {
	for _, c := range []stopping{{mean: 0.3, step: 15, days: 8}, {mean: 0.3, step: 60, days: 12}, {mean: 0.3, total: true, step: 60, days: 12}} {
		for seed := range uint64(5) {
			if first, _, last := c.play(t, seed, 60); first != 0 || !strings.Contains(last.String(), "the value is zero, and less than 1 units from normal") {
				t.Errorf("%+v, seed %d: told after %d samples\n%s", c, seed, first, last)
			}
		}
	}
}

// Half of the traffic that is gone is more than three deviations a sample, and ten in six of them.
func TestTraffic_Halved_IsToldSoon(t *testing.T) {
	for step, within := range map[int64]int{15: 12, 60: 10, 300: 6} {
		for seed := range uint64(5) {
			c := stopping{mean: 50, step: step, days: map[int64]int{15: 8, 60: 12, 300: 20}[step], times: 0.5}
			if first, _, last := c.play(t, seed, within); first == 0 {
				t.Errorf("step %d s, seed %d: not told within %d samples\n%s", step, seed, within, last)
			}
		}
	}
}

// What a run of zeros comes to is in the explanation, and follows from its numbers.
func TestExplanation_RunOfZeros_HasItsBonus(t *testing.T) {
	_, _, e := stopping{mean: 5, step: 60, days: 12}.play(t, 1, 40)
	for _, x := range e.Evidence {
		if x.Channel == "still" {
			if x.Silent != "" || x.Size < 38 || x.Bonus != detector.DefaultParameters().Evidence.ZeroBonus {
				t.Errorf("got %+v", x)
			}
			if want := fmt.Sprintf("%+.4g of it as bonus", x.Bonus); !strings.Contains(e.String(), want) {
				t.Errorf("want %q in\n%s", want, e)
			}
			return
		}
	}
	t.Errorf("no word of the run in\n%s", e)
}
