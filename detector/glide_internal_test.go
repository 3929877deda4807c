package detector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// glideBank returns a bank with one series that has learned from n samples of
// noise, 15 seconds apart, and the time of the last.
func glideBank(t *testing.T, n int, value func(i int) float64) (*Bank, *series, Slot, int64) {
	t.Helper()
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(labels.FromStrings("__name__", "queue_length"))
	at := int64(1_767_571_200_000)
	for i := range n {
		at += 15_000
		b.Observe(slot, at, value(i))
	}
	return b, &b.series.at(int(slot.place()) / chunkSize).series[slot.place()%chunkSize], slot, at
}

func TestGlide_MostOrdinarySamplesDoAndNoOddOneDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(int) float64 { return 100 + r.NormFloat64() }
	b, s, slot, at := glideBank(t, 8000, noise)
	glided, total := 0, 0
	for i := range 4000 {
		at += 15_000
		x := noise(i)
		if i%200 == 199 {
			x += 12 // an odd one, which is over with the next
		}
		copied, g, w := *s, glance{t: at, x: x, dt: 15, fine: 1}, slide{}
		glides := copied.glides(&b.params, &g, 0, &w)
		v, why := b.Judge(slot, at, x)
		if why != "" {
			t.Fatalf("sample %d: %s", i, why)
		}
		total++
		if !glides {
			continue
		}
		glided++
		if odd := v.Score >= DefaultConfig().Threshold(); odd || x < v.Lower || x > v.Upper || v.Phase != PhaseQuiet {
			t.Fatalf("sample %d of %v glides and is judged %+v", i, x, v)
		}
		if math.Abs(v.Expected-w.expected) > 0.1 {
			t.Errorf("sample %d: expected %v by the weights kept, %v in full", i, w.expected, v.Expected)
		}
	}
	if share := float64(glided) / float64(total); share < 0.5 {
		t.Errorf("%.2f of ordinary samples glide, want half at least", share)
	}
	if got := b.opened.Load(); got < 8 {
		t.Errorf("%d episodes opened for 20 odd samples", got)
	}
}

func TestGlide_WhatLastsIsNotSkipped(t *testing.T) {
	for name, shift := range map[string]func(i int) float64{
		"level of 8": func(int) float64 { return 8 },
		"slow leak":  func(i int) float64 { return float64(i) / 50 },
	} {
		r := rand.New(rand.NewPCG(3, 4))
		b, _, slot, at := glideBank(t, 8000, func(int) float64 { return 100 + r.NormFloat64() })
		before := b.opened.Load()
		for i := range 1500 {
			at += 15_000
			b.Observe(slot, at, 100+r.NormFloat64()+shift(i))
		}
		if b.opened.Load() == before {
			t.Errorf("%s: no episode in six hours", name)
		}
	}
}

func TestGlide_AskingForBandsChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	values := make([]float64, 3000)
	for i := range values {
		values[i] = 100 + 5*math.Sin(float64(i)/300) + r.NormFloat64()
		if i%431 == 0 {
			values[i] += 20
		}
	}
	live, s, slot, at := glideBank(t, 1000, func(i int) float64 { return values[i] })
	asked, a, other, _ := glideBank(t, 1000, func(i int) float64 { return values[i] })
	for _, x := range values[1000:] {
		at += 15_000
		live.Observe(slot, at, x)
		asked.Judge(other, at, x)
		one, two := *s, *a
		// Only what the last sample is reported by may differ.
		for _, c := range []*series{&one, &two} {
			c.Rarity, c.Expected, c.Lower, c.Upper = 0, 0, 0, 0
		}
		if one != two {
			t.Fatalf("at %d:\nlive  %+v\nasked %+v", at, one, two)
		}
	}
}

func TestGlide_StepOfMinutes_NeverDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	b, s, slot, _ := glideBank(t, 0, nil)
	at := int64(1_767_571_200_000)
	for range 3000 {
		at += 180_000
		x := 100 + r.NormFloat64()
		g := glance{t: at, x: x, dt: 180, fine: 1}
		if copied := *s; s.N > 0 && copied.glides(&b.params, &g, 0, new(slide)) {
			t.Fatal("a sample glides although each has three minutes to itself")
		}
		b.Observe(slot, at, x)
	}
}

func TestGlide_SeriesThatHasBeenZeroAllAlong_Does(t *testing.T) {
	b, s, slot, at := glideBank(t, 400, func(int) float64 { return 0 })
	glided := 0
	for range 120 {
		at += 15_000
		if copied, g := *s, (glance{t: at, dt: 15, fine: 1}); copied.glides(&b.params, &g, 0, new(slide)) {
			glided++
		}
		b.Observe(slot, at, 0)
	}
	if glided != 110 {
		t.Errorf("%d of 120 samples glide, want all but the first in each three minutes", glided)
	}
	at += 15_000
	if g := (glance{t: at, x: 1e-30, dt: 15, fine: 1}); s.glides(&b.params, &g, 0, new(slide)) {
		t.Error("the first value beside zero glides, however small it is")
	}
}

// TestGlide_TimeOfDayThatIsNew_IsTheProfiles looks at the first day with a page: what is
// unlike other times of day is the profile's, and the long level stays.
func TestGlide_TimeOfDayThatIsNew_IsTheProfiles(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	b, s, slot, at := glideBank(t, 6*240+40, func(int) float64 { return 100 + r.NormFloat64() })
	if both := flagPage | flagFirst; s.Flags&both != both {
		t.Fatalf("flags are %b, want a page that sees this time of day for the first time", s.Flags)
	}
	glided := 0
	for range 600 {
		at += 15_000
		x, long, scale := 100+r.NormFloat64(), s.Long, s.LongScale
		g := glance{t: at, x: x, dt: 15, fine: 1}
		if copied := *s; copied.glides(&b.params, &g, 0, new(slide)) {
			glided++
		}
		if b.Observe(slot, at, x); s.has(flagFirst) && (s.Long != long || s.LongScale != scale) {
			t.Fatalf("the long level goes from %v to %v and its scale from %v to %v", long, s.Long, scale, s.LongScale)
		}
	}
	if glided < 450 {
		t.Errorf("%d of 600 samples glide, want most", glided)
	}
}

// What glides is ordinary, whatever weighing it in full would say: the band that is drawn
// for those who ask holds the value.
func TestWeighAside_OddInFull_LiesWithinItsBand(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b, s, _, at := glideBank(t, 8000, func(int) float64 { return 100 + r.NormFloat64() })
	for _, x := range []float64{60, 140} {
		k := look{sight: sight{glance: glance{t: at + 15_000, x: x, dt: 15, fine: 1}}, full: true}
		s.weighAside(&b.params, &b.days, &k, &slide{rarity: -3}, *s)
		if v := s.verdictOn(&k, PhaseQuiet); !(v.Lower <= x && x <= v.Upper && v.Lower <= v.Expected && v.Expected <= v.Upper) || k.odd || k.kind != KindNone {
			t.Errorf("got band %v to %v around %v, odd %v, kind %s, want %v within it", v.Lower, v.Upper, v.Expected, k.odd, k.kind, x)
		}
	}
}
