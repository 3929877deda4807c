package detector

// CalendarParameters say how fast a page learns what time of day, week and hour do
// to a series, and when it is believed. Teaches are shares that one visit replaces.
type CalendarParameters struct {
	// PageAge is how long a series must have lived before it is given a page, in
	// milliseconds: six hours.
	PageAge int64 `range:"60000,2592000000"`
	// PageChanges is the share of samples that must change for a page to be worth its
	// bytes.
	PageChanges float32 `range:"0,1"`
	// PageStep is the longest step of a series with a page, in seconds.
	PageStep float32 `range:"60,43200"`
	// DayTeaches is the share of a quarter's offset that a day replaces at least.
	DayTeaches float32 `range:"0.001,1"`
	// WeekTeaches is the same for a quarter of a day of the week and a week.
	WeekTeaches float32 `range:"0.001,1"`
	// WeekPrior is the number of weeks, beside those seen, that the first ones of a
	// profile are divided by.
	WeekPrior float32 `range:"0.5,100"`
	// HourTeaches is the same for five minutes of the hour and an hour.
	HourTeaches float64 `range:"0.001,1"`
	// HourLately is the number of quarters of an hour over which a deviation that lasts is
	// not the hour's.
	HourLately float64 `range:"1,1000"`
	// HourRows is the number of samples in five minutes beyond which the hour is left out.
	HourRows float32 `range:"1,10000"`
	// SpreadTeaches is the share of the spread that a visit of half an hour replaces.
	// Bench detection: a spread by time of day brings .005 and sane bands at the edges of
	// a daily peak.
	SpreadTeaches float32 `range:"0.001,1"`
	// SpreadYoung is how much the first days weigh in it.
	SpreadYoung float32 `range:"0,1"`
	// SpreadPrior is the number of visits beside those seen that these are divided by.
	SpreadPrior float32 `range:"0,1000"`
	// SpreadMost is the largest error that counts in it, in mean errors.
	SpreadMost float64 `range:"1,7"`
	// SpreadRows is the number of rows of a bucket beyond which it learns no slower.
	SpreadRows float64 `range:"1,10000"`
	// CompareRate is the largest rate at which errors with week and hour are compared with
	// those without.
	CompareRate float32 `range:"0.0001,0.5"`
	// CompareDays is the number of days over which they are compared.
	CompareDays uint8 `range:"1,60"`
	// WeekAfter is the number of days before the week may be used: two weeks. Bench
	// detection: the week brings MSCloud +.02 to .05.
	WeekAfter uint8 `range:"7,200"`
	// WeekBetter is the part of the day's error below which that with the week must lie.
	WeekBetter float32 `range:"0.01,1"`
	// HourAfter is the number of days before the hour may be used.
	HourAfter uint8 `range:"1,200"`
	// HourBetter is the part of the error without the hour below which that with it must
	// lie. Bench detection: a finer hour without such a margin takes KPI from .69 to .65.
	HourBetter float32 `range:"0.01,1"`
	// SharpEdge is the number of errors by which neighbouring quarters differ at an edge,
	// across which the profile is not read as a slope. Bench nab: 57.9 to 61.2.
	SharpEdge float64 `range:"0.5,1000"`
	// EdgeNear is the number of quarters of an hour by which an edge of the day may come
	// early or late.
	EdgeNear uint8 `range:"0,8"`
	// EdgeMargin is the part of the height of an edge by which values beyond the levels on
	// either side are ordinary: no night's cleanup leaves as much as the one before.
	EdgeMargin float64 `range:"0,1"`
	// EdgeSlope is the number of times by which the change at such an edge is larger than
	// that before and after it; a slope is no edge.
	EdgeSlope float64 `range:"1,100"`
	// MovedNear is the part of the distance from what is known of a quarter within which a
	// value that is as an hour later or earlier lies of what is known of that.
	MovedNear float64 `range:"0.01,1"`
	// ReadRows is the number of samples in a quarter of an hour below which the profile is
	// not read between centres.
	ReadRows float32 `range:"1,900"`
	// LeapMemory is the number of days over which leaps of the season are remembered.
	// Bench detection: delay-F1 +.05 if leaps are weighed by what they were worth.
	LeapMemory float64 `range:"1,365"`
	// LeapMost is the number of scales beyond which a leap counts no more.
	LeapMost float64 `range:"1,1000"`
	// YoungDays is the number of days after which first visits weigh no more than others.
	YoungDays uint8 `range:"1,100"`
	// YoungWeeks is the same for weeks, in days.
	YoungWeeks uint8 `range:"7,200"`
	// CreditDays is the number of days in which a level that did not last is the day's.
	// Bench nab: +1 if first visits do not move the long level.
	CreditDays uint8 `range:"0,100"`
	// CreditWeeks is the number of days in which one that lasted longer is the week's.
	CreditWeeks uint8 `range:"0,200"`
	// SettledAfter is the number of days after which tails are learned anew. Bench nab:
	// +1 to 2.
	SettledAfter uint8 `range:"1,100"`
	// BreakNear is how many scales a value may lie off the level of another time of day
	// and be a break of the season.
	BreakNear float64 `range:"0.1,100"`
	// BreakFar is how many times as far the level of the present time must lie.
	BreakFar float64 `range:"1,100"`
}

// NoveltyParameters are those of the memory of shapes. Bench detection: MSCloud .83
// to .85; bench nab: +1 to 2. Eight levels or six are alike.
type NoveltyParameters struct {
	// Block is the time over which values are averaged to a level, in seconds: two hours.
	Block float64 `range:"600,43200"`
	// Memory is the number of blocks over which the share of new sequences is learned.
	Memory float32 `range:"2,10000"`
	// Margin is the part of the range by which it grows beyond a value outside of it.
	Margin float32 `range:"0,2"`
	// Widened is the growth of the range beyond which all is forgotten: levels then mean
	// something else.
	Widened float32 `range:"1.01,100"`
	// Weight is the part of the evidence of a new sequence that is added to that of the
	// sample.
	Weight float64 `range:"0,2"`
	// Free is the number of powers of ten that a new sequence must be rarer than one in.
	Free float64 `range:"0,10"`
	// Youth is the number of samples before which it adds nothing.
	Youth uint32 `range:"0,10000"`
}

// GlideParameters say which samples are plainly ordinary and need not be weighed in
// full. See ADR 0014. Bench detection: lessons once in three minutes take MSCloud
// .833 to .849, KPI .686 to .696, delay-F1 .62 to .67, and a sample 310 to 190 ns.
type GlideParameters struct {
	// Every is the time by the clock, in seconds, in which errors of forecasts and the
	// calendar learn from one sample. Bench detection: one, two or five minutes keep recall
	// within .01 and have a delay-F1 of .62, .69 and .68.
	Every int64 `range:"60,900"`
	// Youth is the number of samples that noise must have been learned from, one by one,
	// before. Bench families: with 60 twice as many alarms in the first hour at 15 s.
	Youth uint16 `range:"1,60000"`
	// YouthSpan is the time, in seconds, after which fewer do. Bench detection: without it
	// KPI .719 to .709, and delay-F1 .671 to .661.
	YouthSpan float32 `range:"60,86400"`
	// LessonStep is the step in seconds below which every LessonSamples-th sample teaches
	// too: what a series sampled each second does may be quick.
	LessonStep float32 `range:"0,60"`
	// LessonSamples is that number of samples.
	LessonSamples uint32 `range:"1,10000"`
	// Most is by how many errors a sample that glides may be off.
	Most float64 `range:"0,100"`
	// Part is the part of the quantile beyond which it may not be either.
	Part float64 `range:"0,1"`
	// Need is the number of powers of ten that it must take to be odd: twice what a sample
	// that glides can show.
	Need float64 `range:"1.7,20"`
	// LatelyNear is how near, in units, a sample must lie to the mean of its last minutes for
	// that to teach the calendar instead of it.
	LatelyNear float64 `range:"0,100"`
}

func defaultCalendar() CalendarParameters {
	return CalendarParameters{PageAge: 6 * 3600 * 1000, PageChanges: 0.02, PageStep: 2 * 3600, DayTeaches: 0.12, WeekTeaches: 0.3,
		WeekPrior: 1.5, HourTeaches: 0.05, HourLately: 12, HourRows: 300, SpreadTeaches: 0.055, SpreadYoung: 0.2, SpreadPrior: 1,
		SpreadMost: 5.5, SpreadRows: 60, CompareRate: 0.01, CompareDays: 3, WeekAfter: 14, WeekBetter: 0.87, HourAfter: 2, HourBetter: 0.8,
		SharpEdge: 4, EdgeNear: 2, EdgeMargin: 0.2, EdgeSlope: 2, ReadRows: 3, MovedNear: 0.5, LeapMemory: 10, LeapMost: 20, YoungDays: 7, YoungWeeks: 21, CreditDays: 2, CreditWeeks: 14,
		SettledAfter: 3, BreakNear: 2, BreakFar: 3}
}

func defaultNovelty() NoveltyParameters {
	return NoveltyParameters{Block: 2 * secondsHour, Memory: 200, Margin: 0.13, Widened: 1.3, Weight: 0.7, Free: 1, Youth: 50}
}

func defaultGlide() GlideParameters {
	return GlideParameters{Every: 180, Youth: 120, YouthSpan: 5400, LessonStep: 5, LessonSamples: 2, Most: 4, Part: 0.95, Need: 3.1, LatelyNear: 3}
}
