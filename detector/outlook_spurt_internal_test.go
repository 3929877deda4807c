package detector

import (
	"math"
	"testing"
)

func TestSpurt_Next_LastsWhilePartsAreAlike(t *testing.T) {
	for name, c := range map[string]struct {
		moves  []float64
		hourly float64
		parts  int
	}{
		"even":                    {[]float64{6, 6, 6}, 6, 3},
		"falls":                   {[]float64{-6, -6}, -6, 2},
		"begins within a part":    {[]float64{4, 6, 6}, 6, 3},
		"begins late in a part":   {[]float64{1, 6, 6}, 6, 2},
		"a step":                  {[]float64{0.1, 40, 0.1}, 0.1, 1},
		"turns":                   {[]float64{6, 6, 6, 6, -6}, -6, 1},
		"stands still for a part": {[]float64{6, 6, 6, 6, 1}, 6, 2},
		"and for another":         {[]float64{6, 6, 6, 6, 1, 1}, 1, 1},
	} {
		var got spurt
		for _, move := range c.moves {
			got = got.next(defaults(), move)
		}
		if math.Abs(got.hourly-c.hourly) > 0.01 || got.parts != c.parts {
			t.Errorf("%s: got %+v, want %v an hour for %d parts", name, got, c.hourly, c.parts)
		}
	}
}

// spurted is an outlook that has seen a level at the end of each part.
func spurted(p *params, levels ...float64) *outlook {
	o := &outlook{Tick: 1, SpurtLevel: briefOf(math.NaN())}
	for i, x := range levels {
		o.spurts(p, &present{t: int64(float64(i+1) * p.Outlook.SpurtPart * 1000), fast: x, dt: 180})
	}
	return o
}

func TestOutlook_Spurts_WhatIsOverIsRemembered(t *testing.T) {
	p := defaults()
	o := spurted(p, 40, 42, 44, 46, 48, 48, 48)
	if got := o.spurt(); got.parts > 1 {
		t.Errorf("stands still: got %+v", got)
	}
	if got := o.SpurtPast.value(); math.Abs(got-7) > 0.1 { // three parts and a half
		t.Errorf("remembers %v, want 7", got)
	}
	if _, ok := spurted(p, 40, 42, 44, 46).onset(p, 47, 0.18, 0.05, 0.01, 1); !ok {
		t.Error("a first run of three parts is none")
	}
	again := spurted(p, 40, 42, 44, 46, 48, 48, 48, 50, 52, 54)
	if x, ok := again.onset(p, 55, 0.18, 0.05, 0.01, 1); ok {
		t.Errorf("as far as before: got %+v", x)
	}
	again = spurted(p, 40, 42, 44, 46, 48, 48, 48, 50, 52, 54, 56, 58, 60)
	if _, ok := again.onset(p, 61, 0.18, 0.05, 0.01, 1); !ok {
		t.Error("nearly twice as far as before is none")
	}
	was := o.SpurtPast.value()
	o.Base, o.Now[0] = 48, 48
	c := calendar{&page{}, &series{}, p}
	for hour := int64(1); hour <= 256; hour++ {
		o.hour(p, &present{t: hour * outlookTick, x: 48}, c)
	}
	if got := o.SpurtPast.value(); math.Abs(got-was/2) > 0.05 {
		t.Errorf("after 256 hours of %v: got %v, want a half", was, got)
	}
}

func TestOutlook_Spurts_GapOrSlowSamples_EndTheRun(t *testing.T) {
	p := defaults()
	part := int64(p.Outlook.SpurtPart * 1000)
	for to, dt := range map[int64]float64{5: p.Outlook.SpurtPart * 0.6, 7: p.Outlook.SpurtPart * 3} {
		o := spurted(p, 40, 42, 44, 46)
		o.spurts(p, &present{t: to * part, fast: 48, dt: dt})
		if got := o.spurt(); got.parts != 0 || math.Abs(got.level-48) > 0.2 {
			t.Errorf("%v s without a sample: got %+v", dt, got)
		}
	}
}

func TestOutlook_Onset_WantsMoreThanTwoPartsOfAStep(t *testing.T) {
	p := defaults()
	o := spurted(p, 40, 42, 44)
	for name, c := range map[string]struct {
		level, since, late, error, half float64
		want                            bool
	}{
		"goes on":             {45.2, 0.2, 0.05, 0.01, 0.5, true},
		"is over":             {44.1, 0.2, 0.05, 0.01, 0.5, false},
		"not known yet":       {44.1, 0.02, 0.05, 0.01, 0.5, false},
		"late":                {45.2, 0.2, 0.2, 0.01, 0.5, false},
		"within noise":        {45.2, 0.2, 0.05, 1, 0.5, false},
		"ordinary for it":     {45.2, 0.2, 0.05, 0.01, 5, false},
		"turns within a part": {42, 0.2, 0.05, 0.01, 0.5, false},
	} {
		for i := range 2 {
			o.Tried[i], o.Scale[i], o.Reach[i] = 200, octavesOf(c.half), octavesOf(1)
		}
		got, ok := o.onset(p, c.level, c.since, c.late, c.error, p.Outlook.SpurtBeyond)
		if ok != c.want || ok && math.Abs(got.hourly-2/0.35) > 0.1 {
			t.Errorf("%s: got %+v (%v), want %v", name, got, ok, c.want)
		}
	}
}

// What is kept beyond the level of the last full hour stays where it is when that or the
// mean of the profile changes.
func TestOutlook_SpurtLevel_StaysAcrossAnHour(t *testing.T) {
	p := defaults()
	d := &page{}
	d.start(1000, 1e4)
	o, c, season := &d.Outlook, calendar{d, &series{Step: 60}, p}, 0.0
	start := int64(480_000) * outlookTick
	for at := start; at < start+12*outlookTick; at += 180_000 {
		if at == start+6*outlookTick {
			season, d.Known = 30*d.Unit.value(), allKnown
			for i := range d.Day {
				d.Day[i] = 30
			}
		}
		// The level stays far behind, for it may move by no more than a unit.
		x := 900 + season
		if at == start {
			x = 0
		}
		o.learn(p, &present{t: at, x: x, fast: 900 + season, season: season, unit: 1, dt: 180}, c)
		if got, want := o.spurt().level, 900+o.Centre.value(); at > start+3*outlookTick && math.Abs(got-want) > 3 {
			t.Fatalf("after %d minutes: got %v, want %v", (at-start)/60_000, got, want)
		}
	}
	if o.Centre.value() != season || math.Abs(float64(o.Now[0])-900) < 100 {
		t.Errorf("the mean is %v, the level %v: nothing was tried", o.Centre.value(), o.Now[0])
	}
}
