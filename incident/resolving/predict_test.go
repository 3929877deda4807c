package resolving_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident/resolving"
)

// world makes incidents of some services, each with its own way of lasting.
type world struct {
	name   string
	lasts  func(r *rand.Rand, service int) time.Duration
	p80    [2]float64 // bounds of the share that ends within P80
	better float64    // by which part the pinball loss is below that of the plain median and P80
}

func lognormal(r *rand.Rand, median time.Duration, sigma float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(sigma*r.NormFloat64()))
}

var worlds = []world{
	{"lognormal by service", func(r *rand.Rand, service int) time.Duration {
		return lognormal(r, []time.Duration{6 * time.Minute, 30 * time.Minute, 3 * time.Hour}[service], 0.9)
	}, [2]float64{0.74, 0.88}, 0.15},
	{"lognormal, all alike", func(r *rand.Rand, _ int) time.Duration {
		return lognormal(r, 40*time.Minute, 1.2)
	}, [2]float64{0.74, 0.88}, -0.05},
	{"mixed: healed by itself or by a person", func(r *rand.Rand, service int) time.Duration {
		if r.Float64() < []float64{0.9, 0.5, 0.2}[service] {
			return lognormal(r, 4*time.Minute, 0.4)
		}
		return lognormal(r, 2*time.Hour, 0.7)
	}, [2]float64{0.74, 0.88}, 0.10},
}

// pinball is the loss of a quantile q that was told to be guess.
func pinball(q float64, got, guess time.Duration) float64 {
	d := math.Log(got.Seconds()) - math.Log(guess.Seconds())
	if d >= 0 {
		return q * d
	}
	return (q - 1) * d
}

func plain(past []resolving.Case, q float64) time.Duration {
	var all []time.Duration
	for _, c := range past {
		all = append(all, c.Lasted)
	}
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))]
}

// Quantiles from the past of made-up services hold what they say, and beat those
// that take all incidents for one kind.
func TestPredict_SimulatedWorlds_CoverageAndPinballLoss(t *testing.T) {
	services, severities := []string{"cache", "pay", "batch"}, []string{"warning", "critical"}
	for _, w := range worlds {
		for _, n := range []int{12, 60, 300} {
			r := rand.New(rand.NewPCG(7, uint64(n)))
			within, ours, theirs, asked := 0, 0.0, 0.0, 0
			for range 1200 {
				var past []resolving.Case
				for range n {
					s := r.IntN(3)
					past = append(past, resolving.Case{Service: services[s], Severity: severities[r.IntN(2)], Lasted: w.lasts(r, s)})
				}
				s := r.IntN(3)
				got := w.lasts(r, s)
				f := resolving.Predict(resolving.Asked{Service: services[s], Severity: severities[r.IntN(2)]}, past)
				if !f.Known() {
					continue
				}
				asked++
				if got <= f.P80 {
					within++
				}
				ours += pinball(0.5, got, f.P50) + pinball(0.8, got, f.P80)
				theirs += pinball(0.5, got, plain(past, 0.5)) + pinball(0.8, got, plain(past, 0.8))
			}
			coverage, gain := float64(within)/float64(asked), 1-ours/theirs
			t.Logf("%-40s %3d past: P80 holds %.3f, pinball loss %.3f against %.3f (%+.0f%%), %d asked", w.name, n, coverage, ours/float64(asked), theirs/float64(asked), 100*gain, asked)
			if coverage < w.p80[0] || coverage > w.p80[1] {
				t.Errorf("%s, %d past: P80 holds for %.3f, want %.2f to %.2f", w.name, n, coverage, w.p80[0], w.p80[1])
			}
			if n >= 60 && gain < w.better {
				t.Errorf("%s, %d past: pinball loss is better by %.3f than that of all as one kind, want %.2f", w.name, n, gain, w.better)
			}
		}
	}
}

func cases(n int, lasted func(i int) time.Duration) []resolving.Case {
	out := make([]resolving.Case, n)
	for i := range out {
		out[i] = resolving.Case{Service: "pay", Severity: "critical", Lasted: lasted(i)}
	}
	return out
}

var pay = resolving.Asked{Service: "pay", Severity: "critical"}

func TestPredict_FewerThanFive_NotEnoughHistory(t *testing.T) {
	f := resolving.Predict(pay, cases(4, func(int) time.Duration { return time.Hour }))
	if f.Known() || f.P50 != 0 || f.BasedOn != 4 || !strings.Contains(f.Reason, "not enough history: 4 comparable") {
		t.Errorf("got %+v, want no figures and the reason", f)
	}
	others := []resolving.Case{}
	for range 50 {
		others = append(others, resolving.Case{Service: "web", Severity: "warning", Lasted: time.Minute})
	}
	if f := resolving.Predict(pay, others); f.Known() || f.BasedOn != 0 {
		t.Errorf("fifty incidents that have nothing in common: got %+v, want no figures", f)
	}
}

// What has lasted longer is expected to last longer still.
func TestPredict_Elapsed_RemainingGrows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	past := cases(40, func(int) time.Duration { return lognormal(r, 20*time.Minute, 1.2) })
	var before time.Duration
	for _, elapsed := range []time.Duration{0, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour} {
		a := pay
		a.Elapsed = elapsed
		f := resolving.Predict(a, past)
		left := resolving.Remaining(f.P50, elapsed)
		if f.P50 < elapsed || f.P80 < f.P50 || f.P95 < f.P80 {
			t.Errorf("after %s: got %+v, want rising quantiles not below it", elapsed, f)
		}
		if elapsed > 0 && left <= before/2 {
			t.Errorf("after %s: %s left, before %s: what is heavy-tailed must not shrink like that", elapsed, left, before)
		}
		before = left
	}
}

// Ten that have gone on for a day already say that it takes longer, though none of
// them has ended.
func TestPredict_OpenOnes_CountAsAtLeastSoLong(t *testing.T) {
	ended := cases(10, func(i int) time.Duration { return time.Duration(10+i) * time.Minute })
	f := resolving.Predict(pay, ended)
	open := cases(10, func(int) time.Duration { return 24 * time.Hour })
	for i := range open {
		open[i].Open = true
	}
	g := resolving.Predict(pay, append(ended, open...))
	if g.BasedOn != 10 || g.P80 < 2*f.P80 {
		t.Errorf("with ten open for a day: got %+v, want P80 far above %s, based on 10", g, f.P80)
	}
}

// What resembled ten of fifty incidents lasts as they did.
func TestPredict_Similar_Counts(t *testing.T) {
	past := cases(40, func(int) time.Duration { return 5 * time.Minute })
	for range 10 {
		past = append(past, resolving.Case{Service: "pay", Severity: "critical", Lasted: 3 * time.Hour, Similarity: 0.95})
	}
	f := resolving.Predict(pay, past)
	for i := range past {
		past[i].Similarity = 0
	}
	if g := resolving.Predict(pay, past); f.P80 < 2*g.P80 && f.P50 <= g.P50 {
		t.Errorf("got %+v with likeness and %+v without, want longer with it", f, g)
	}
}

func TestPredict_SameInput_SameOutput(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	past := cases(200, func(int) time.Duration { return lognormal(r, time.Hour, 1) })
	if f, g := resolving.Predict(pay, past), resolving.Predict(pay, past); f != g {
		t.Errorf("got %+v and %+v", f, g)
	}
}

func TestPredict_NothingLeft_SaysSo(t *testing.T) {
	a := pay
	a.Elapsed = 80 * 24 * time.Hour
	f := resolving.Predict(a, cases(10, func(int) time.Duration { return time.Minute }))
	if f.Known() || !strings.Contains(f.Reason, "longer than any") {
		t.Errorf("got %+v", f)
	}
}
