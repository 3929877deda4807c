package detector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// recurrenceOf is one of a size at a minute of the day, or of the day of the week.
func recurrenceOf(size float64, minute int, count uint8, now today) recurrence {
	var r recurrence
	r.setMinute(minute)
	r.setDay(noDay)
	r.setCount(count)
	r.setToday(now)
	r.setSize(size)
	return r
}

func weeklyOf(size float64, weekday, minute int, count uint8) recurrence {
	r := recurrenceOf(size, minute, count, unseen)
	r.setDay(weekday)
	r.setWeekly(true)
	return r
}

func TestRecurrence_Bits_ReadAsSet(t *testing.T) {
	for minute := 0; minute < minutesDay; minute += 34 {
		for count := uint8(0); count < 1<<countBits; count++ {
			for now := unseen; now <= grownAgain; now++ {
				for weekday := range noDay + 1 {
					for _, size := range []float64{5, -5} {
						r := recurrenceOf(size, minute, count, now)
						r.setDay(weekday)
						if r.weekly() || r.minute() != minute || r.count() != count || r.today() != now || r.day() != weekday || r.below() != (size < 0) || math.Abs(r.size()/size-1) > 0.022 {
							t.Fatalf("set %v, %d, %d, %d, %d, got %v, %d, %d, %d, %d", size, weekday, minute, count, now, r.size(), r.day(), r.minute(), r.count(), r.today())
						}
						if count > weeklyMost || weekday == noDay {
							continue
						}
						if r.setWeekly(true); !r.weekly() || r.count() != count || r.spanWeekly() != 0 || r.day() != weekday || r.inWeek() != weekday*minutesDay+minute {
							t.Fatalf("set %v, %d, %d, %d, %d and weekly, got %b", size, weekday, minute, count, now, r)
						}
					}
				}
			}
		}
	}
}

// A size is kept to 2.2 %, and fades and grows all the same. What is smaller or larger than all
// that is measured is not remembered.
func TestRecurrence_Sizes_KeptFromSmallToLarge(t *testing.T) {
	p := defaults()
	for size := 1.1e-19; size < 1e19; size *= 1.37 {
		var r recurrence
		r.setSize(size)
		if got := r.size(); math.Abs(got/size-1) > 0.022 || !holds(size) {
			t.Fatalf("%g is kept as %g, holds %v", size, got, holds(size))
		}
		was := r.size()
		if r.setSize(p.Recurrence.Keeps * was); r.size() >= was || r.size() < 0.94*was {
			t.Fatalf("%g fades to %g", was, r.size())
		}
		if r.setSize(p.Recurrence.Grows * was); r.size() <= 1.08*was || r.size() > 1.12*was {
			t.Fatalf("%g grows to %g", was, r.size())
		}
	}
	for _, size := range []float64{1e-20, -1e-20, 1e19, math.Inf(-1), 0} {
		if holds(size) {
			t.Errorf("%g is said to be kept", size)
		}
	}
}

func TestRecurrence_AroundMidnight_TimesAreCompared(t *testing.T) {
	r := recurrenceOf(20, 1436, 6, unseen)
	for minute, off := range map[int16]int{1436: 0, 1430: -6, 2: 6, 716: 720, 718: -718} {
		if got := r.off(&place{minute: minute}); got != off {
			t.Errorf("minute %d is %d behind, want %d", minute, got, off)
		}
	}
	r.see(defaults(), &place{minute: 6}) // a fourth of ten minutes later
	if r.minute() != 1438 {
		t.Errorf("ten minutes later the minute is %d, want 1438", r.minute())
	}
	w := weeklyOf(20, 6, 1436, 6)
	for at, off := range map[place]int{{minute: 2, weekday: 0}: 6, {minute: 2, weekday: 6}: -1434, {minute: 1430, weekday: 6}: -6, {minute: 1436, weekday: 5}: -1440} {
		if got := w.off(&at); got != off {
			t.Errorf("minute %d of day %d is %d behind, want %d", at.minute, at.weekday, got, off)
		}
	}
	if w.see(defaults(), &place{minute: 12, weekday: 0}); w.day() != 0 || w.minute() != 0 {
		t.Errorf("sixteen minutes later it is of day %d, minute %d, want a fourth of that later: 0 and 0", w.day(), w.minute())
	}
}

// playDays shows a page days of a sample each three minutes, from a Monday on; on those with a
// size a deviation of it at ten o'clock is odd, or only rare.
func playDays(p *params, odd bool, sizes ...float64) *page {
	d := &page{Bucket: math.MaxUint8}
	for day, size := range sizes {
		for m := int16(0); m < minutesDay; m += 3 {
			k := look{unit: 1, decades: 9, place: place{rows: 5, own: uint8(m / 15), minute: m, weekday: uint8(day % 7)}}
			if m == 600 {
				k.x, k.odd = size, odd
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

// daysOf gives so many days with, then without, then with it.
func daysOf(with, without, again int) []float64 {
	out := make([]float64, with+without+again)
	for i := range out {
		if i < with || i >= with+without {
			out[i] = 20
		}
	}
	return out
}

func TestRecurrence_DaysWithAndWithout_Counted(t *testing.T) {
	p := defaults()
	for _, c := range []struct {
		with, without, again int
		count                uint8
		known                bool
	}{
		{1, 0, 0, 2, false}, {2, 0, 0, 4, false}, {3, 0, 0, 6, true}, {1, 1, 0, 1, false}, {1, 2, 0, 0, false},
		{2, 1, 2, 7, true}, {5, 2, 0, 8, true}, {10, 0, 0, 14, true}, {10, 8, 0, 6, true}, {10, 9, 0, 5, false}, {10, 14, 0, 0, false},
	} {
		for _, odd := range []bool{false, true} {
			if odd && c.with == 1 && c.without > 0 {
				continue // it waits for the week to be over
			}
			d := playDays(p, odd, daysOf(c.with, c.without, c.again)...)
			r := d.Recurs[0]
			if r.count() != c.count || r.known(p) != c.known || (r == 0) != (c.count == 0) || d.Recurs[1] != 0 {
				t.Errorf("%d days with, %d without, %d with, odd %v: got %v, count %d, known %v, want a count of %d, known %v",
					c.with, c.without, c.again, odd, d.Recurs, r.count(), r.known(p), c.count, c.known)
			}
		}
	}
}

// What is known follows a size that has grown by a fifth a day at most. One that is more
// than twice as large is not the same, and has to become known itself.
func TestRecurrence_Larger_FollowedByAFifthADay(t *testing.T) {
	p := defaults()
	d := playDays(p, true, 20, 20, 20, 20, 35)
	if r := d.Recurs[0]; r.count() != 10 || r.size() < 18 || r.size() > 24 {
		t.Errorf("a day with 35 after four with 20 is remembered as %v by a count of %d", r.size(), r.count())
	}
	d = playDays(p, true, 20, 20, 20, 20, 200)
	if a, b := d.Recurs[0], d.Recurs[1]; a.size() > 20 || a.count() != 7 || b.count() != 2 || math.Abs(b.size()/190-1) > 0.03 {
		t.Errorf("a day with 200 after four with 20: got %v by %d, and %v by %d", a.size(), a.count(), b.size(), b.count())
	}
	r := recurrenceOf(20, 600, 6, seen)
	for range 10 {
		r.grow(p, 100)
	}
	if got := r.size(); math.Abs(got/(20*p.Recurrence.Grows*p.Recurrence.Grows)-1) > 0.03 {
		t.Errorf("ten samples of 100 make 20 to %v, want two steps of %v", got, p.Recurrence.Grows)
	}
}

// Places are taken from what came once, and not from what is known or about to be.
func TestRecurrence_NoFreePlace_TheLeastIsGivenUp(t *testing.T) {
	p := defaults()
	d := &page{}
	for i := range d.Recurs {
		d.Recurs[i] = recurrenceOf(20, 100*i, 6, unseen)
	}
	k := look{sight: sight{glance: glance{x: 50}}, unit: 1, decades: 9, place: place{minute: 1000, rows: 5}}
	if r := d.room(p, &k, 50); r != nil {
		t.Errorf("a known one is given up: %v", *r)
	}
	d.Recurs[2].setCount(4)
	if r := d.room(p, &k, 50); r != nil {
		t.Errorf("one that came on two days is given up: %v", *r)
	}
	d.Recurs[1].setCount(1)
	before := d.Recurs
	k.open = true
	if d.propose(p, &k, 50); d.Recurs != before {
		t.Errorf("a sample that goes on with an episode takes a place: %v, was %v", d.Recurs, before)
	}
	k.open = false
	d.propose(p, &k, 50)
	if r := d.Recurs[1]; r.minute() != 1000 || r.count() != 2 || math.Abs(r.size()-50) > 2 || r.weekly() {
		t.Errorf("got %v, want the second place to be new", d.Recurs)
	}
}

// When the clock is put back, nobody's day ends.
func TestRecurrence_ClockPutBack_NoDayEnds(t *testing.T) {
	p := defaults()
	d := &page{Bucket: 12}
	d.Recurs[0] = recurrenceOf(20, 600, 6, unseen)
	if d.passDays(p, &place{own: 8}, false); d.Recurs[0].count() != 6 {
		t.Errorf("an hour back takes a day: count %d", d.Recurs[0].count())
	}
	if d.passDays(p, &place{own: 55}, false); d.Recurs[0].count() != 6 {
		t.Errorf("the day ends at noon: count %d", d.Recurs[0].count())
	}
	d.Bucket = 85
	if d.passDays(p, &place{own: 90}, false); d.Recurs[0].count() != 5 {
		t.Errorf("the day does not end at ten in the evening: count %d", d.Recurs[0].count())
	}
}

// Levels and blocks of a sequence share a byte.
func TestNoveltyBefore_LevelsAndBlocks_AsPutIn(t *testing.T) {
	var b before
	first, second := uint(0), uint(0)
	for i := range 1000 {
		level := uint(i*i) % novelLevels
		b = b.then(level)
		first, second = second, level
		if b.levels() != first*novelLevels+second || int(b.run()) != min(i+1, 2) {
			t.Fatalf("block %d: got levels %d and %d blocks", i, b.levels(), b.run())
		}
	}
	if w := b.widened(); w.run() != 0 || w.levels() != b.levels() {
		t.Errorf("widened: got %d blocks and levels %d", w.run(), w.levels())
	}
}

// What a chart finds odd at the time of a job is excused as well, within what the job may
// reach: no episode opens by a value that the band holds.
func TestRecurrence_OddByAChart_IsExcusedToo(t *testing.T) {
	p := defaults()
	r := recurrenceOf(20, 600, 6, unseen)
	for x, opens := range map[float64]bool{101: false, 139: false, 141: true, 99: true} {
		s, d := series{N: 10000, Step: 60, Flags: flagPage}, page{Recurs: [recurring]recurrence{r}}
		k := look{sight: sight{glance: glance{t: 1, x: x}, anchor: 100, scale: 5}, unit: 5, low: 90, high: 150, odd: true, recurs: r, lower: 100, upper: 100.5}
		if phase := s.knownEpisode(p, &k, &d); (phase == PhaseOpened) != opens || opens != (x < k.lower || x > k.upper) {
			t.Errorf("%v: phase %v, band %v to %v, want it to open: %v", x, phase, k.lower, k.upper, opens)
		}
	}
}

// The first visits of a quarter may teach it wrong, as when a new level was taken for
// normal in the midst of them. It is odd each day then, and known to recur each day, and
// nothing is told; but what it is as the quarters beside it are known to be it learns.
func TestPage_QuarterTaughtWrong_LearnsThoughItRecurs(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 9))
		b, err := NewBank(DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		slot := b.Register(labels.FromStrings(labels.MetricName, "x"))
		const start, days = 1_767_571_200_000, 28
		for minute := range int64(days * 1440) {
			x := 10 + 2*r.NormFloat64()
			if hour := minute % 1440 / 60; hour == 2 || hour == 3 {
				x += 70
			}
			b.Observe(slot, start+minute*60_000, x)
		}
		s := &b.series.at(int(slot.place()) / chunkSize).series[slot.place()%chunkSize]
		d := b.days.at(s.Page)
		for i := 8; i < 16; i++ {
			if level := s.Long + d.Unit.value()*float64(d.Day[i]); level < 60 || level > 90 {
				t.Errorf("seed %d: quarter %d is known by %.0f after four weeks of 80", seed, i, level)
			}
		}
	}
}
