package detector

import (
	"math"
	"testing"
)

func TestClimb_Next_LastsWhileHoursAreAlike(t *testing.T) {
	for name, c := range map[string]struct {
		moves         []float64
		hourly, hours float64
	}{
		"even":                  {[]float64{2, 2, 2, 2, 2}, 2, 5},
		"falls":                 {[]float64{-2, -2, -2}, -2, 3},
		"nearly even":           {[]float64{2, 3, 2, 3}, 2.5, 4},
		"stands still":          {[]float64{2, 2, 2, 0}, 0, 0},
		"turns":                 {[]float64{2, 2, -2}, -2, 1},
		"a step":                {[]float64{0.6, 0.4, 0.02}, 0.02, 1},
		"a gap in a long climb": {[]float64{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, -5}, 2, 6},
		"too steep to go on":    {[]float64{2, 2, 9}, 9, 1},
	} {
		var got climb
		for _, move := range c.moves {
			got = got.next(defaults(), move)
		}
		if math.Abs(got.hourly-c.hourly) > 0.01 || got.hours != c.hours {
			t.Errorf("%s: got %+v, want %v an hour for %v hours", name, got, c.hourly, c.hours)
		}
	}
}

func TestOutlook_Climbs_AGap_EndsIt(t *testing.T) {
	var o outlook
	for range 7 {
		o.climbs(defaults(), 3, true, false)
	}
	if got := o.climb(); got != (climb{3, 7}) {
		t.Errorf("after seven hours of 3: got %+v", got)
	}
	o.climbs(defaults(), 3, false, false)
	if got := o.climb(); got != (climb{}) {
		t.Errorf("after a gap: got %+v, want none", got)
	}
}

// Held back by Clip, the level moves evenly after a step.
func TestOutlook_Climbs_HeldBack_NotCounted(t *testing.T) {
	var o outlook
	for range 20 {
		o.climbs(defaults(), 3, true, true)
	}
	if got := o.climb(); got != (climb{}) {
		t.Errorf("held back all the time: got %+v, want none", got)
	}
	o.climbs(defaults(), 3, true, false)
	o.climbs(defaults(), 3, true, true)
	o.climbs(defaults(), 3, true, false)
	if got := o.climb(); got != (climb{3, 2}) {
		t.Errorf("held back between two hours: got %+v", got)
	}
	o.climbs(defaults(), 3, false, true)
	if got := o.climb(); got != (climb{}) {
		t.Errorf("after a gap: got %+v, want none", got)
	}
}

func TestOutlook_Pace_OfDaysAndOfTheLastHours(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		hours  int32      // since the newest level
		levels [4]float64 // 75, 50 and 25 hours before that, and it; now it is 100
		old    float64    // before all
		climb  climb
		want   float64 // an hour; 0: not known
	}{
		"even":                     {15, [4]float64{nan, 35, 60, 85}, nan, climb{}, 1},
		"falls":                    {15, [4]float64{nan, 165, 140, 115}, nan, climb{}, -1},
		"even, known for hours":    {5, [4]float64{20, 45, 70, 95}, nan, climb{}, 1},
		"young":                    {5, [4]float64{nan, 45, 70, 95}, nan, climb{}, 0},
		"cleaned two days ago":     {15, [4]float64{nan, 300, 60, 85}, nan, climb{}, 1},
		"cleaned today":            {15, [4]float64{nan, 335, 360, 385}, nan, climb{}, 1},
		"restored two days ago":    {15, [4]float64{nan, -200, 60, 85}, nan, climb{}, 0},
		"a step":                   {15, [4]float64{nan, 10, 10, 100}, nan, climb{}, 0},
		"a step of two days":       {5, [4]float64{10.01, 10, 55, 100}, nan, climb{}, 0},
		"a step that they share":   {15, [4]float64{9.9, 10, 55, 99.9}, 9.8, climb{}, 0},
		"wanders":                  {15, [4]float64{nan, 120, 85, 110}, nan, climb{}, 0},
		"a week end":               {15, [4]float64{42, 70, 72, 85}, 25, climb{}, 0.756},
		"uneven, and not known":    {15, [4]float64{nan, 70, 72, 85}, nan, climb{}, 0},
		"uneven, against the week": {15, [4]float64{42, 70, 72, 85}, 60, climb{}, 0},
		"sudden":                   {15, [4]float64{nan, 100, 100, 100}, nan, climb{3, 8}, 3},
		"sudden, but too short":    {15, [4]float64{nan, 100, 100, 100}, nan, climb{3, 2}, 0},
		"sudden, but ordinary":     {15, [4]float64{nan, 100, 100, 100}, nan, climb{0.5, 8}, 0},
		"grows less than it did":   {15, [4]float64{nan, 35, 60, 85}, nan, climb{0.8, 30}, 1},
	} {
		p := defaults()
		o := outlook{Tick: 100*25 + c.hours, Base: 100}
		o.Tried[1], o.Scale[1], o.Reach[1] = 200, octavesOf(4), octavesOf(2) // half of some 8
		o.Now[fourth] = float32(c.levels[0])
		for j, v := range c.levels[1:] {
			o.Now[aheads[drifts].slot(int32(98+j))] = float32(v)
		}
		week := aheads[horizons-1]
		o.Now[week.slot(floorDiv(o.Tick, int32(week.every))-1)] = float32(c.old)
		o.ClimbHourly, o.ClimbHours = briefOf(c.climb.hourly), uint8(c.climb.hours)
		got, ok := o.pace(p, int64(o.Tick)*outlookTick-p.Outlook.Phase, 0)
		if ok != (c.want != 0) || math.Abs(got.hourly-c.want) > 0.02*math.Abs(c.want) {
			t.Errorf("%s: got %+v (%v), want %v", name, got, ok, c.want)
		}
		if _, ok := o.pace(p, int64(o.Tick)*outlookTick-p.Outlook.Phase, 50); ok && name == "sudden" {
			t.Error("a level that is still on its way to the samples is taken for a climb")
		}
	}
}

// The level that is given up by drifts is kept for one step more, and none across a gap.
func TestOutlook_Turn_FourLevelsOverDays(t *testing.T) {
	p := defaults()
	c := calendar{&page{}, &series{}, p}
	o := outlook{Tick: 1000 * 25}
	o.start(p, 0, 1000*25)
	turn := func(grid int32) {
		before := o.Tick
		o.Tick, o.Base = grid*25, float32(grid)
		for _, i := range turns {
			o.turn(p, i, before, &present{x: 1}, c)
		}
	}
	for grid := int32(1001); grid <= 1006; grid++ {
		turn(grid)
	}
	at := func(grid int32) float32 { return o.Now[aheads[drifts].slot(grid)] }
	if o.Now[fourth] != 1003 || at(1004) != 1004 || at(1006) != 1006 {
		t.Errorf("levels %v, want 1003 beside 1004 to 1006", o.Now)
	}
	turn(1008)
	if o.Now[fourth] != 1005 || at(1006) != 1006 || !isNaN32(at(1007)) || at(1008) != 1008 {
		t.Errorf("levels %v, want 1005 beside 1006, none and 1008", o.Now)
	}
}
