package verdict_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/change/verdict"
)

// novelInput is a day of one calm signal, with new templates as given, and a change
// after it that is over at once.
func novelInput(seed uint64, novel []float64) verdict.Input {
	r := rand.New(rand.NewPCG(seed, 3))
	s := verdict.Signal{Name: "error_rate", Unit: "ratio", Bad: 1, Floor: 0.005, Values: make([]float64, len(novel))}
	for i := range s.Values {
		s.Values[i] = 0.01 + 0.001*r.NormFloat64()
	}
	began := t0.Add(720 * step)
	return verdict.Input{First: t0, Step: step, Began: began, Ended: began, Signals: []verdict.Signal{s}, Novel: novel}
}

// last judges after each block until a final word.
func last(in verdict.Input) verdict.Verdict {
	var v verdict.Verdict
	for in.At = in.Began; !v.Final && in.At.Before(in.Began.Add(2*time.Hour)); in.At = in.At.Add(step) {
		v = verdict.Judge(verdict.DefaultConfig(), in)
		if v.State == verdict.Faulty {
			break
		}
	}
	return v
}

func TestNovel_NewErrorsAfterAChange(t *testing.T) {
	novel := make([]float64, 760)
	for i := 721; i < 725; i++ {
		novel[i] = 1
	}
	v := last(novelInput(1, novel))
	if v.State != verdict.Faulty || v.Signals[0].Signal != verdict.NovelSignal || v.Signals[0].Harm < 100 {
		t.Errorf("got %s: %s, %+v", v.State, v.Reason, v.Signals)
	}
	// One new error line comes with many a change.
	novel = make([]float64, 760)
	novel[722] = 1
	if v := last(novelInput(1, novel)); v.State != verdict.Healthy {
		t.Errorf("one: got %s: %s", v.State, v.Reason)
	}
	// A service that writes new errors every hour proves nothing by them.
	novel = make([]float64, 760)
	for i := range novel {
		if i%30 < 3 {
			novel[i] = 1
		}
	}
	if v := last(novelInput(1, novel)); v.State == verdict.Faulty {
		t.Errorf("often: got %s: %s", v.State, v.Reason)
	}
}

// New templates come in bursts, in some services often and in some hardly ever.
func TestNovel_Null_IsHardlyEverFaulty(t *testing.T) {
	const n = 600
	faulty := 0
	for seed := range n {
		r := rand.New(rand.NewPCG(uint64(seed), 5))
		rate := []float64{0, 0.001, 0.005, 0.02, 0.1}[seed%5]
		novel := make([]float64, 760)
		for i := range novel {
			if r.Float64() < rate {
				for k := i; k < min(len(novel), i+1+r.IntN(5)); k++ {
					novel[k] += float64(1 + r.IntN(3))
				}
			}
		}
		if last(novelInput(uint64(seed), novel)).State == verdict.Faulty {
			faulty++
		}
	}
	t.Logf("%d of %d", faulty, n)
	if faulty > n/100 {
		t.Errorf("%d of %d are called faulty", faulty, n)
	}
}
