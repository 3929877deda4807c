package detector

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// days of a series whose largest rarity is always the same.
func restlessDays(n int, most float32) series {
	s, p := series{N: 1000}, defaults()
	for day := range int64(n + 1) {
		s.newDay(p, (19_000+day)*secondsDay*1000)
		s.DayMax = briefOf(float64(most))
	}
	return s
}

func TestBias_DaysTooLoud_RisesToTheExcess(t *testing.T) {
	mean := float32(DefaultParameters().Calibration.Mean)
	for _, c := range []struct{ most, low, high float32 }{
		{mean, -0.005, 0.005}, // as it should be, within what a brief rounds
		{mean + 2, 1.7, 2.005},
		{mean - 1, -1.005, -0.7},
	} {
		if s := restlessDays(200, c.most); s.Bias < c.low || s.Bias > c.high {
			t.Errorf("daily maxima of %.2f: got bias %.3f, want %.2f to %.2f", c.most, s.Bias, c.low, c.high)
		}
	}
}

func TestBias_OneIncident_MovesItByTheClipAtMost(t *testing.T) {
	p := defaults()
	c := p.Calibration
	if s := restlessDays(1, 100); !(s.Bias > 0 && float64(s.Bias) <= c.Clip/(c.Prior+1)) {
		t.Errorf("first day: got bias %v, want at most a quarter of the clip", s.Bias)
	}
	s := restlessDays(60, float32(c.Mean))
	before := s.Bias
	s.DayMax = briefOf(100)
	s.newDay(p, 20_000*secondsDay*1000)
	if by := s.Bias - before; !(by > 0 && float64(by) <= c.Clip/(c.Prior+float64(c.Kept))+1e-6) {
		t.Errorf("after 60 days: one incident moved the bias by %v", by)
	}
}

func TestBias_FewSamples_DayIsNotCounted(t *testing.T) {
	p := defaults()
	s := series{N: p.Calibration.Least}
	for day := range int64(10) {
		s.newDay(p, (19_000+day)*secondsDay*1000)
		s.DayMax = briefOf(5)
	}
	if s.Bias != 0 || s.Days != 0 {
		t.Errorf("got bias %v by %d days, want none", s.Bias, s.Days)
	}
}

func TestBias_Positive_IsChargedInPart(t *testing.T) {
	p := DefaultConfig().params()
	need := func(bias float32) float64 {
		s := watched(t, &p, nil, 400, 60, func(i int) float64 { return rand.New(rand.NewPCG(1, uint64(i))).NormFloat64() })
		s.Bias = bias
		k := look{sight: sight{glance: glance{t: s.LastTime + 60_000, x: s.X1, dt: 60, fine: 1}}}
		s.predict(&p, &k, nil)
		s.judge(&p, &k, nil)
		return k.need
	}
	plain := need(0)
	if by, want := need(1)-plain, p.Calibration.Charged; math.Abs(by-want) > 1e-6 {
		t.Errorf("a bias of 1 costs %v powers of ten, want %v", by, want)
	}
	if by := need(-1) - plain; by != 0 {
		t.Errorf("a bias of -1 gives %v powers of ten, want none", by)
	}
}

const firstSample = 1_700_006_400_000 // a midnight in UTC, of a Wednesday

// watched returns a series that has seen n samples, and hands every look to see.
func watched(t *testing.T, p *params, see func(s *series, d *page), n int, step int64, f func(i int) float64) *series {
	t.Helper()
	var own days
	s := &series{Flags: flagUsed}
	s.restart(p)
	for i := range n {
		k := look{sight: sight{glance: glance{t: firstSample + int64(i)*step*1000, fine: 1}}}
		if _, why := s.observe(p, &own, &k, f(i)); why != taken {
			t.Fatalf("sample %d was dropped: %s", i, outcomeNames[why])
		}
		if see != nil && s.has(flagPage) {
			see(s, own.at(s.Page))
		}
	}
	return s
}

func TestTrend_FivePercentADay_GoesToTheLongLevelNotTheCalendar(t *testing.T) {
	p, r := DefaultConfig().params(), rand.New(rand.NewPCG(2, 2))
	const day, all = 288, 60
	at := func(i int) float64 { return 100 * (1 + 0.05*float64(i)/day) }
	mean := 0.0
	i := 0
	s := watched(t, &p, func(_ *series, d *page) {
		i++
		if d.Ages >= 5 {
			mean = max(mean, math.Abs(d.centre(&p)))
		}
	}, all*day, 300, func(i int) float64 {
		return at(i) + 10*math.Sin(2*math.Pi*float64(i)/day) + r.NormFloat64()
	})
	if got, want := s.Long, at(all*day); math.Abs(got-want) > 15 {
		t.Errorf("long level %.1f after %d days, the trend is at %.1f", got, all, want)
	}
	if mean > 2 || i == 0 {
		t.Errorf("the calendar holds up to %.1f of the trend, want less than half a day of it", mean)
	}
}

func TestWeek_EmptyWeekends_SeasonOfSaturdayIsLower(t *testing.T) {
	p, r := DefaultConfig().params(), rand.New(rand.NewPCG(3, 3))
	var last page
	watched(t, &p, func(_ *series, d *page) { last = *d }, 35*288, 300, func(i int) float64 {
		x := 20 + r.NormFloat64()
		if at := time.UnixMilli(firstSample + int64(i)*300_000).UTC(); at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
			x += 60 * math.Pow(math.Sin(float64(i%288)*math.Pi/288), 2)
		}
		return x
	})
	noon := func(day int) float64 { // of January 2024, which began with a Monday
		return last.at(&p, time.Date(2024, 1, day, 12, 0, 0, 0, time.UTC).Unix(), 300, 1)
	}
	if !last.weekly(&p) {
		t.Fatal("the week is not used after five weeks")
	}
	if got := noon(3) - noon(6); got < 30 {
		t.Errorf("Wednesday noon lies %.1f above Saturday noon, want most of 60", got)
	}
	if got := noon(2) - noon(4); math.Abs(got) > 10 {
		t.Errorf("Tuesday noon lies %.1f above Thursday noon, want about none", got)
	}
}

func TestPage_Week_MeanGoesToTheLongLevelIfUsed(t *testing.T) {
	for _, used := range []bool{false, true} {
		d := &page{}
		d.start(1000, 10)
		d.DayErr, d.WeekErr, d.Ages = 1, map[bool]float32{false: 1, true: 0.5}[used], DefaultParameters().Calendar.WeekAfter
		for i := range d.Week {
			d.Week[i] = int16(100 + 10*(i%2))
		}
		want := 0.0
		if used {
			want = 105 * d.Unit.value()
		}
		if got := d.level(defaults()); math.Abs(got-want) > 1e-6 {
			t.Errorf("used %v: moved %v, want %v", used, got, want)
		}
		if mean := d.weekMean(); math.Abs(mean) > 1 {
			t.Errorf("used %v: mean of the week is still %v units", used, mean)
		}
	}
}
