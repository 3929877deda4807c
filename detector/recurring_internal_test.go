package detector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

func TestRecurrence_Bits_ReadAsSet(t *testing.T) {
	for minute := int16(0); minute < minutesDay; minute += minuteSteps {
		for count := uint8(0); count < 1<<countBits; count++ {
			for now := unseen; now <= grownAgain; now++ {
				var r recurrence
				r.set(minute, count, now)
				if r.minute() != minute || r.count() != count || r.today() != now {
					t.Fatalf("set %d, %d, %d, got %d, %d, %d", minute, count, now, r.minute(), r.count(), r.today())
				}
			}
		}
	}
}

func TestRecurrence_AroundMidnight_TimesAreCompared(t *testing.T) {
	var r recurrence
	r.set(1436, 6, unseen)
	for minute, off := range map[int16]int16{1436: 0, 1430: -6, 2: 6, 716: 720, 718: -718} {
		if got := r.off(minute); got != off {
			t.Errorf("minute %d is %d behind, want %d", minute, got, off)
		}
	}
	r.see(defaults(), 6) // a fourth of ten minutes later
	if r.minute() != 1438 {
		t.Errorf("ten minutes later the minute is %d, want 1438", r.minute())
	}
}

// playDays shows a page days of a sample each three minutes; on those with a size a
// deviation of it at ten o'clock is odd.
func playDays(p *params, sizes ...float64) *page {
	d := &page{Bucket: math.MaxUint8}
	for _, size := range sizes {
		for m := int16(0); m < minutesDay; m += 3 {
			k := look{unit: 1, decades: 9, place: place{rows: 5, own: uint8(m / 15), minute: m}}
			if m == 600 {
				k.x, k.odd = size, true
			}
			d.remark(p, &k, 0)
			if k.place.own != d.Bucket {
				d.passDays(p, &k.place)
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
		d := playDays(p, daysOf(c.with, c.without, c.again)...)
		r := d.Recurs[0]
		if r.count() != c.count || r.known(p) != c.known || (r.Size == 0) != (c.count == 0) || d.Recurs[1].Size != 0 {
			t.Errorf("%d days with, %d without, %d with: got %+v, known %v, want a count of %d, known %v", c.with, c.without, c.again, d.Recurs, r.known(p), c.count, c.known)
		}
	}
}

// What is known follows a size that has grown by a fifth a day at most. One that is more
// than twice as large is not the same, and has to become known itself.
func TestRecurrence_Larger_FollowedByAFifthADay(t *testing.T) {
	p := defaults()
	d := playDays(p, 20, 20, 20, 20, 35)
	if r := d.Recurs[0]; r.count() != 10 || r.Size.value() < 18 || r.Size.value() > 24 {
		t.Errorf("a day with 35 after four with 20 is remembered as %v by a count of %d", r.Size.value(), r.count())
	}
	d = playDays(p, 20, 20, 20, 20, 200)
	if a, b := d.Recurs[0], d.Recurs[1]; a.Size.value() > 20 || a.count() != 7 || b.count() != 2 || math.Abs(b.Size.value()-190) > 2 {
		t.Errorf("a day with 200 after four with 20: got %v by %d, and %v by %d", a.Size.value(), a.count(), b.Size.value(), b.count())
	}
	r := recurrence{Size: briefOf(20)}
	r.set(600, 6, seen)
	for range 10 {
		r.grow(p, 100)
	}
	if got := r.Size.value(); math.Abs(got-20*p.Recurrence.Grows*p.Recurrence.Grows) > 0.2 {
		t.Errorf("ten samples of 100 make 20 to %v, want two steps of %v", got, p.Recurrence.Grows)
	}
}

// Places are taken from what came once, and not from what is known or about to be.
func TestRecurrence_NoFreePlace_TheLeastIsGivenUp(t *testing.T) {
	p := defaults()
	d := &page{}
	for i := range d.Recurs {
		d.Recurs[i].Size = briefOf(20)
		d.Recurs[i].set(int16(100*i), 6, unseen)
	}
	if r := d.candidate(p, 1000, 50, false); r != nil {
		t.Errorf("a known one is given up: %+v", r)
	}
	d.Recurs[2].set(200, 4, unseen)
	if r := d.candidate(p, 1000, 50, false); r != nil {
		t.Errorf("one that came on two days is given up: %+v", r)
	}
	d.Recurs[1].set(100, 1, unseen)
	if r := d.candidate(p, 1000, 50, true); r != nil {
		t.Errorf("a sample that goes on with an episode takes a place: %+v", r)
	}
	if r := d.candidate(p, 1000, 50, false); r != &d.Recurs[1] || r.minute() != 1000 || r.Size != 0 {
		t.Errorf("got %+v, want the second place", r)
	}
}

// When the clock is put back, nobody's day ends.
func TestRecurrence_ClockPutBack_NoDayEnds(t *testing.T) {
	p := defaults()
	d := &page{Bucket: 12}
	d.Recurs[0].Size = briefOf(20)
	d.Recurs[0].set(600, 6, unseen)
	if d.passDays(p, &place{own: 8}); d.Recurs[0].count() != 6 {
		t.Errorf("an hour back takes a day: count %d", d.Recurs[0].count())
	}
	if d.passDays(p, &place{own: 55}); d.Recurs[0].count() != 6 {
		t.Errorf("the day ends at noon: count %d", d.Recurs[0].count())
	}
	d.Bucket = 85
	if d.passDays(p, &place{own: 90}); d.Recurs[0].count() != 5 {
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
	r := recurrence{Size: briefOf(20)}
	r.set(600, 6, unseen)
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
