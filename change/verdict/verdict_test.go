package verdict_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/change/verdict"
)

var t0 = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

const step = 2 * time.Minute

// day is a service with a day of history and an hour since its change; value gives
// the value of a block, counted from the change.
func day(name string, bad int, value func(random *rand.Rand, block int) float64) verdict.Input {
	random := rand.New(rand.NewPCG(1, 2))
	s := verdict.Signal{Name: name, Bad: bad}
	for i := -720; i < 33; i++ {
		s.Values = append(s.Values, value(random, i))
	}
	began := t0.Add(720 * step)
	return verdict.Input{First: t0, Step: step, Began: began, Ended: began, Signals: []verdict.Signal{s}}
}

// watch judges after every block and returns the first final verdict.
func watch(in verdict.Input) verdict.Verdict {
	var v verdict.Verdict
	for in.At = in.Began; !v.Final; in.At = in.At.Add(step) {
		v = verdict.Judge(verdict.DefaultConfig(), in)
	}
	return v
}

func noise(level, scale float64) func(*rand.Rand, int) float64 {
	return func(r *rand.Rand, _ int) float64 { return level + scale*r.NormFloat64() }
}

// since adds to the values since the change.
func since(f func(*rand.Rand, int) float64, shift float64) func(*rand.Rand, int) float64 {
	return func(r *rand.Rand, i int) float64 {
		if i >= 0 {
			return f(r, i) + shift
		}
		return f(r, i)
	}
}

func TestJudge_Words(t *testing.T) {
	steady := noise(100, 2)
	for name, tt := range map[string]struct {
		in     verdict.Input
		state  verdict.State
		reason string
		within time.Duration
	}{
		"nothing changed":         {day("p95_latency", 1, steady), verdict.Healthy, "no signal is worse", 30 * time.Minute},
		"latency leaps":           {day("p95_latency", 1, since(steady, 40)), verdict.Faulty, "p95_latency went from 99.", 20 * time.Minute},
		"latency falls":           {day("p95_latency", 1, since(steady, -40)), verdict.Healthy, "no signal", 30 * time.Minute},
		"availability falls":      {day("availability", -1, since(noise(0.99, 0.001), -0.2)), verdict.Faulty, "availability went", 20 * time.Minute},
		"less than anybody minds": {day("p95_latency", 1, since(steady, 1)), verdict.Healthy, "no signal", time.Hour + 2*step},
		"errors where there were none": {day("error_rate", 1, func(_ *rand.Rand, i int) float64 {
			if i >= 0 {
				return 0.3
			}
			return 0
		}), verdict.Faulty, "error_rate went from 0 to 0.3", 20 * time.Minute},
		"silence since": {day("p95_latency", 1, func(r *rand.Rand, i int) float64 {
			if i >= 0 {
				return math.NaN()
			}
			return steady(r, i)
		}), verdict.Undecided, "0 of 6 blocks since the change", 2 * time.Hour},
		"a morning like every other": {day("p95_latency", 1, func(r *rand.Rand, i int) float64 {
			return 100 + 30*math.Sin(2*math.Pi*float64(i)/180) + r.NormFloat64()
		}), verdict.Undecided, "", 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			v := watch(tt.in)
			if v.State != tt.state || !strings.Contains(v.Reason, tt.reason) {
				t.Errorf("got %s: %s; want %s: %s\n%+v", v.State, v.Reason, tt.state, tt.reason, v)
			}
			if took := v.At.Sub(tt.in.Ended); took > tt.within {
				t.Errorf("took %s, want %s at most", took, tt.within)
			}
		})
	}
}

func TestJudge_YoungIsCollecting(t *testing.T) {
	in := day("p95_latency", 1, noise(100, 2))
	in.At = in.Began.Add(6 * time.Minute)
	v := verdict.Judge(verdict.DefaultConfig(), in)
	if v.State != verdict.Collecting || v.Final || !strings.Contains(v.Reason, "of 6 blocks since the change") {
		t.Errorf("got %+v", v)
	}
	in.Ended = time.Time{} // still under way after three hours: no last word
	in.At = in.Began.Add(3 * time.Hour)
	if v := verdict.Judge(verdict.DefaultConfig(), in); v.Final {
		t.Errorf("a change that is under way: got the final %+v", v)
	}
}

func TestJudge_NothingKnown(t *testing.T) {
	in := verdict.Input{First: t0, Step: step, Began: t0, Ended: t0, At: t0.Add(2 * time.Hour)}
	v := verdict.Judge(verdict.DefaultConfig(), in)
	if v.State != verdict.Undecided || !v.Final || !strings.Contains(v.Reason, "no signal of the service is known") {
		t.Errorf("got %+v", v)
	}
}

func TestJudge_FewRequestsSayNothing(t *testing.T) {
	in := day("error_rate", 1, since(noise(0.01, 0.001), 0.5))
	in.Signals[0].PerRequest = true
	in.Requests = make([]float64, len(in.Signals[0].Values))
	for i := range in.Requests {
		in.Requests[i] = 0.005 // 18 in an hour
	}
	v := watch(in)
	if v.State != verdict.Undecided || !strings.Contains(v.Reason, "of 30 requests since the change") {
		t.Errorf("got %s: %s", v.State, v.Reason)
	}
	for i := range in.Requests {
		in.Requests[i] = 5
	}
	if v := watch(in); v.State != verdict.Faulty {
		t.Errorf("with many: got %s: %s", v.State, v.Reason)
	}
}

// TestJudge_ControlsExplain: a rise that the same hour of yesterday or the peers had
// too is not the change's; one beyond it is.
func TestJudge_ControlsExplain(t *testing.T) {
	common := rand.New(rand.NewPCG(3, 4))
	walk, x := make([]float64, 753), 0.0
	for i := range walk {
		x += common.NormFloat64()
		walk[i] = x
		if i >= 720 {
			walk[i] += 60
		}
	}
	with := func(shift float64, control bool) verdict.Verdict {
		in := day("p95_latency", 1, func(r *rand.Rand, i int) float64 {
			v := 200 + walk[i+720] + 0.5*r.NormFloat64()
			if i >= 0 {
				v += shift
			}
			return v
		})
		if control {
			in.Signals[0].Peers = [][]float64{walk}
		}
		return watch(in)
	}
	if v := with(0, false); v.State != verdict.Faulty {
		t.Errorf("without a control: got %s: %s", v.State, v.Reason)
	}
	if v := with(0, true); v.State == verdict.Faulty {
		t.Errorf("with one: got %s: %s", v.State, v.Reason)
	}
	if v := with(60, true); v.State != verdict.Faulty {
		t.Errorf("worse than the peers: got %s: %s", v.State, v.Reason)
	}
}

// TestJudge_NeverLooksAhead: blocks after the time of the look alter nothing.
func TestJudge_NeverLooksAhead(t *testing.T) {
	in := day("p95_latency", 1, noise(100, 2))
	in.At = in.Began.Add(30 * time.Minute)
	a := verdict.Judge(verdict.DefaultConfig(), in)
	for i := 720 + 15; i < len(in.Signals[0].Values); i++ {
		in.Signals[0].Values[i] = 1e6
	}
	if diff := cmp.Diff(a, verdict.Judge(verdict.DefaultConfig(), in)); diff != "" {
		t.Error(diff)
	}
}

// TestJudge_FalseAlarms: of changes that did nothing to ten noisy signals, looked at
// after every block, hardly any is called faulty.
func TestJudge_FalseAlarms(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	faulty, n := 0, 150
	for range n {
		in := verdict.Input{First: t0, Step: step, Began: t0.Add(200 * step), Ended: t0.Add(200 * step)}
		for k := range 10 {
			s := verdict.Signal{Name: string(rune('a' + k)), Bad: 1}
			x := 0.0
			for range 233 {
				x = 0.7*x + random.NormFloat64()
				s.Values = append(s.Values, 50+math.Exp(0.3*x))
			}
			in.Signals = append(in.Signals, s)
		}
		if watch(in).State == verdict.Faulty {
			faulty++
		}
	}
	if faulty > 3 {
		t.Errorf("%d of %d changes without effect are called faulty", faulty, n)
	}
}

func FuzzJudge(f *testing.F) {
	f.Add([]byte{1, 2, 3, 255, 0, 7}, uint8(3), int8(1))
	// As many infinite values as finite ones before the change: the median lies between them.
	f.Add([]byte("\xfe0\xfe0\xfe0\xfe0\xfe0\xfe0\xfe0\xfe0\xfe0\xfe0\xfe0\xfe0\xfe0000"), uint8(26), int8(0))
	f.Fuzz(func(t *testing.T, raw []byte, began uint8, bad int8) {
		s := verdict.Signal{Name: "x", Bad: int(bad), Values: make([]float64, len(raw)), Past: [][]float64{make([]float64, len(raw))}}
		s.Peers = s.Past
		for i, b := range raw {
			s.Values[i] = float64(b)
			s.Past[0][i] = float64(b) * 2
			switch b {
			case 255:
				s.Values[i] = math.NaN()
			case 254:
				s.Values[i] = math.Inf(1)
			case 253:
				s.Past[0][i] = math.NaN()
			}
		}
		at := t0.Add(time.Duration(began) * step)
		v := verdict.Judge(verdict.DefaultConfig(), verdict.Input{
			First: t0, Step: step, Began: at, Ended: at, At: at.Add(time.Hour), Signals: []verdict.Signal{s}, Requests: s.Values, Novel: s.Values,
			Arms: &verdict.Arms{Signals: []verdict.ArmSignal{{Name: "y", Bad: int(bad), Canary: s.Values, Baseline: s.Past[0]}}, Requests: s.Past[0]},
		})
		for _, f := range v.Arms.Signals {
			v.Signals = append(v.Signals, verdict.Finding{Before: f.Baseline, After: f.Canary, Shift: f.Shift, Margin: f.Margin, Harm: f.Harm, Safe: f.Safe})
		}
		v.Signals = append(v.Signals, verdict.Finding{Harm: v.Arms.Evidence})
		for _, x := range v.Signals {
			for _, y := range []float64{x.Before, x.After, x.Shift, x.Margin, x.Harm, x.Safe, v.Evidence} {
				if math.IsNaN(y) || math.IsInf(y, 0) {
					t.Errorf("a number that JSON cannot hold: %+v", v)
				}
			}
		}
	})
}
