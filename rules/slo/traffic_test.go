package slo_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/tocsinhq/tocsin/rules/slo"
)

// sim is traffic in steps of five minutes, as sums from the beginning.
type sim struct{ all, bad []float64 }

const simStep = 5 * time.Minute

func simulate(r *rand.Rand, perHour, share float64, length time.Duration) sim {
	n := int(length / simStep)
	s := sim{make([]float64, n+1), make([]float64, n+1)}
	arrivals := distuv.Poisson{Lambda: perHour * simStep.Hours(), Src: r}
	for i := range n {
		all := arrivals.Rand()
		bad := 0.0
		if all > 0 && share > 0 {
			bad = distuv.Binomial{N: all, P: share, Src: r}.Rand()
		}
		s.all[i+1], s.bad[i+1] = s.all[i]+all, s.bad[i]+bad
	}
	return s
}

// over returns what happened in the window that ends with step i.
func (s sim) over(i int, window time.Duration) (bad, all float64) {
	from := max(0, i-int(window/simStep))
	return s.bad[i] - s.bad[from], s.all[i] - s.all[from]
}

// fires applies an alert as its PromQL does. plain leaves out what is asked at low
// traffic, which is the workbook's alert.
func (s sim) fires(i int, b slo.Burn, budget float64, low slo.LowTraffic, plain bool) bool {
	bad, all := s.over(i, b.Long)
	if all == 0 || bad/all/budget <= b.Rate {
		return false
	}
	badNow, allNow := s.over(i, b.Short)
	calm := allNow > 0 && badNow/allNow/budget <= b.Rate
	if plain {
		return allNow > 0 && !calm
	}
	return !calm && bad >= low.MinBad && slo.Evidence(bad, all, budget) > -math.Log(1-low.Confidence)
}

// starts counts how often any critical alert began.
func (s sim) starts(burns []slo.Burn, budget float64, low slo.LowTraffic, plain bool) (n int, first time.Duration) {
	was := false
	for i := 1; i < len(s.all); i++ {
		on := false
		for _, b := range burns {
			on = on || b.Severity == "critical" && s.fires(i, b, budget, low, plain)
		}
		if on && !was {
			if n++; n == 1 {
				first = time.Duration(i) * simStep
			}
		}
		was = on
	}
	return n, first
}

const year = 365 * 24 * time.Hour

// TestLowTraffic_ServiceThatKeepsItsObjective_DoesNotPage runs services that use
// up their budget evenly, the most that is still right, for ten years each.
func TestLowTraffic_ServiceThatKeepsItsObjective_DoesNotPage(t *testing.T) {
	low := slo.DefaultLowTraffic()
	for _, target := range []float64{0.99, 0.999, 0.9999} {
		burns := slo.DefaultBurns(target, 30*24*time.Hour)
		for _, perHour := range []float64{1, 5, 60, 1000, 20_000} {
			s := simulate(rand.New(rand.NewPCG(7, uint64(perHour))), perHour, 1-target, 10*year)
			got, _ := s.starts(burns, 1-target, low, false)
			plain, _ := s.starts(burns, 1-target, low, true)
			t.Logf("%.2f%% at %v an hour: %d pages in ten years, %d of the plain alert", 100*target, perHour, got, plain)
			if got > 3 {
				t.Errorf("%.2f%% at %v an hour: %d pages in ten years, want at most 3", 100*target, perHour, got)
			}
		}
	}
}

// TestLowTraffic_ServiceThatFails_PagesInTime breaks services after a week.
func TestLowTraffic_ServiceThatFails_PagesInTime(t *testing.T) {
	low := slo.DefaultLowTraffic()
	for _, c := range []struct {
		perHour, share float64
		within         time.Duration
	}{
		{5, 1, 2 * time.Hour}, {5, 0.5, 5 * time.Hour},
		{60, 1, 15 * time.Minute}, {60, 0.2, 75 * time.Minute}, {60, 0.05, 6 * time.Hour},
		{1000, 0.2, 15 * time.Minute}, {1000, 0.02, 2 * time.Hour},
		{20_000, 0.02, time.Hour}, {20_000, 0.01, 8 * time.Hour},
	} {
		budget := 0.001
		burns := slo.DefaultBurns(1-budget, 30*24*time.Hour)
		var worst, sum time.Duration
		for seed := range uint64(40) {
			r := rand.New(rand.NewPCG(seed, 3))
			s := simulate(r, c.perHour, budget/4, 7*24*time.Hour)
			broken := simulate(r, c.perHour, c.share, 24*time.Hour)
			at := len(s.all) - 1
			for i := 1; i < len(broken.all); i++ {
				s.all, s.bad = append(s.all, s.all[at]+broken.all[i]), append(s.bad, s.bad[at]+broken.bad[i])
			}
			_, first := s.starts(burns, budget, low, false)
			delay := first - 7*24*time.Hour
			if first == 0 {
				delay = 24 * time.Hour
			}
			worst, sum = max(worst, delay), sum+delay
		}
		t.Logf("%v an hour, %.0f%% of them bad: after %s on average, %s at worst", c.perHour, 100*c.share, sum/40, worst)
		if worst > c.within {
			t.Errorf("%v an hour, %.0f%% of them bad: %s at worst, want %s", c.perHour, 100*c.share, worst, c.within)
		}
	}
}

func trimmed(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }
