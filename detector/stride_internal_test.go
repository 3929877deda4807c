package detector

import (
	"math"
	"math/rand/v2"
	"testing"
)

// youths are kinds of young series. Each returns a value for its i-th sample, and
// whether that sample is left out.
var youths = map[string]func(r *rand.Rand) func(i int) (float64, bool){
	"noise": func(r *rand.Rand) func(int) (float64, bool) {
		return func(int) (float64, bool) { return 100 + r.NormFloat64(), false }
	},
	"around zero": func(r *rand.Rand) func(int) (float64, bool) {
		return func(int) (float64, bool) { return r.NormFloat64(), false }
	},
	"wave": func(r *rand.Rand) func(int) (float64, bool) {
		return func(i int) (float64, bool) { return 100 + 20*math.Sin(float64(i)/40) + 3*r.NormFloat64(), false }
	},
	"counts": func(r *rand.Rand) func(int) (float64, bool) {
		return func(int) (float64, bool) { return float64(r.IntN(4)), false }
	},
	"levels": func(r *rand.Rand) func(int) (float64, bool) {
		return func(i int) (float64, bool) { return 10 + float64(i/97%3)*30 + r.NormFloat64(), false }
	},
	"spikes": func(r *rand.Rand) func(int) (float64, bool) {
		return func(i int) (float64, bool) {
			if i%53 == 52 {
				return 160, false
			}
			return 100 + r.NormFloat64(), false
		}
	},
	"gaps": func(r *rand.Rand) func(int) (float64, bool) {
		return func(i int) (float64, bool) { return 100 + r.NormFloat64(), i%41 > 35 }
	},
	"noise that grows": func(r *rand.Rand) func(int) (float64, bool) {
		return func(i int) (float64, bool) {
			sd := 1.0
			if i > 250 && i < 900 {
				sd = 8
			}
			return 100 + sd*r.NormFloat64(), false
		}
	},
	"rarely changes": func(r *rand.Rand) func(int) (float64, bool) {
		return func(i int) (float64, bool) { return float64(7 + i/113%2), false }
	},
}

// TestStride_TeachesWhatWeighingDoes runs each kind through two series, of which one
// weighs all of its lessons.
func TestStride_TeachesWhatWeighingDoes(t *testing.T) {
	for name, kind := range youths {
		t.Run(name, func(t *testing.T) {
			some, s, slot, at := glideBank(t, 0, nil)
			none, w, _, _ := glideBank(t, 0, nil)
			none.params.strideAfter = math.MaxUint32
			value := kind(rand.New(rand.NewPCG(1, 2)))
			at += 21 * 3_600_000 // a day ends on the way
			opened := 0
			for i := range 1400 { // nearly six hours: until the page comes
				at += 15_000
				x, leftOut := value(i)
				if leftOut {
					continue
				}
				a, _ := some.Observe(slot, at, x)
				if b, _ := none.Observe(slot, at, x); a.Phase != b.Phase {
					t.Fatalf("sample %d: phase %s, weighed %s", i, a.Phase, b.Phase)
				}
				if a.Phase == PhaseOpened {
					opened++
				}
				one, two := *s, *w
				for _, c := range []*series{&one, &two} {
					c.Rarity, c.Expected, c.Lower, c.Upper, c.Kind = 0, 0, 0, 0, 0
					c.Held = max(c.Held, float32(some.params.tailDecades)) // less is held against no sample
				}
				if one != two {
					t.Fatalf("sample %d:\nstrides %+v\nweighed %+v", i, one, two)
				}
			}
			if name == "spikes" && opened == 0 {
				t.Error("no episode has opened, so that nothing was shown of one")
			}
		})
	}
}

func TestStride_MostOrdinaryLessonsDoAndNoOddOneDoes(t *testing.T) {
	b, s, slot, at := glideBank(t, 0, nil)
	value := youths["spikes"](rand.New(rand.NewPCG(3, 4)))
	strode, lessons := 0, 0
	for i := range 1400 {
		at += 15_000
		x, _ := value(i)
		before, g, w := *s, glance{t: at, x: x, dt: 15, fine: 1}, slide{}
		strides := before.strides(&b.params, &g, 0, new(sight), &w)
		lesson := s.Fresh < b.params.Glide.Youth || b.params.turnOf(at) != s.Turn
		v, why := b.Judge(slot, at, x)
		if why != "" {
			t.Fatalf("sample %d: %s", i, why)
		}
		if lesson {
			lessons++
		}
		if !strides {
			continue
		}
		if strode++; !lesson {
			t.Fatalf("sample %d strides and is no lesson", i)
		}
		if x == 160 || v.Score >= DefaultConfig().Threshold() || x < v.Lower || x > v.Upper || v.Phase != PhaseQuiet {
			t.Fatalf("sample %d of %v strides and is judged %+v", i, x, v)
		}
	}
	if 2*strode < lessons {
		t.Errorf("%d of %d lessons stride, want half at least", strode, lessons)
	}
}

func TestStride_AskingForBandsChangesNothing(t *testing.T) {
	for name, kind := range youths {
		live, s, slot, at := glideBank(t, 0, nil)
		asked, a, other, _ := glideBank(t, 0, nil)
		value := kind(rand.New(rand.NewPCG(5, 6)))
		for i := range 400 {
			at += 15_000
			x, leftOut := value(i)
			if leftOut {
				continue
			}
			live.Observe(slot, at, x)
			asked.Judge(other, at, x)
			one, two := *s, *a
			one.Expected, one.Lower, one.Upper = two.Expected, two.Lower, two.Upper
			if one != two && !math.IsNaN(float64(two.Expected)) || one.Rarity != two.Rarity || one.Err != two.Err {
				t.Fatalf("%s, sample %d:\nlive  %+v\nasked %+v", name, i, one, two)
			}
		}
	}
}

// TestStride_AgeOfPages_LeavesTheLessonToIt has series reach the age at which they get
// one.
func TestStride_AgeOfPages_LeavesTheLessonToIt(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 8))
		b, s, slot, at := glideBank(t, 0, nil)
		for i := range 1500 {
			at += 15_000
			b.Observe(slot, at, 100+r.NormFloat64())
			if got, want := s.has(flagPage), since(s.FirstTime, at) >= b.params.Calendar.PageAge; got != want && b.params.turnOf(at) != b.params.turnOf(at-15_000) {
				t.Fatalf("seed %d, sample %d: has a page: %v, want %v", seed, i, got, want)
			}
		}
	}
}

func TestStride_StepOfMinutes_NeverDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	b, s, slot, at := glideBank(t, 0, nil)
	for range 110 {
		at += 180_000
		x := 100 + r.NormFloat64()
		g, before := glance{t: at, x: x, dt: 180, fine: 1}, *s
		if before.strides(&b.params, &g, 0, new(sight), new(slide)) {
			t.Fatal("a sample strides although each has three minutes to itself")
		}
		b.Observe(slot, at, x)
	}
}
