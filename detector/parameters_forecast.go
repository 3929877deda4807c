package detector

// GuardParameters say which samples are compared with the one before, and how.
type GuardParameters struct {
	// GapSteps is the distance between samples, in steps, beyond which the last value
	// is a poor forecast and none is judged by it. Common sense: two scrapes may be lost.
	GapSteps float64 `range:"1.5,100"`
	// StaleSteps is the distance between samples, in steps, beyond which noise is to be
	// learned anew and the way back to what was before is not odd: an hour at a step of a
	// minute. All means but the slow one have then forgotten. Bench nab: 70.0 to 70.7 with
	// 50, 68.1 with 20; bench detection: 95th percentile of false alarms 4.1 to 3.5 of the
	// mean, and rates over a window that fills again after an hour do not alarm.
	StaleSteps float64 `range:"1.5,100000"`
	// StaleKept is the number of samples that noise is taken to be known from then. Fewer
	// than Forecast.Youth would let a new level pass for noise.
	StaleKept uint16 `range:"1,1000"`
	// ResetBelow is the part of its value below which a counter that fell was started
	// again; one that fell by less may be a gauge. Common sense.
	ResetBelow float64 `range:"0.01,0.99"`
	// ResetCounts is how many times as much as its usual rate would have counted since the
	// sample before a counter may show after a start, however little it fell: one that
	// restarts each few minutes falls by little as often as not. A gauge mostly shows many
	// times what it rises by. Half as much again is the load of such an hour.
	ResetCounts float64 `range:"0,100"`
	// GaugeFalls is the number of lesser falls after which a series with a counter's
	// name is taken for a gauge. Common sense: one may be a mistake of the sender.
	GaugeFalls uint8 `range:"1,200"`
	// StepLeast is the part of the usual step, in steps, below which a distance is another
	// step. Half a step is what a scraper of twice the pace has.
	StepLeast float64 `range:"0.1,0.95"`
	// StepMost is the same above: a lost scrape is two steps, and not to be taken for
	// another step.
	StepMost float64 `range:"1.05,3"`
	// StepRuns is the number of samples in a row at another step until that is believed.
	// Common sense: a restart of a scraper makes two or three.
	StepRuns uint8 `range:"2,200"`
	// StepDecades is how unlikely it must be, in powers of ten, that gaps that would make
	// another, longer step have come in a row by chance, by the share of missed steps. Of
	// a series that sends where there was traffic, most do at night.
	StepDecades float64 `range:"0,100"`
	// StepAlike is the share of the mean gap within which a gap is like it. Gaps that
	// chance makes are within a fifth of their mean once in seven times.
	StepAlike float64 `range:"0.05,0.5"`
	// StepRate is the share of its distance from the usual step that one sample's step
	// moves that. Common sense: a memory of 50 samples.
	StepRate float64 `range:"0.001,0.5"`
	// StepNoise bounds the factor by which a finer step is taken to raise the variance of
	// a rate, that of a count (Poisson).
	StepNoise float64 `range:"1,1000000"`
	// Unsettled is the number of samples that noise is taken to be known from when it is
	// to be learned anew but not from nothing: after another step or a new level.
	Unsettled uint16 `range:"1,1000"`
	// UnsettledFiner is the same for a gauge that misses no steps and whose step becomes
	// shorter: what is read now and then is as noisy at any step, and wanders less from one
	// sample to the next. From 60 to 15 s leaps of ten deviations are told after ten samples
	// in 8 of 20 series instead of 1, after twenty in 13 instead of 2; means over the step,
	// whose noise grows, alarm as often, nearly always in the StepRuns samples before.
	UnsettledFiner uint16 `range:"1,1000"`
	// UnsettledTail is the number of values that tails remember then.
	UnsettledTail uint16 `range:"1,10000"`
	// UnsettledShape is the number of excesses that tails remember then.
	UnsettledShape uint16 `range:"0,1000"`
	// SettledCharts is the part of their quantile that charts keep when tails are learned
	// anew after Calendar.SettledAfter days. Bench nab: relearning brings 1 to 2 points.
	SettledCharts float32 `range:"0,1"`
	// FarApart is the time, in seconds, beyond which samples count as no less often than
	// that. Of daily ones a budget of an alarm a week would let one in ten alarm, and all of
	// them once no alarm has come for long: then an episode never ends. With two hours 16 of
	// 50 leaps by twelve noise widths are told of daily samples, 36 with one.
	FarApart float64 `range:"3600,604800"`
}

// ForecastParameters say how fast forecasts follow, and what a single sample may
// teach. Rates are shares of the distance to a sample that it takes a mean; a young
// series takes 1/n.
type ForecastParameters struct {
	// FastRate is that of the quickest exponential mean: about 3 samples.
	// Bench detection: mixing means of several memories brings .013 of recall.
	FastRate float64 `range:"0.05,1"`
	// MidRate is that of the middle mean: about 17 samples.
	MidRate float64 `range:"0.005,0.5"`
	// SlowRate is that of the slow mean: about 100 samples.
	SlowRate float64 `range:"0.0005,0.1"`
	// LevelRate is that of the level beside the season: about 20 samples.
	LevelRate float64 `range:"0.001,0.5"`
	// Youth is the number of samples before which nothing is clipped and the last value
	// alone is the forecast.
	Youth uint32 `range:"1,1000"`
	// ErrorRate is that of the mean errors of forecasts, and of the share of gaps: 500
	// samples. Bench detection: 500 instead of 250 brings KPI .62 to .67.
	ErrorRate float64 `range:"0.0001,0.1"`
	// ErrorClip is how many mean errors an error may count for at most, so that one
	// incident does not widen the band. Common sense; Huber's clipping.
	ErrorClip float32 `range:"1.5,100"`
	// ErrorSlack is what an error may count for beyond that, in scales, so that errors
	// that are nearly nothing can grow.
	ErrorSlack float64 `range:"0,10"`
	// OddTeaches is the part of its weight with which an odd sample, or one within an
	// episode, teaches. Bench detection: bands after an incident are 1.0 to 1.3 of their
	// width before, were 2 to 10.
	OddTeaches float64 `range:"0,1"`
	// TeachYouth is the number of samples before which odd samples teach more, because to
	// a young series nearly all is new.
	TeachYouth float64 `range:"1,100000"`
	// LevelScales is how many scales off a sample may lie to move means in full, beside
	// LevelLong.
	LevelScales float64 `range:"0.5,100"`
	// LevelLong is how many long scales it may lie off beside those.
	LevelLong float64 `range:"0,100"`
	// LongMemory is the time over which the long level and its scale remember, in
	// seconds: two days, so that a night does not become normal.
	LongMemory float64 `range:"3600,5000000"`
	// LongRate is the largest rate of the long level, whatever the step.
	LongRate float64 `range:"0.0001,0.5"`
	// LongClip is how many long scales off a sample may lie to move the long level in
	// full, beside one scale and RangeTeaches.
	LongClip float64 `range:"0.5,100"`
	// RangeTeaches is the part of the recent range by which a sample may lie off and still
	// teach in full, so that a slow trend does. Bench detection: NAB .81 to .85, MSCloud
	// area -.01.
	RangeTeaches float64 `range:"0,1"`
	// RangeShrink is the part of the range by which each bound comes back with each
	// sample that teaches: a memory of a thousand samples.
	RangeShrink float32 `range:"0,0.1"`
	// DriftTeaches is the part of its weight with which a sample moves the long level of a
	// series younger than Runs.Youth while its shortest chart is odd.
	DriftTeaches float64 `range:"0,1"`
}

// ScaleParameters say what an ordinary error is at least, beside the mean error.
// Bench detection, of the floors together: MSCloud .78 to .85, delay-F1 .67 to .74.
type ScaleParameters struct {
	// FloorLong is the part of the long scale (mean deviation from the long level) that an
	// ordinary error is taken for at least. Bench detection: .15 instead of .12.
	FloorLong float64 `range:"0,2"`
	// FloorRange is the same of the recent range. Bench detection: .007 instead of .02.
	FloorRange float64 `range:"0,0.5"`
	// FloorFresh is the number of samples after which the range counts for half of
	// FreshTimes: noise that is new has not shown what it can do.
	FloorFresh float64 `range:"1,10000"`
	// FreshTimes is by how many FloorRange more the range counts at first.
	FreshTimes float64 `range:"0,100"`
	// FloorValue is the part of the value below which a difference is rounding.
	FloorValue float64 `range:"0,0.1"`
	// StillShare is the share of samples that change below which a series has shown no
	// noise to measure by.
	StillShare float64 `range:"0.001,1"`
	// StillFloor is the part of the value that is no change for a series that never
	// changes, fading until StillShare.
	StillFloor float64 `range:"0,1"`
	// CountNoise is the mean absolute deviation of a Poisson count, in roots of its mean:
	// that of the normal distribution it tends to.
	CountNoise float64 `range:"0,5"`
	// CountMost is the count, in quanta, beyond which the error itself tells its noise.
	CountMost float64 `range:"1,10000"`
	// CountRange is the range, in quanta, beyond which values are counts: a series of two values
	// is none, and has a range of one at most. Not much more than that, for the range comes back where
	// no two came for days: with 1.5 each count of one then alarms, of three errors an hour 7 to 10 a week.
	CountRange float64 `range:"0.5,100"`
	// CountChanges is the number of changes before which only a series at zero is taken
	// for counts.
	CountChanges uint32 `range:"1,1000"`
	// CountRare is the mean count, in quanta, below which most are zero. Of a Poisson count
	// with that mean six in ten are.
	CountRare float64 `range:"0,1"`
	// CountPart is the part of the distance between two small counts by which a residual
	// counts for less: with 1/2 a tail between counts gives the chance of the count or
	// more, with none that of more than it. Bench detection: Poisson counts with a mean of
	// 0.3 raise .7 of the budget instead of 2.0, with 1/2 .4.
	CountPart float64 `range:"0,1"`
	// CountSpread is the part of the distance between two small counts over which the residuals
	// of one are spread when tails learn them: all of it makes a count what lies between.
	CountSpread float64 `range:"0,1"`
	// Young is by how many mean errors the error of a series with one sample is wider;
	// it fades by 1/n.
	Young float64 `range:"0,100"`
	// GapMost is the number of steps beyond which a gap makes errors no wider; up to
	// there they grow by the root, as those of a random walk. More than an hour at a step
	// of 15 s, which a restart of the daemon may take.
	GapMost float64 `range:"1,100000"`
	// UnitScale is the number of scales that the unit of deviations from the long level
	// has beside the long scale.
	UnitScale float64 `range:"0,10"`
}

func defaultGuard() GuardParameters {
	return GuardParameters{GapSteps: 3, StaleSteps: 50, StaleKept: 11, ResetBelow: 0.5, ResetCounts: 1.5, GaugeFalls: 3, StepLeast: 0.6, StepMost: 1.6, StepRuns: 8, StepDecades: 4, StepAlike: 0.2, StepRate: 0.02,
		StepNoise: 1000, Unsettled: 8, UnsettledFiner: 100, UnsettledTail: 100, UnsettledShape: 10, SettledCharts: 0.5, FarApart: secondsHour}
}

func defaultForecast() ForecastParameters {
	return ForecastParameters{FastRate: 0.3, MidRate: 0.06, SlowRate: 0.01, LevelRate: 0.05, Youth: 10, ErrorRate: 0.002,
		ErrorClip: 5, ErrorSlack: 0.1, OddTeaches: 0.1, TeachYouth: 500, LevelScales: 5, LevelLong: 3, LongMemory: 2 * secondsDay,
		LongRate: 0.01, LongClip: 3, RangeTeaches: 0.1, RangeShrink: 0.001, DriftTeaches: 0.5}
}

func defaultScale() ScaleParameters {
	return ScaleParameters{FloorLong: 0.15, FloorRange: 0.007, FloorFresh: 100, FreshTimes: 4, FloorValue: 1e-4, StillShare: 0.05,
		StillFloor: 0.05, CountNoise: 0.8, CountMost: 25, CountRange: 1.05, CountChanges: 3, CountRare: 0.5, CountPart: 0.25, CountSpread: 1, Young: 6, GapMost: 400, UnitScale: 0.46}
}
