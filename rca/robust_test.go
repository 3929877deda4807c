package rca_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestRank_BadSeries_DoNoHarm(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, v := range map[string]func(i int) float64{
		"NaN":          func(int) float64 { return nan },
		"infinite":     func(i int) float64 { return math.Copysign(inf, float64(i%2)-0.5) },
		"huge":         func(i int) float64 { return math.Copysign(math.MaxFloat64, float64(i%2)-0.5) },
		"tiny":         func(i int) float64 { return 5e-324 * float64(i%3) },
		"constant":     func(int) float64 { return 3 },
		"zero":         func(int) float64 { return 0 },
		"mixed":        func(i int) float64 { return []float64{nan, 1, inf, 2}[i%4] },
		"negative":     func(i int) float64 { return -1e6 - float64(i%7) },
		"almost empty": func(i int) float64 { return map[bool]float64{true: 1, false: nan}[i > 418] },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(9, "checkout")
			w.service("checkout", 20, noon)
			w.change("true", "checkout", time.Minute)
			s := rca.Series{Service: "odd", Signal: "x", Bad: 1}
			for i := range 421 {
				s.Points = append(s.Points, telemetry.Sample{T: noon.Add(-200*time.Minute + time.Duration(i)*step).UnixMilli(), V: v(i)})
			}
			short := rca.Series{Service: "odd", Signal: "short", Bad: -1, Points: s.Points[:3]}
			w.in.Series = append(w.in.Series, s, short, rca.Series{Service: "odd", Signal: "empty"})
			w.change("odd", "odd", 2*time.Minute)
			r := w.rank()
			sane(t, r)
			if top(r) != "true" {
				t.Errorf("got\n%s", show(r))
			}
		})
	}
}

func TestRank_IndependentOfUnits(t *testing.T) {
	scaled := func(k float64) rca.Ranking {
		w := newWorld(10, "checkout")
		for _, s := range []string{"checkout", "stock"} {
			s := s
			w.signal(s, "p95_latency", "seconds", func(t time.Time) float64 {
				if t.Before(noon) || s == "stock" {
					return 0.2
				}
				return 0.5
			})
			w.change(s, s, 3*time.Minute)
		}
		for i := range w.in.Series {
			for j := range w.in.Series[i].Points {
				w.in.Series[i].Points[j].V *= k
			}
		}
		return w.rank()
	}
	want := scaled(1)
	for _, k := range []float64{1e-6, 1e3, 1e12} {
		got := scaled(k)
		for i := range want.Findings {
			if d := got.Findings[i].LogOdds - want.Findings[i].LogOdds; got.Findings[i].Title != want.Findings[i].Title || math.Abs(d) > 1e-6 {
				t.Errorf("times %g: row %d moved by %v", k, i, d)
			}
		}
	}
}

func TestRank_SameInputSameOutput_WhateverTheOrder(t *testing.T) {
	w := newWorld(11, "checkout")
	w.service("checkout", 20, noon)
	w.change("true", "checkout", time.Minute)
	for i := range 30 {
		w.change(fmt.Sprintf("c%02d", i), "dark", 5*time.Minute)
	}
	want := w.rank()
	sane(t, want)
	if len(want.Findings) != 20 || want.Findings[2].Change == nil || want.Findings[2].Change.ID != "c00" {
		t.Errorf("got %d rows\n%s", len(want.Findings), show(want))
	}
	for range 5 {
		w.rnd.Shuffle(len(w.in.Changes), func(i, j int) { w.in.Changes[i], w.in.Changes[j] = w.in.Changes[j], w.in.Changes[i] })
		w.rnd.Shuffle(len(w.in.Series), func(i, j int) { w.in.Series[i], w.in.Series[j] = w.in.Series[j], w.in.Series[i] })
		if d := cmp.Diff(want, w.rank()); d != "" {
			t.Fatalf("-first +shuffled:\n%s", d)
		}
	}
}

func TestRank_OnsetOffByAMinute(t *testing.T) {
	for _, shift := range []time.Duration{-time.Minute, 0, time.Minute} {
		for seed := range uint64(10) {
			w := newWorld(seed, "checkout")
			w.service("checkout", 20, noon)
			w.change("true", "checkout", 30*time.Second)
			w.service("ads", 1, noon)
			w.change("ads", "ads", 10*time.Second)
			w.change("older", "checkout", 50*time.Minute)
			w.in.Onset = noon.Add(shift)
			r := w.rank()
			sane(t, r)
			if top(r) != "true" || r.Findings[0].Probability < 0.6 {
				t.Fatalf("shift %s seed %d:\n%s", shift, seed, show(r))
			}
		}
	}
}

func TestRank_DirectionMatters(t *testing.T) {
	for _, c := range []struct {
		bad  int
		want string
	}{{1, "true"}, {-1, "none"}} {
		w := newWorld(12, "checkout")
		w.service("checkout", 20, noon)
		for i := range w.in.Series {
			w.in.Series[i].Bad = c.bad
		}
		w.change("true", "checkout", time.Minute)
		if r := w.rank(); top(r) != c.want {
			t.Errorf("bad %d: got\n%s", c.bad, show(r))
		}
	}
}

func BenchmarkRank_1000Series(b *testing.B) {
	w := newWorld(1, "s0")
	for i := range 200 {
		for j := range 5 {
			w.signal(fmt.Sprintf("s%d", i), fmt.Sprintf("m%d", j), "", func(time.Time) float64 { return 1 })
		}
		if i < 25 {
			w.change(fmt.Sprintf("c%d", i), fmt.Sprintf("s%d", i), time.Duration(i)*time.Minute)
		}
	}
	for b.Loop() {
		w.rank()
	}
}

func TestRank_Availability_IsJudgedByItsComplement(t *testing.T) {
	for unit, full := range map[string]float64{"percent": 100, "ratio": 1} {
		w := newWorld(13, "checkout")
		s := rca.Series{Service: "checkout", Signal: "availability", Unit: unit, Bad: -1}
		for at := noon.Add(-200 * time.Minute); !at.After(w.in.At); at = at.Add(step) {
			v := full
			if !at.Before(noon) {
				v = 0.96 * full
			}
			s.Points = append(s.Points, telemetry.Sample{T: at.UnixMilli(), V: v})
		}
		w.in.Series = append(w.in.Series, s)
		w.change("true", "checkout", time.Minute)
		r := w.rank()
		sane(t, r)
		e := row(t, r, "true").Evidence
		if top(r) != "true" || len(e) != 1 || e[0].Z < 40 || float64(e[0].Before) != full || math.Abs(float64(e[0].After)-0.96*full) > 1e-9 {
			t.Errorf("%s: evidence %+v\n%s", unit, e, show(r))
		}
	}
}

func TestRank_TinyShareOfErrors_IsNothing(t *testing.T) {
	w := newWorld(14, "checkout")
	w.signal("checkout", "error_rate", "ratio", func(at time.Time) float64 {
		if at.Before(noon) {
			return 0
		}
		return 0.0004
	})
	w.change("own", "checkout", time.Minute)
	x := term(t, row(t, w.rank(), "own"), "effect")
	if x.Points > -2.9 || !strings.HasPrefix(x.Text, "no signal of checkout got worse") {
		t.Errorf("got %+v", x)
	}
}

func TestRank_OneSpike_IsNoEffect(t *testing.T) {
	w := newWorld(15, "checkout")
	w.signal("checkout", "p95_latency", "seconds", func(at time.Time) float64 {
		if at.Equal(noon.Add(time.Minute)) {
			return 50
		}
		return 0.2
	})
	w.in.At = noon.Add(3 * time.Minute)
	w.change("own", "checkout", time.Minute)
	if r := w.rank(); top(r) != "none" {
		t.Errorf("got\n%s", show(r))
	}
}

func TestRank_Neutral_MovesCountHalf(t *testing.T) {
	z := func(bad int, factor float64) float64 {
		w := newWorld(16, "checkout")
		w.signal("checkout", "request_rate", "per_second", func(at time.Time) float64 {
			if at.Before(noon) {
				return 100
			}
			return 100 * factor
		})
		w.in.Series[0].Bad = bad
		w.change("own", "checkout", time.Minute)
		return float64(row(t, w.rank(), "own").Evidence[0].Z)
	}
	if up, neutral := z(1, 3), z(0, 3); math.Abs(neutral-up/2) > 1e-9 {
		t.Errorf("up is bad: %v, neither: %v; want half", up, neutral)
	}
	if down := z(0, 0.2); down < 3 {
		t.Errorf("a fall of a neutral signal: %v, want it to count", down)
	}
}

func TestRank_FineLeak_IsThinned(t *testing.T) {
	w := newWorld(17, "worker")
	from := noon.Add(-110 * time.Minute)
	w.in.Onset, w.in.Step = noon, 5*time.Second
	s := rca.Series{Service: "worker", Signal: "memory_percent", Unit: "percent", Bad: 1}
	for at := noon.Add(-200 * time.Minute); !at.After(w.in.At); at = at.Add(5 * time.Second) {
		s.Points = append(s.Points, telemetry.Sample{T: at.UnixMilli(), V: 30 + max(at.Sub(from).Minutes(), 0)*0.5 + w.rnd.NormFloat64()})
	}
	w.in.Series = append(w.in.Series, s)
	w.change("leak", "worker", 110*time.Minute)
	r := w.rank()
	if top(r) != "leak" || !strings.Contains(term(t, r.Findings[0], "time").Text, "memory_percent has climbed ever since") {
		t.Errorf("got\n%s", show(r))
	}
}

// Trouble that is over for longer than it lasted: the figures are of the time of which
// z was taken, and not of what is usual again.
func TestRank_TroubleHalfOver_FiguresAreThoseOfZ(t *testing.T) {
	w := newWorld(21, "pay")
	w.in.At = noon.Add(50 * time.Minute)
	w.signal("pay", "p99_latency", "seconds", func(at time.Time) float64 {
		if at.Before(noon) || at.After(noon.Add(15*time.Minute)) {
			return 0.25
		}
		return 0.9
	})
	w.change("true", "pay", time.Minute)
	r := w.rank()
	sane(t, r)
	f := row(t, r, "true")
	if e := f.Evidence; len(e) != 1 || e[0].Z < 20 || e[0].After < 0.7 || e[0].Before > 0.3 {
		t.Errorf("got evidence %+v, want it to have gone from 0.25 to 0.9", e)
	}
	if x := term(t, f, "effect").Text; strings.Contains(x, "to 2") {
		t.Errorf("got %q", x)
	}
	for _, c := range r.Suspects {
		for _, e := range c.Evidence {
			if e.Signal == "p99_latency" && e.Z > 20 && e.After < 0.7 {
				t.Errorf("of the service: got %+v", e)
			}
		}
	}
}
