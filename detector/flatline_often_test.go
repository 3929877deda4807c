package detector_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// resting makes a gauge of whole numbers that moves with three of ten samples, and from a
// day on hardly at all from nine in the evening to seven in the morning.
type resting struct {
	rnd  *rand.Rand
	from int64 // seconds
	x    float64
}

func (r *resting) next(at int64) float64 {
	moves, hour := 0.3, at%86400/3600
	if at >= r.from && (hour < 7 || hour >= 21) {
		moves = 0.002
	}
	if r.rnd.Float64() < moves {
		r.x += math.Round(r.rnd.NormFloat64()*2 - (r.x-50)*0.3)
	}
	return r.x
}

// Nights that begin to be still, as of memory in percent or of threads, are told a few times
// and then known. They were told one and a half times a night at five minutes, for weeks.
func TestFlatline_NightsThatBeginToRest_AreToldAFewTimes(t *testing.T) {
	const day = 86400
	for _, step := range []int64{60, 300} {
		told := 0
		for seed := range uint64(6) {
			b := newBank(t)
			slot, r := b.Register(gauge("threads")), &resting{rand.New(rand.NewPCG(seed, 5)), 21 * day, 50}
			for at := int64(0); at < 42*day; at += step {
				if v, news := b.Observe(slot, start+1000*at, r.next(at)); news && v.Phase == detector.PhaseOpened && v.Kind == detector.KindFlatline && at >= 21*day {
					told++
				}
			}
		}
		if told < 6 || told > 45 {
			t.Errorf("steps of %d s: %d flat lines told in three weeks of six series, want 6 to 45", step, told)
		}
	}
}

// What makes that so: each flat line that is told makes the next one told at twice the
// length, for a week, and one of zeros as ever.
func TestFlatline_ToldOfLate_NextAtTwiceTheLength(t *testing.T) {
	const step, day = 60, 86400
	after := func(of float64, gap int64) (lengths []int64) {
		b := newBank(t)
		rnd := rand.New(rand.NewPCG(7, 7))
		slot, at := b.Register(gauge("threads")), int64(0)
		for n := range int64(4) {
			for until := at + max(gap, (1-n)*3*day); at < until; at += step {
				x := 50.0
				if rnd.Float64() < 0.5 || at+step == until { // which a run of 50 follows
					x = 45 + float64(rnd.IntN(5))
				}
				b.Observe(slot, start+1000*at, x)
			}
			for since := at; ; at += step {
				e, _ := b.Explain(slot, start+1000*at, of)
				v, news := b.Observe(slot, start+1000*at, of)
				if !news || v.Phase != detector.PhaseOpened {
					continue
				}
				lengths = append(lengths, (at-since)/step)
				if often := strings.Contains(e.String(), "since flat lines were told of late"); gap < day && often != (len(lengths) > 1 && of != 0) {
					t.Errorf("explained by\n%s", e)
				}
				at += step
				break
			}
		}
		return lengths
	}
	soon, late, zeros := after(50, 20*3600), after(50, 15*day), after(0, 20*3600)
	for i, n := range soon {
		if i > 0 && (n < soon[i-1]*3/2 || n > soon[i-1]*3) {
			t.Errorf("runs 20 hours apart are told after %v samples, want about twice as many each time", soon)
		}
	}
	if late[3] > 3*late[0] {
		t.Errorf("runs 15 days apart are told after %v samples, want about as many each time", late)
	}
	if zeros[3] > 10 {
		t.Errorf("zeros are told after %v samples, want at once each time", zeros)
	}
}
