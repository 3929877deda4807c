package detector

import "testing"

func TestRecurrence_Intervals_ReadAsSet(t *testing.T) {
	for _, every := range everyMinutes {
		if minutesDay%every != 0 || every%minuteSteps != 0 {
			t.Errorf("%d minutes do not divide a day", every)
		}
		for minute := 0; minute < minutesDay; minute += minuteSteps {
			r := recurrenceOf(-20, 600, 9, grown)
			if r.setInterval(every, minute); !r.frequent() || r.weekly() || r.period() != every || r.minute() != minute%every || r.count() != 9 || r.today() != grown || !r.below() {
				t.Fatalf("each %d minutes at %d: got each %d at %d, count %d, %v", every, minute, r.period(), r.minute(), r.count(), r.today())
			}
			for _, off := range []int{-every/2 + 1, 0, 1, every / 2} {
				if got := r.off(&place{minute: int16((minute + off + minutesDay) % minutesDay)}); got != off {
					t.Fatalf("each %d minutes at %d: %d later is %d", every, minute, off, got)
				}
			}
		}
	}
}

// A period ends once, when what came is over and what comes next is not due: until it is believed each
// without it takes from the count.
func TestRecurrence_Periods_EndBetweenTwoTimes(t *testing.T) {
	p := defaults()
	const quarter = dayWidth / 60
	for _, every := range everyMinutes {
		for minute := 0; minute < every; minute += minuteSteps {
			r := recurrenceOf(20, 0, 5, unseen)
			r.setInterval(every, minute)
			ends := 0
			for at := quarter; at <= 2*minutesDay; at += quarter {
				off := r.off(&place{minute: int16(at % minutesDay)})
				if r.passPeriods(p, at/quarter%dayBuckets, 1, false); r.count() == 5 {
					continue
				}
				if ends++; r.count() != 4 || off >= -r.near(p) && off <= r.near(p)+r.lasts(p)-1 {
					t.Fatalf("each %d minutes at %d: a period ends %d minutes after one, and leaves %d", every, minute, off, r.count())
				}
				r.setCount(5)
			}
			if ends != 2*minutesDay/every {
				t.Fatalf("each %d minutes at %d: %d periods end in two days", every, minute, ends)
			}
		}
	}
}

// Of what is believed one without it in half a day counts, at whatever minute it comes.
func TestRecurrence_PeriodsOfWhatIsBelieved_TwoADayCount(t *testing.T) {
	p := defaults()
	for _, every := range everyMinutes {
		for minute := 0; minute < every; minute += minuteSteps {
			r := recurrenceOf(20, 0, 14, unseen)
			r.setInterval(every, minute)
			for q := 1; q <= 3*dayBuckets; q++ {
				r.passPeriods(p, q%dayBuckets, 1, false)
			}
			if r.count() != 8 {
				t.Errorf("each %d minutes at %d: three days without it leave %d, want 14 - 6", every, minute, r.count())
			}
		}
	}
}

// Of some hours that pass at once each period that was in them ends.
func TestRecurrence_PeriodsAtOnce_AllEnd(t *testing.T) {
	p := defaults()
	for _, every := range everyMinutes {
		for _, gone := range []int{1, 7, 8, 24, 47} {
			one, all := recurrenceOf(20, 0, 5, unseen), recurrenceOf(20, 0, 5, unseen)
			one.setInterval(every, 7)
			all.setInterval(every, 7)
			for q := 1; q <= gone; q++ {
				one.passPeriods(p, q, 1, false)
			}
			if all.passPeriods(p, gone, gone, false); all != one || (all == 0) != (every*5 < gone*dayWidth/60) {
				t.Errorf("each %d minutes, %d quarters of an hour at once: got %d, want %d as one by one", every, gone, all.count(), one.count())
			}
		}
	}
}

// What came before the same interval ago, alike, makes a place; the shortest interval of several.
func TestRecurrence_AfterAnInterval_GetsAPlace(t *testing.T) {
	p := defaults()
	for name, c := range map[string]struct {
		before []recurrence
		size   float64
		want   int // minutes, 0 for no place
	}{
		"an hour later":                         {[]recurrence{seenOnce(20, 600)}, 20, 60},
		"eight minutes late":                    {[]recurrence{seenOnce(20, 592)}, 20, 60},
		"eleven minutes late":                   {[]recurrence{seenOnce(20, 588)}, 20, 0},
		"two hours, and one later":              {[]recurrence{seenOnce(20, 540), seenOnce(20, 600)}, 20, 60},
		"one hour, and two later":               {[]recurrence{seenOnce(20, 600), seenOnce(20, 540)}, 20, 60},
		"six hours later":                       {[]recurrence{seenOnce(20, 300)}, 20, 360},
		"seven hours later":                     {[]recurrence{seenOnce(20, 240)}, 20, 0},
		"an hour after its time, but not today": {[]recurrence{weeklyOf(20, 2, 600, 2)}, 20, 0},
		"three times as large":                  {[]recurrence{seenOnce(20, 600)}, 60, 0},
		"a third as large":                      {[]recurrence{seenOnce(20, 600)}, 7, 0},
		"on the other side":                     {[]recurrence{seenOnce(20, 600)}, -20, 0},
		"nothing before":                        {nil, 20, 0},
	} {
		d := &page{}
		copy(d.Recurs[:], c.before)
		k := look{sight: sight{glance: glance{x: c.size}}, unit: 1, decades: 9, place: place{minute: 660, weekday: 2, rows: 5}}
		k.odd = true
		d.remark(p, &k, 0)
		got := 0
		for _, r := range d.Recurs {
			if r.frequent() {
				if got = r.period(); r.count() != 4 || r.today() != seen || r.minute() != 660%got || r.known(p) {
					t.Errorf("%s: got count %d at minute %d", name, r.count(), r.minute())
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: got an interval of %d minutes, want %d", name, got, c.want)
		}
	}
}

// What is only rare makes no place and is no time of one, and a period at whose end the series is far
// off is one without: it goes on.
func TestRecurrence_WithinADay_OnlyWhatIsOddAndOver(t *testing.T) {
	p := defaults()
	k := look{sight: sight{glance: glance{x: 20}}, unit: 1, decades: 9, place: place{minute: 660, weekday: 2, rows: 5}}
	d := &page{Recurs: [recurring]recurrence{seenOnce(20, 600)}}
	d.remark(p, &k, 0)
	for _, r := range d.Recurs {
		if r.frequent() {
			t.Error("what is rare makes a place")
		}
	}
	hourly := recurrenceOf(20, 0, 4, unseen)
	hourly.setInterval(60, 660)
	d.Recurs[1] = hourly
	if d.remark(p, &k, 0); d.Recurs[1] != hourly {
		t.Error("what is rare is one of its times")
	}
	k.odd = true
	if d.remark(p, &k, 0); d.Recurs[1].count() != 6 {
		t.Errorf("what is odd is none of its times: %d", d.Recurs[1].count())
	}
	over := d.Recurs[1]
	over.passPeriods(p, 46, 2, false)
	on := d.Recurs[1]
	if on.passPeriods(p, 46, 2, true); over.count() != 6 || on.count() != 5 || on.today() != unseen {
		t.Errorf("a period that is over leaves %d, one in which it goes on %d, want 6 and 5", over.count(), on.count())
	}
}

// seenOnce is what was odd on Wednesday for the first time.
func seenOnce(size float64, minute int) recurrence {
	r := weeklyOf(size, 2, minute, 2)
	r.setToday(seen)
	return r
}
