package detector

import (
	"math"
	"testing"
)

// playWeeks shows a page so many weeks of a sample each three minutes, from a Monday on; on days
// that are named, of which n is counted from 0 on, a deviation of 20 at ten o'clock is odd.
func playWeeks(p *params, weeks int, on func(day int) bool) *page {
	d := &page{Bucket: math.MaxUint8}
	for day := range 7 * weeks {
		for m := int16(0); m < minutesDay; m += 3 {
			k := look{unit: 1, decades: 9, place: place{rows: 5, own: uint8(m / 15), minute: m, weekday: uint8(day % 7)}}
			if m == 600 && on(day) {
				k.x, k.odd = 20, true
			}
			d.remark(p, &k, 0)
			if k.place.own != d.Bucket {
				d.passDays(p, &k.place, false)
				d.Bucket = k.place.own
			}
		}
	}
	return d
}

// knownDays returns for each weekday whether what comes at ten is known.
func knownDays(p *params, d *page) (out [7]bool) {
	for weekday := range out {
		k := look{sight: sight{glance: glance{x: 20}}, place: place{minute: 600, weekday: uint8(weekday)}}
		out[weekday] = d.recurs(p, &k) != 0
	}
	return out
}

func TestRecurrence_WeeksWithAndWithout_Counted(t *testing.T) {
	p := defaults()
	for _, c := range []struct {
		with, without int
		count         uint8
		known         bool
	}{{1, 0, 2, false}, {2, 0, 4, false}, {3, 0, 6, true}, {3, 1, 5, false}, {1, 1, 1, false}, {1, 2, 0, false}, {9, 0, 8, true}, {9, 2, 6, true}, {9, 3, 5, false}, {9, 8, 0, false}} {
		d := playWeeks(p, c.with+c.without, func(day int) bool { return day%7 == 2 && day/7 < c.with })
		r := d.Recurs[0]
		if r.count() != c.count || r.known(p) != c.known || (r == 0) != (c.count == 0) || r != 0 && (!r.weekly() || r.day() != 2 || r.minute() != 600) || d.Recurs[1] != 0 {
			t.Errorf("%d weeks with, %d without: got %v, count %d, known %v, want %d, %v", c.with, c.without, d.Recurs, r.count(), r.known(p), c.count, c.known)
		}
	}
}

// Which days are known after so many weeks, and how many places that takes.
func TestRecurrence_DaysOfTheWeek_KnownAsTheyCome(t *testing.T) {
	p := defaults()
	on := func(days ...int) func(int) bool {
		return func(day int) bool {
			for _, d := range days {
				if day%7 == d {
					return true
				}
			}
			return false
		}
	}
	all := [7]bool{true, true, true, true, true, true, true}
	for name, c := range map[string]struct {
		weeks  int
		on     func(int) bool
		want   [7]bool
		places int
	}{
		"each day":            {1, on(0, 1, 2, 3, 4, 5, 6), all, 1},
		"working days":        {2, on(0, 1, 2, 3, 4), all, 1},
		"every other day":     {3, func(day int) bool { return day%2 == 0 }, all, 1},
		"Sundays":             {3, on(6), [7]bool{6: true}, 1},
		"Tuesday and Friday":  {3, on(1, 4), [7]bool{1: true, 4: true}, 2},
		"weekends":            {4, on(5, 6), [7]bool{5: true, 6: true}, 2},
		"Sunday and Monday":   {4, on(6, 0), [7]bool{6: true, 0: true}, 2},
		"Monday, Wednesday":   {4, on(0, 2), [7]bool{0: true, 2: true}, 2},
		"three days in a row": {5, on(1, 2, 3), all, 1},
		"every other week":    {12, func(day int) bool { return day%14 == 3 }, [7]bool{3: true}, 1},
		"every third week":    {12, func(day int) bool { return day%21 == 3 }, [7]bool{}, 0},
		"each first of 30":    {20, func(day int) bool { return day%30 == 3 }, [7]bool{}, 0},
	} {
		d := playWeeks(p, c.weeks, c.on)
		places := 0
		for _, r := range d.Recurs {
			places += b2i(r != 0)
		}
		if got := knownDays(p, d); got != c.want || places != c.places {
			t.Errorf("%s, %d weeks: %v are known in %d places, want %v in %d", name, c.weeks, got, places, c.want, c.places)
		}
	}
}

// Of oddities that all wait for their day the youngest gives up its place, and none does for what
// is only rare.
func TestRecurrence_OddTimesOfAWeek_TheFirstKeepTheirPlaces(t *testing.T) {
	p := defaults()
	d := &page{}
	for i := range d.Recurs {
		d.Recurs[i] = weeklyOf(20, i, 100*i, 2)
	}
	before := d.Recurs
	k := look{sight: sight{glance: glance{x: 15}}, unit: 1, decades: 9, place: place{minute: 1000, weekday: 5, rows: 5}}
	if d.propose(p, &k, 15); d.Recurs != before {
		t.Errorf("what is rare takes a place: %v, was %v", d.Recurs, before)
	}
	k.odd = true
	d.propose(p, &k, 15)
	if r := d.Recurs[3]; r.day() != 5 || r.minute() != 1000 || !r.weekly() || d.Recurs[0] != before[0] || d.Recurs[1] != before[1] || d.Recurs[2] != before[2] {
		t.Errorf("got %v, was %v, want the last to be new", d.Recurs, before)
	}
	d.Recurs[1].setCount(1)
	k.place.minute = 800
	d.propose(p, &k, 15)
	if r := d.Recurs[1]; r.minute() != 800 || r.count() != 2 {
		t.Errorf("got %v, want the place of what did not come on its day", d.Recurs)
	}
}

// A day of the week that began before a gap of some hours, or over which nothing came, is no week
// without.
func TestRecurrence_NoSamplesOverItsDay_NoWeekIsTaken(t *testing.T) {
	p := defaults()
	d := &page{Bucket: 20}
	d.Recurs[0] = weeklyOf(20, 6, 600, 6)
	if d.passDays(p, &place{own: 90, weekday: 6}, false); d.Recurs[0].count() != 6 {
		t.Errorf("after a gap the count is %d, want 6", d.Recurs[0].count())
	}
	d.Bucket = 80
	if d.passDays(p, &place{own: 90, weekday: 0}, false); d.Recurs[0].count() != 6 {
		t.Errorf("at the end of a Monday the count is %d, want 6", d.Recurs[0].count())
	}
	if d.passDays(p, &place{own: 90, weekday: 6}, false); d.Recurs[0].count() != 5 {
		t.Errorf("at the end of a Sunday the count is %d, want 5", d.Recurs[0].count())
	}
	d.Recurs[0] = weeklyOf(20, 6, 1200, 6) // in the evening: its day ends on Monday morning
	d.Bucket = 30
	if d.passDays(p, &place{own: 34, weekday: 6}, false); d.Recurs[0].count() != 6 {
		t.Errorf("on Sunday morning the count is %d, want 6", d.Recurs[0].count())
	}
	if d.passDays(p, &place{own: 34, weekday: 0}, false); d.Recurs[0].count() != 5 {
		t.Errorf("on Monday morning the count is %d, want 5", d.Recurs[0].count())
	}
}
