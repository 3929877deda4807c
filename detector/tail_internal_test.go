package detector

import (
	"math"
	"testing"
)

func TestShape_NothingLearned_IsWhatTheTailStartsFrom(t *testing.T) {
	p := defaults()
	var s series
	s.restart(p)
	var g group
	g.begin(p)
	for name, x := range map[string]struct {
		tail  tail
		prior float64
	}{
		"sample": {s.Up, p.Tail.Prior}, "chart": {s.Persist[0], p.Charts.Shape}, "storm": {s.Burst[1], p.Charts.Shape},
		"still": {s.Calm, p.Evidence.StillShape}, "group": {g.Counts[oddNewly].Tail, p.Group.Prior},
	} {
		if got := x.tail.shape(p, x.prior); math.Abs(got/x.prior-1) > 1e-6 {
			t.Errorf("%s: got shape %v, want %v", name, got, x.prior)
		}
	}
}

// The shapes that a look keeps are those of its own tails, as they were when it was judged.
func TestLook_KeptShapes_AreThoseOfTheTails(t *testing.T) {
	p, slab, kept := defaults(), &days{}, [4]int{}
	s := &series{}
	s.restart(p)
	for i := range 3000 {
		v := 100 + float64(i*7919%101)/10
		if i%400 > 370 {
			v += 60 * float64(i%3-1) // far above and far below in turns
		}
		was := *s
		k := look{sight: sight{glance: glance{t: 1_000_000 + int64(i)*15_000, fine: 1}}, full: i%2 == 0}
		s.observe(p, slab, &k, v)
		check := func(sort int, got keptShape, a *tail, prior float64) {
			t.Helper()
			if got == 0 {
				return
			}
			if kept[sort]++; float64(got) != a.shape(p, prior) {
				t.Fatalf("sample %d, tail %d: kept %v, want %v", i, sort, got, a.shape(p, prior))
			}
		}
		check(0, k.upShape, &was.Up, s.Start.shape(p))
		check(1, k.downShape, &was.Down, s.Start.shape(p))
		for i := range was.Persist {
			check(2, k.chartShape[i], &was.Persist[i], p.Charts.Shape)
		}
		for i := range was.Burst {
			check(3, k.stormShape[i], &was.Burst[i], p.Charts.Shape)
		}
	}
	for sort, n := range kept {
		if n < 20 {
			t.Errorf("of tail %d the shape was kept %d times, want more", sort, n)
		}
	}
}

func TestTail_KeptShape_SaysTheSame(t *testing.T) {
	p := defaults()
	a := tail{Q: 2.3, H: 0.41, N: 900, K: 30}
	var kept keptShape
	for _, u := range []float64{1, 2.3, 5, 70} {
		if got, want := a.decadesBy(p, 0.2, u, &kept), a.decades(p, 0.2, u); got != want {
			t.Errorf("decades of %v: got %v, want %v", u, got, want)
		}
		if got, want := a.reachBy(p, 0.2, u, &kept), a.reach(p, 0.2, u); got != want {
			t.Errorf("reach of %v: got %v, want %v", u, got, want)
		}
	}
}

func TestSeries_Band_EachSideHasTheShapeOfItsTail(t *testing.T) {
	p := defaults()
	s := &series{}
	s.restart(p)
	s.set(flagNegative)
	s.ChangeRate = 1
	s.Up, s.Down = tail{Q: 2, H: 0.5, N: 900, K: 30}, tail{Q: 3, H: 0.15, N: 900, K: 30}
	k := look{need: 5}
	k.scale, k.unit = 1, 1
	s.band(p, &k, nil, 0)
	var up, down keptShape
	if want := s.Up.reachYoung(p, s.Start, 5, &up); k.upper != want {
		t.Errorf("upper bound %v, want %v", k.upper, want)
	}
	if want := -s.Down.reachYoung(p, s.Start, 5, &down); k.lower != want {
		t.Errorf("lower bound %v, want %v", k.lower, want)
	}
}
