package detector

import "testing"

// onThursdays is what comes each Thursday at ten, with a span and a count.
func onThursdays(span int, count uint8) recurrence {
	r := weeklyOf(20, 3, 600, count)
	r.setToday(seen)
	r.setSpan(span)
	return r
}

// knownFor is what comes each day at ten, with a span and a count.
func knownFor(p *params, span int, count uint8) recurrence {
	r := recurrenceOf(20, 600, count, seen)
	r.setSpan(span)
	return r
}

func TestRecurrence_Over_HalfwayUpAndDownByOne(t *testing.T) {
	p := defaults()
	believed := p.Recurrence.Believed
	for name, c := range map[string]struct {
		r           recurrence
		began, took int // minutes after ten; its length
		want        int
	}{
		"as known":                          {knownFor(p, 2, 10), 0, 40, 2},
		"somewhat shorter":                  {knownFor(p, 3, 10), 0, 20, 3},
		"far shorter":                       {knownFor(p, 4, 10), 0, 20, 3},
		"over before its time":              {knownFor(p, 4, 10), -8, 5, 3},
		"longer":                            {knownFor(p, 0, 10), 0, 100, 3},
		"longer by one":                     {knownFor(p, 2, 10), 0, 50, 3},
		"as long as any":                    {knownFor(p, 2, 10), 0, 360, 5},
		"longer than any":                   {knownFor(p, 2, 10), 0, 366, 2},
		"late, and so longer":               {knownFor(p, 2, 10), 12, 40, 3},
		"just believed":                     {knownFor(p, 0, believed), 0, 100, 5},
		"not believed":                      {recurrenceOf(20, 600, believed-1, seen), 0, 100, 0},
		"began earlier":                     {knownFor(p, 2, 10), -14, 114, 2},
		"began later":                       {knownFor(p, 2, 10), 14, 86, 2},
		"did not come, and something ended": {recurrenceOf(20, 600, 10, unseen), 0, 100, 0},
		"weekly, longer by one":             {onThursdays(0, 8), 0, 100, 1},
		"weekly, longer by two":             {onThursdays(0, 8), 0, 200, 1},
		"weekly, just believed":             {onThursdays(0, believed), 0, 200, 1},
		"weekly, longer than any":           {onThursdays(0, 8), 0, 310, 0},
		"weekly, shorter":                   {onThursdays(1, 7), 0, 30, 1},
		"weekly, a level that is over":      {onThursdays(2, 7), 0, 100, 1},
		"weekly, a level that goes on":      {onThursdays(2, 7), 0, 310, 2},
		"weekly, as short as known":         {onThursdays(0, 8), 0, 3, 0},
	} {
		d := &page{Recurs: [recurring]recurrence{1: c.r}}
		const day = 3
		end := int64(c.began + c.took)
		k := look{sight: sight{glance: glance{t: 60_000 * (end + 2)}}, place: place{minute: int16(602 + end), weekday: day}} // seen two minutes after its end
		d.over(p, &k, 60_000*int64(c.began), 60_000*end)
		r := d.Recurs[1]
		if got := r.span(p); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
		if r.weekly() && r.day() != day {
			t.Errorf("%s: the weekday is %d", name, r.day())
		}
	}
}

// The bits of its first weekday tell how long it lasts while it is believed, and nothing when it
// no longer is: it starts again from the shortest.
func TestRecurrence_Spans_FromBeliefToItsEnd(t *testing.T) {
	p := defaults()
	r := recurrenceOf(20, 600, p.Recurrence.Believed-p.Recurrence.Gains, unseen)
	r.setDay(4)
	at := &place{minute: 600, weekday: 6}
	if r.lasts(p) != p.Recurrence.Lasts[0] {
		t.Errorf("before it is believed it may last for %d minutes", r.lasts(p))
	}
	r.see(p, at)
	if !r.spans(p) || r.lasts(p) != p.Recurrence.Lasts[0] {
		t.Errorf("when it has just been believed it may last for %d minutes, want %d", r.lasts(p), p.Recurrence.Lasts[0])
	}
	r.setSpan(5)
	r.endDay(p, 6)
	r.see(p, at)
	if r.lasts(p) != p.Recurrence.Lasts[5] {
		t.Errorf("on the next day it may last for %d minutes, want %d", r.lasts(p), p.Recurrence.Lasts[5])
	}
	for r.spans(p) {
		r.endDay(p, 6)
	}
	if r.lasts(p) != p.Recurrence.Lasts[0] || r.day() != noDay {
		t.Errorf("when it is believed no longer it may last for %d minutes, and is of day %d", r.lasts(p), r.day())
	}
	r.see(p, at)
	if r.lasts(p) != p.Recurrence.Lasts[0] {
		t.Errorf("when it is believed again it may last for %d minutes", r.lasts(p))
	}
}

// It is learned from the first lesson that is not far off normal, where that is within an episode or at
// its end, and from none that ends nothing.
func TestRecurrence_Ending_OfAnEpisodeOnly(t *testing.T) {
	p := defaults()
	const began, now = int64(1_700_000_000_000), int64(1_700_000_000_000 + 100*60_000)
	for name, c := range map[string]struct {
		was, open bool
		x         float64
		ended     int64 // before now, ms
		learns    bool
	}{
		"within an episode that has long been no odder": {true, true, 0, 50 * 60_000, true},
		"as it ends":                    {true, false, 0, 0, true},
		"soon after":                    {true, false, 0, 2 * 60_000, true},
		"long after":                    {true, false, 0, 30 * 60_000, false},
		"was not far off":               {false, true, 0, 0, false},
		"still far off, on either side": {true, true, -20, 0, false},
	} {
		d := &page{Recurs: [recurring]recurrence{knownFor(p, 0, 10)}}
		s := &series{EpisodeSince: began, EpisodeEnd: now - c.ended, Turn: p.turnOf(now)}
		s.note(flagFar, c.was)
		s.note(flagOpen, c.open)
		k := look{sight: sight{glance: glance{t: now, x: c.x}}, unit: 1, place: place{minute: 700}}
		s.ending(p, &k, d)
		if learned := d.Recurs[0].span(p) > 0; learned != c.learns || s.has(flagFar) != (c.x != 0) {
			t.Errorf("%s: learned %v, far %v", name, learned, s.has(flagFar))
		}
	}
}

// What is weekly keeps its span while its count changes, and loses it below the counts that have one.
func TestRecurrence_SpanOfWeekly_KeptWithItsCount(t *testing.T) {
	for span := range levelWeekly + 1 {
		for count := uint8(weeklyLong); count <= weeklyMost; count++ {
			r := weeklyOf(20, 3, 600, count)
			r.setSpan(span)
			for other := uint8(weeklyLong); other <= weeklyMost; other++ {
				if r.setCount(other); r.count() != other || r.spanWeekly() != span || r.day() != 3 || r.minute() != 600 {
					t.Errorf("span %d, count %d, set to %d: got %d, %d", span, count, other, r.spanWeekly(), r.count())
				}
			}
			r.setCount(weeklyLong - 1)
			if r.count() != weeklyLong-1 || r.spanWeekly() != 0 {
				t.Errorf("span %d, set to %d: got %d, %d", span, weeklyLong-1, r.spanWeekly(), r.count())
			}
			if r.setCount(weeklyLong); r.count() != weeklyLong || r.spanWeekly() != 0 {
				t.Errorf("span %d, back at %d: got %d, %d", span, weeklyLong, r.spanWeekly(), r.count())
			}
		}
	}
}
