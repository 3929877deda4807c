package detector

// RecurrenceParameters are those of the memory of what happens daily, or on one day of the week, at
// about the same time and is over before the calendar, which knows quarters of an hour and of
// a day of the week, can show it: a deployment, a backup, a job.
type RecurrenceParameters struct {
	// Rare is how rare a sample must be to be remembered, as log10 of the hours between
	// samples that are as odd: a day. Less than what alarms, for a tail that has just learned
	// from the day before.
	Rare float64 `range:"0,5"`
	// Units is how far off normal it must lie besides, in units, so that noise alone never
	// passes for one more time. Three units are about five deviations of normal noise.
	Units float64 `range:"0.5,6"`
	// Near is the number of minutes by which it may come early or late.
	Near int `range:"1,120"`
	// NearShare is the part of its interval by which what comes several times a day may come
	// early or late, Near at most.
	NearShare float64 `range:"0.02,0.2"`
	// Lasts are the numbers of minutes for which it may go on, in rising order: the first for what
	// has not been seen to take longer, the quarter of an hour from which the calendar knows it.
	Lasts [spans]int `range:"0,720"`
	// Earlier is by how many of Lasts what is daily must have been over before that to be taken for
	// shorter than known, by one: a job of 20 minutes on one day and of 60 on another is one job. Of what is weekly two are enough.
	Earlier int `range:"1,8"`
	// LastsWeekly are the same for what comes on one day of the week; what goes on for longer is a level. Of that day the calendar knows
	// six hours at a time: a backup that takes three quarters of an hour is known from the first.
	LastsWeekly [levelWeekly]int `range:"0,720"`
	// LastsShare is the part of its interval for which what comes several times a day may go on. By it
	// and NearShare it is over before the middle between two times.
	LastsShare float64 `range:"0,0.3"`
	// SporadicGains is how much one adds to the count of what comes at any time.
	SporadicGains int `range:"1,9"`
	// SporadicFades is how much each day takes from that: what comes on most days is known in time, and what
	// comes each second day never.
	SporadicFades int `range:"1,9"`
	// SporadicDaily is how many of a day add to it. By two it is on the third day that it can be
	// known: one bad afternoon, of whatever many, makes no habit.
	SporadicDaily int `range:"1,14"`
	// SporadicBelieved is the count, 27 at most, from which it is believed. With 16, 18 and 20 what comes
	// five times a day at random is told 9, 10 and 12 times, and 12, 11 and 8 of 299 labelled events of
	// KPI are told no more, of MSCloud and NAB none.
	SporadicBelieved int `range:"2,27"`
	// SporadicLeast is the part of how far it has been off normal that counts as one more: less than
	// Least, for what comes at any time is of uneven size too. Once it is known it is Least.
	SporadicLeast float64 `range:"0.05,1"`
	// SporadicMost are how many in a day are nothing new, in rising order: the next is its own after a day
	// with more than half of it, the one before after one with an eighth of it or less. A day's number is counted to 15, so that from 16 on it is any.
	SporadicMost [sporadicRates]int `range:"1,100"`
	// MissedEach is the number of minutes in which one time counts that what comes several times a day,
	// and is believed, left out, and by which its size fades: what rests at night or at a weekend is
	// known after that, and forgotten after four days without. With 180 such jobs are told three
	// times each Monday.
	MissedEach int `range:"30,720"`
	// Gains is how many days without it a day with it outweighs: a job that runs five days
	// of seven, or every other day, is known too. Of what is weekly it is weeks.
	Gains uint8 `range:"1,7"`
	// Believed is the count, of days with it by Gains less those without it, from which it
	// is believed: three days, or weeks, in a row.
	Believed uint8 `range:"1,15"`
	// Most is the largest such count: two weeks without it, and it is forgotten.
	Most uint8 `range:"1,15"`
	// MostWeekly is the largest of what comes on one day of the week: after three weeks without it
	// it is told again, after eight forgotten.
	MostWeekly uint8 `range:"1,8"`
	// Times is how many times as far off normal as it has been is told to nobody.
	Times float64 `range:"0.5,10"`
	// Least is the part of how far it has been that counts as one more time.
	Least float64 `range:"0.05,1"`
	// Grows is the factor by which one that has become larger is followed, twice a day at
	// most. Sizes are kept in steps of a sixteenth of an octave, 4.4 %.
	Grows float64 `range:"1,2"`
	// Keeps is the part that a day, or week, leaves of how far it has been.
	Keeps float64 `range:"0.5,1"`
	// Follows is the part of the way by which the time of day that is remembered follows
	// that of another day, at least.
	Follows float64 `range:"0.01,1"`
}

func defaultRecurrence() RecurrenceParameters {
	return RecurrenceParameters{Rare: 1.38, Units: 3, Near: 12, NearShare: 0.15, Lasts: [spans]int{15, 30, 45, 60, 90, 150, 240, 360}, Earlier: 3, LastsWeekly: [levelWeekly]int{60, 300}, LastsShare: 0.25, MissedEach: 720, SporadicGains: 4, SporadicFades: 3, SporadicDaily: 2, SporadicBelieved: 18, SporadicLeast: 0.2, SporadicMost: [sporadicRates]int{4, 8, 14, 28}, Gains: 2, Believed: 6, Most: 14, MostWeekly: 8, Times: 2, Least: 0.5, Grows: 1.1, Keeps: 0.95, Follows: 0.25}
}
