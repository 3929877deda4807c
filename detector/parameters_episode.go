package detector

// EpisodeParameters say when an episode goes on, what is told of it, and when what
// it shows has become normal.
type EpisodeParameters struct {
	// FartherBy is the factor by which the distance from the opening band must have grown
	// to be told again.
	FartherBy float32 `range:"1.01,100"`
	// ToldMore is the number of powers of ten by which evidence must have grown to be told
	// again, of a series and of a group.
	ToldMore float64 `range:"0.1,100"`
	// AwayLeast is how far off the long level a series must stay to hold an episode open,
	// in units.
	AwayLeast float64 `range:"0.5,100"`
	// AlarmMemory is the time constant with which the count of alarms fades, in
	// milliseconds: a day.
	AlarmMemory float64 `range:"60000,2592000000"`
	// AlarmsFree is the number of alarms a day that cost nothing. Bench detection: three
	// instead of none take KPI from .55 to .62, MSCloud .69 to .76.
	AlarmsFree float64 `range:"0,1000"`
	// HabitMost is the largest that habit may become, in powers of ten.
	HabitMost float64 `range:"0,10"`
	// RelearnSamples is the least number of samples on a new level before it is normal.
	RelearnSamples uint32 `range:"1,60000"`
	// ClearSamples is that number where samples are sparse, all of them are AwayLeast off,
	// and the later half is close to the new level. Bench detection, hours: 12 to 14 take MSCloud .849 to .83,
	// for half a day off is a time of day as often as a level.
	ClearSamples uint32 `range:"2,60000"`
	// SparseSpan is the time, in seconds, from which samples are sparse if RelearnSamples
	// of them take as long: steps of three quarters of an hour or more. What is clear within
	// half a day may be an incident, or a time of day.
	SparseSpan float64 `range:"60,2592000"`
	// ClearNear is how far off the mean of the shortest chart they may be, in units.
	ClearNear float64 `range:"0.1,100"`
	// StillSlack is the part of a step by which samples may come late and a value still
	// count as unchanged.
	StillSlack float64 `range:"0,2"`
	// CalmPart is the part of what errors are that residuals have been over a storm's
	// window of a series that is calm again after larger noise was taken as normal.
	CalmPart float64 `range:"0.05,0.95"`
	// CalmOver is the part of it from which the series is calm no longer.
	CalmOver float64 `range:"0.05,2"`
	// CalmLeft is the least part of what the storm shows that is believed when what is
	// left of larger residuals is taken from it.
	CalmLeft float64 `range:"0.05,1"`
	// CalmSamples is the least number of samples that it must have been calm for.
	CalmSamples uint32 `range:"1,10000"`
	// CalmLeast is the least time, in milliseconds, that it must have been calm for; else
	// as long as the noise has lasted. Longer than a calm hour.
	CalmLeast int64 `range:"60000,86400000"`
	// CalmMost is the most of it: longer than most nights.
	CalmMost int64 `range:"60000,604800000"`
	// CalmRange is the number of mean errors that noise puts to either side of the recent
	// range: a thousand normal residuals reach four.
	CalmRange float64 `range:"0,20"`
	// CalmFresh is the number of samples that the noise of before is then taken to be
	// known from: what it is now is learned by hundredths.
	CalmFresh uint16 `range:"1,10000"`
	// BackWithin is the time, in seconds, for which a level that was relearned may last
	// and still be taken back: longer than a weekend.
	BackWithin int64 `range:"0,2592000"`
	// BackFar is how far off what was relearned a series must lie to be back, in units
	// and AwayLeast; within one AwayLeast of the level before it is there.
	BackFar float64 `range:"1,100"`
	// BackNear is how many times nearer to the level before a series must lie than to what
	// was relearned to be back where samples are sparse and that is one AwayLeast off or more: deviations from the
	// old level may have widened units.
	BackNear float64 `range:"1,1000"`
	// UnitTimes is the factor between a level and the one before from which the charts say
	// nothing for BackWithin after it was taken as normal: another unit, or a load that is gone.
	UnitTimes float64 `range:"1.5,1000000"`
	// RecoverySteps is the number of steps after an episode in which the way back is not
	// odd. Bench detection: never odd at all would take KPI -.03.
	RecoverySteps float64 `range:"0,10000"`
}

// SilenceParameters say when a series that sends nothing is missed.
type SilenceParameters struct {
	// Steps is the number of steps without a sample after which it may be.
	Steps float64 `range:"1.5,1000"`
	// Least is the shortest silence that is told, in milliseconds: a minute.
	Least float64 `range:"1000,86400000"`
	// Most is the longest, in milliseconds, after which a missing series is given up; one
	// that has been idle for as long may be evicted from a full bank. Three hours.
	Most int64 `range:"60000,2592000000"`
	// MissedRate is the rate at which the share of missed steps is learned, by the step: a
	// hundred steps, so that of a series with few samples at night that is known before
	// long, and forgotten in the morning.
	MissedRate float64 `range:"0.0001,0.5"`
	// MissedLeast is the smallest share of missed steps that is believed, before the root
	// is taken because missed steps come together.
	MissedLeast float64 `range:"0.000001,0.5"`
	// Longer is how many times as long a silence must be to be as odd as before each time
	// that one was told: what comes and goes at no known times is told about once in
	// LongerDays.
	Longer float64 `range:"1,10"`
	// LongerDays is the number of days in which that is taken back once: a week, for which
	// the budget is one alarm by default.
	LongerDays uint16 `range:"1,365"`
	// LongerMost is the most times that it is done: at steps of 15 seconds silences of half
	// a day.
	LongerMost uint8 `range:"1,15"`
}

// ServiceParameters are those of the budget that the series of a service share:
// adaptive conformal inference (I. Gibbs, E. Candes, NeurIPS 2021, arXiv:2106.00170)
// on the logarithm of the rate. Offsets are powers of ten.
type ServiceParameters struct {
	// Crowd is the power of the number of series by which a service has more chances to
	// be wrong. Measured on SMD, ASD and JumpStarter: 0.56 to 0.97, 0.85 on average; the
	// offset does the rest.
	Crowd float64 `range:"0,1"`
	// GroupPart is the part of the budget that is left to the group. Bench budget: with .25
	// services of a hundred series of one daily wave raise 2.6 of it in their second week.
	GroupPart float64 `range:"0.01,0.9"`
	// OffsetStep is what a doubtful alarm adds at a budget of one a week; it shrinks with
	// the root of the budget. Bench detection: .5 takes KPI false alarms to .3 of the
	// budget, because real events are charged.
	OffsetStep float64 `range:"0.001,3"`
	// StepLargest bounds that step.
	StepLargest float64 `range:"0.001,3"`
	// StepSmallest bounds it below.
	StepSmallest float64 `range:"0,3"`
	// Prior is the weight, in alarms, of what tails and number of series say of the rate of
	// alarms before there was any. Bench budget: with .5 the first weeks are nearer to the
	// budget, but a service that is right falls as fast in a week that is quiet by chance.
	Prior float64 `range:"0.1,100"`
	// OffsetLeast is the smallest offset: a quiet service becomes at most ten times as
	// willing.
	OffsetLeast float32 `range:"-5,0"`
	// OffsetMost is the largest: a restless one a thousand times less.
	OffsetMost float32 `range:"0,10"`
	// Doubtful is how far beyond the threshold an alarm is doubtful, in powers of ten.
	// Bench detection as thresholds follow: with 1 services tell 134 of KPI's 299 events
	// and 78 of MSCloud's 126, with .7 147 and 82, with .5 149 and 86, for real ones are
	// mostly farther. Bench budget: with .5 a service of heavy tails raises up to 1.5 of
	// its budget for good.
	Doubtful float32 `range:"0,10"`
	// DoubtShare is the share of false alarms that are not farther: .8 where tails are
	// right, and more where they are lighter. Bench budget: .65 of 13,863 of heavy tails
	// and .87 of 44,892 others; with .9 services raise .94 of their budget in the long run.
	DoubtShare float64 `range:"0.01,1"`
	// FoldWithin is the time within which an opening belongs to the alarm before it, in
	// milliseconds: half an hour, as long as an incident stays open to what comes back.
	FoldWithin int64 `range:"0,86400000"`
	// FoldMost is how long one alarm may last by further openings, in milliseconds.
	FoldMost int64 `range:"0,2592000000"`
}

// GroupParameters are those of what the metrics of a service show together: how many are
// odd at once, and how many of these have just become so.
type GroupParameters struct {
	// HoldSteps is the number of steps for which a rare sample makes a metric odd: metrics
	// of one service are not sampled at the same instant.
	HoldSteps int64 `range:"1,100"`
	// TouchLeast is the evidence of such a sample, in powers of ten: one in 160.
	TouchLeast float64 `range:"0.5,10"`
	// Least is the number of metrics that must be odd at once.
	Least uint32 `range:"1,8"`
	// Fresh is the time for which a metric has just become odd, in seconds, at least a step.
	Fresh uint32 `range:"1,86400"`
	// Again is the time after which it can become odd anew, in seconds.
	Again uint32 `range:"1,604800"`
	// DayRate is how far what is usual of a number at a time of day follows what a day has
	// shown.
	DayRate float32 `range:"0.01,1"`
	// Scale is the metrics of which the tail is learned as a power of e, where Many or fewer
	// are odd on average; where more are it grows with the root of their number.
	Scale float64 `range:"0.5,20"`
	// Many is the number of metrics that are odd, on average over windows, from which it does:
	// that of a service of ten to twenty. Bench budget and groups: with .5 groups of a
	// hundred series of one daily wave raise .7 and .3 alarms in the first two weeks at
	// 5 min instead of .5 and .05, and what is labelled is found alike.
	Many float64 `range:"0.01,1000"`
	// MeanTime is the time over which that average is taken, in seconds: a day, so that it
	// has no time of day. Over half a day the labelled machines lose .01 of their area.
	MeanTime float32 `range:"600,2592000"`
	// MeanTimes is how many times the average one window may count for, and one metric more.
	MeanTimes float32 `range:"1,100"`
	// Prior is the mean excess that the tail starts from, in those.
	Prior float64 `range:"0.1,4"`
	// Quantile is where the quantile of the number starts.
	Quantile float64 `range:"0.1,20"`
	// Floor is the smallest that it may become.
	Floor float64 `range:"0,20"`
	// Warmup is the number of windows before a group may alarm.
	Warmup uint32 `range:"3,1000000"`
	// WarmupTime is the time before it may, in milliseconds: until a day has been seen, and
	// half of the next has shown what the calendar knows of it.
	WarmupTime int64 `range:"0,2592000000"`
	// WarmupKept is how many of these count as seen when learning begins anew.
	WarmupKept uint32 `range:"0,1000000"`
	// Growth is the growth of the number of metrics at which it does.
	Growth uint32 `range:"2,1000"`
	// CatchUp is the number of quiet windows that are learned at once at most.
	CatchUp int64 `range:"1,100000"`
	// Memory is the least share of a window in what is known of how often two are odd.
	Memory float32 `range:"0.000001,0.5"`
	// StepRate is the rate at which the step of metrics that are odd is averaged.
	StepRate float32 `range:"0.001,1"`
	// Hold is the number of powers of ten less that keep an episode open.
	Hold float64 `range:"0,10"`
	// Relearn is the time after which what an open episode shows is ordinary, in
	// milliseconds: half an hour.
	Relearn int64 `range:"0,2592000000"`
}

func defaultEpisode() EpisodeParameters {
	return EpisodeParameters{FartherBy: 1.5, ToldMore: 1, AwayLeast: 3, AlarmMemory: secondsDay * 1000, AlarmsFree: 3, HabitMost: 3,
		RelearnSamples: 24, ClearSamples: 16, SparseSpan: 18 * secondsHour, ClearNear: 2, StillSlack: 0.5,
		CalmPart: 0.6, CalmOver: 0.75, CalmLeft: 0.4, CalmSamples: 24, CalmLeast: 3 * 3600 * 1000, CalmMost: 12 * 3600 * 1000, CalmRange: 4, CalmFresh: 100,
		BackWithin: 3 * secondsDay, BackFar: 2, BackNear: 4, UnitTimes: 10, RecoverySteps: 60}
}

func defaultSilence() SilenceParameters {
	return SilenceParameters{Steps: 5, Least: 60 * 1000, Most: 3 * 3600 * 1000, MissedRate: 0.01, MissedLeast: 3e-4, Longer: 2, LongerDays: 7, LongerMost: 10}
}

func defaultService() ServiceParameters {
	return ServiceParameters{Crowd: 0.8, GroupPart: 0.15, Prior: 1, OffsetStep: 0.2, StepLargest: 0.2, StepSmallest: 0.05, OffsetLeast: -1,
		OffsetMost: 3, Doubtful: 0.7, DoubtShare: 0.9, FoldWithin: 30 * 60 * 1000, FoldMost: 6 * 3600 * 1000}
}

func defaultGroup() GroupParameters {
	return GroupParameters{HoldSteps: 2, TouchLeast: 2.2, Least: 2, Fresh: 5 * 60, Again: secondsHour, DayRate: 0.5,
		Scale: 3, Many: 0.35, MeanTime: secondsDay, MeanTimes: 2, Prior: 0.13, Quantile: 0.7, Floor: 0.2, Warmup: 1000, WarmupTime: 36 * 3600 * 1000, WarmupKept: 100, Growth: 2, CatchUp: 200, Memory: 1e-4,
		StepRate: 0.02, Hold: 1, Relearn: 30 * 60 * 1000}
}
