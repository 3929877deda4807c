package verdict_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/change/verdict"
)

// armsInput is a canary that began an hour ago; each block of the two is drawn by f.
func armsInput(blocks int, f func(i int) (canary, baseline float64)) verdict.Input {
	in := verdict.Input{First: t0, Step: step, Began: t0, At: t0.Add(time.Duration(blocks) * step)}
	s := verdict.ArmSignal{Name: "error_rate", Unit: "ratio", Bad: 1, Floor: 0.005, PerRequest: true}
	requests := make([]float64, blocks)
	for i := range blocks {
		c, b := f(i)
		s.Canary, s.Baseline = append(s.Canary, c), append(s.Baseline, b)
		requests[i] = 1
	}
	in.Arms = &verdict.Arms{Label: "version", Canary: "v2", Baseline: "v1", Signals: []verdict.ArmSignal{s}, Requests: requests}
	return in
}

func TestArms_CanaryThatIsWorse_IsFaultyThoughTheServiceIsNot(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	in := armsInput(30, func(int) (float64, float64) { return 0.04 + 0.01*r.Float64(), 0.01 + 0.01*r.Float64() })
	v := verdict.Judge(verdict.DefaultConfig(), in)
	if v.State != verdict.Faulty || !v.Final || v.Arms.Evidence < 200 || !strings.Contains(v.Reason, "error_rate of v2 is 0.04") {
		t.Errorf("got %s, %+v: %s", v.State, v.Arms, v.Reason)
	}
	// Told as soon as the signs suffice: ten blocks and the settling.
	in.At = t0.Add(13 * step)
	if v := verdict.Judge(verdict.DefaultConfig(), in); v.State != verdict.Faulty {
		t.Errorf("after 13 blocks: %s, %s", v.State, v.Reason)
	}
	in.At = t0.Add(6 * step)
	if v := verdict.Judge(verdict.DefaultConfig(), in); v.State != verdict.Collecting && v.State != verdict.Suspicious {
		t.Errorf("after 6 blocks: %s", v.State)
	}
}

func TestArms_Alike_IsHealthyWhileUnderWay(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	in := armsInput(30, func(int) (float64, float64) { return 0.01 * r.Float64(), 0.01 * r.Float64() })
	v := verdict.Judge(verdict.DefaultConfig(), in)
	if v.State != verdict.Healthy || v.Final {
		t.Errorf("got %s (final %v): %s", v.State, v.Final, v.Reason)
	}
}

func TestArms_FewRequestsOrBlocks_SayNothing(t *testing.T) {
	in := armsInput(30, func(int) (float64, float64) { return 1, 0 })
	for i := range in.Arms.Requests {
		in.Arms.Requests[i] = 0.001
	}
	v := verdict.Judge(verdict.DefaultConfig(), in)
	if v.State != verdict.Collecting || !strings.Contains(v.Arms.Signals[0].Lacks, "requests to the canary") {
		t.Errorf("got %s, %+v", v.State, v.Arms.Signals)
	}
	in = armsInput(30, func(i int) (float64, float64) {
		if i > 4 {
			return math.NaN(), 0
		}
		return 1, 0
	})
	if v := verdict.Judge(verdict.DefaultConfig(), in); v.State != verdict.Collecting || v.Arms.Signals[0].Lacks == "" {
		t.Errorf("got %s, %+v", v.State, v.Arms.Signals)
	}
}

// Two arms that do alike, with values that hang together and are skewed: at most one in
// a hundred is called faulty, looked at after every block.
func TestArms_Null_IsHardlyEverFaulty(t *testing.T) {
	const n = 1000
	faulty := 0
	for seed := range n {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		shared, own := 0.0, 0.0
		host := 1 + 0.03*r.NormFloat64() // the canary's machine is not quite like the others
		in := armsInput(40, func(int) (float64, float64) {
			shared = 0.9*shared + 0.3*r.NormFloat64()
			own = 0.7*own + 0.2*r.NormFloat64()
			level := 0.1 * math.Exp(shared)
			return level * host * math.Exp(own), level * math.Exp(0.1*r.NormFloat64())
		})
		in.Arms.Signals[0].PerRequest = false
		for at := 3; at <= 40; at++ {
			in.At = t0.Add(time.Duration(at) * step)
			if verdict.Judge(verdict.DefaultConfig(), in).State == verdict.Faulty {
				faulty++
				break
			}
		}
	}
	if faulty > n/100 {
		t.Errorf("%d of %d are called faulty", faulty, n)
	}
	t.Logf("%d of %d", faulty, n)
}

// The service is worse than before. While both versions run and do alike that is not the
// change's doing; when the old one is gone, and nobody told the end, it may be.
func TestArms_OutrankTheTimeBefore_WhileBothRun(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	s := verdict.Signal{Name: "error_rate", Unit: "ratio", Bad: 1, Floor: 0.005}
	arm := verdict.ArmSignal{Name: "error_rate", Unit: "ratio", Bad: 1, Floor: 0.005}
	for i := range 760 {
		v := 0.01 + 0.001*r.NormFloat64()
		if i >= 720 {
			v += 0.1
		}
		s.Values = append(s.Values, v)
		arm.Canary, arm.Baseline = append(arm.Canary, v+0.001*r.NormFloat64()), append(arm.Baseline, v)
	}
	in := verdict.Input{First: t0, Step: step, Began: t0.Add(720 * step), At: t0.Add(750 * step), Signals: []verdict.Signal{s}}
	if v := verdict.Judge(verdict.DefaultConfig(), in); v.State != verdict.Faulty {
		t.Fatalf("without arms: %s, %s", v.State, v.Reason)
	}
	in.Arms = &verdict.Arms{Label: "version", Canary: "v2", Baseline: "v1", Signals: []verdict.ArmSignal{arm}}
	if v := verdict.Judge(verdict.DefaultConfig(), in); v.State != verdict.Healthy || v.Final {
		t.Errorf("both run: %s, %s", v.State, v.Reason)
	}
	for i := 723; i < 760; i++ {
		arm.Baseline[i] = math.NaN()
	}
	if v := verdict.Judge(verdict.DefaultConfig(), in); v.State != verdict.Faulty {
		t.Errorf("the old one is gone: %s, %s", v.State, v.Reason)
	}
}
