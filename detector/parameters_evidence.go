package detector

// TailParameters are those of every tail: a running quantile, and Hill's estimate
// of how slowly larger values become rarer (B. M. Hill, Annals of Statistics 1975).
type TailParameters struct {
	// Share is the share of values beyond the running quantile: 98 % lie below. That of
	// the thresholds in SPOT (A. Siffer and others, KDD 2017).
	Share float64 `range:"0.001,0.2"`
	// After is the number of samples of a series before its tails and charts learn.
	After uint32 `range:"1,100"`
	// Quantile is where the quantile of a residual starts, in mean absolute errors.
	Quantile float64 `range:"0.5,50"`
	// Floor is the smallest that the quantile of a residual may become, in scales.
	Floor float32 `range:"0.01,10"`
	// Prior is the shape that a tail starts from: Gaussian (0.13 at this quantile). What
	// is heavier shows soon, and the first of its kind is told. Bench detection: bench nab
	// +2 to 4, NAB area +.01 to .02, against 0.25.
	Prior float64 `range:"0.1,1"`
	// First is by how many times larger the shape of a residual's tail is taken to be at
	// first: twice a Gaussian's is that of service metrics at large. With 1, a quarter of
	// log-normal series alarm in their first ten minutes, with 2 one in twenty.
	First float64 `range:"1,10"`
	// FirstFor is the number of values until when that has faded: what is told of a
	// series before rests on few of them.
	FirstFor float64 `range:"1,65535"`
	// Weight is how many excesses that prior weighs as much as.
	Weight float32 `range:"0.5,1000"`
	// Pooled is the part of the logarithm of the shape that stays that of the prior: what
	// all series share speaks in the far tail, where one series has shown nothing. Bench
	// nab +2 to 3; bench detection, with Calibration, KPI by family .63 to .73.
	Pooled float64 `range:"0,1"`
	// ShapeLeast is the smallest shape that is learned.
	ShapeLeast float64 `range:"0.01,1"`
	// ShapeMost is the largest shape that is learned.
	ShapeMost float64 `range:"0.3,100"`
	// Memory is the number of excesses that the shape remembers.
	Memory float64 `range:"10,65535"`
	// Gain is the size of a step of the quantile, in shares of it.
	Gain float32 `range:"0.1,100"`
	// Rate is the slowest rate of the quantile. One in 3,333 values: 67 excesses.
	Rate float64 `range:"0.00002,0.05"`
	// Young is the number of values that the first steps of the quantile are damped by:
	// they are Gain/(n + Young).
	Young float32 `range:"1,10000"`
	// ExcessTimes is how many usual excesses one excess may count for. Bench detection: 2
	// instead of 4 brings MSCloud +.04, NAB +.04.
	ExcessTimes float64 `range:"0.5,50"`
	// ExcessPlus is what it may count for beside those, in natural logarithms.
	ExcessPlus float64 `range:"0,10"`
	// ExcessFirst is what the first excess may count for beside those; it fades by 1/n.
	ExcessFirst float64 `range:"0,10"`
	// OtherSide is the part of its size by which a residual teaches the tail of the other
	// side: series with few samples have too few excesses for two. Bench detection: +.010.
	OtherSide float32 `range:"0.01,1"`
}

// RunParameters say what several samples in a row beyond the quantile are worth.
// Bench detection: runs at any age would double false alarms.
type RunParameters struct {
	// Prior is the share of samples beyond the quantile that are followed by another on
	// the same side, before any is learned.
	Prior float32 `range:"0.01,0.99"`
	// Weight is the number of samples that the prior weighs as much as.
	Weight float32 `range:"0.5,1000"`
	// Memory is the number of samples beyond the quantile that the share remembers.
	Memory float32 `range:"10,65535"`
	// Floor is the smallest share that is believed.
	Floor float64 `range:"0.0001,0.5"`
	// Wander is the share of samples followed by another, by unit of autocorrelation.
	Wander float64 `range:"0,1"`
	// Most is the number of samples before this one that count at most.
	Most int8 `range:"1,100"`
	// Least is the number of samples before runs count.
	Least uint32 `range:"1,10000"`
	// Youth is the number of samples after which charts suffice; runs count less until
	// then. Bench detection: runs at any age take KPI from .71 to .57.
	Youth uint32 `range:"20,1000000"`
	// Near is the factor by which errors may differ and be alike: during a run the
	// steadiest of those alike is the forecast. Load on a noisy core is then seen in
	// nearly all series instead of half.
	Near float32 `range:"1,100"`
}

// ChartParameters are those of the means of deviations from the long level over
// three windows, the shortest first: they find shifts and leaks that every forecast
// has followed. Bench detection: NAB +.05, delay-F1 -.01.
type ChartParameters struct {
	// Window is the number of samples of each window; whole, and the others multiples of
	// the first.
	Window [charts]float32 `range:"2,10000"`
	// Prior is where the quantile of each starts, in long scales: three standard errors of
	// the mean of independent deviations.
	Prior [charts]float64 `range:"0.01,20"`
	// Floor is the part of Prior that the quantile may fall to: about what independent noise
	// has.
	Floor float64 `range:"0.01,1"`
	// Gain is what Tail.Gain is for the quantile of a chart: with the latter (6) that of
	// independent noise is half as large again as it should be after two weeks of minutes.
	Gain float32 `range:"0.1,100"`
	// Shape is the shape that the tails of charts and storms start from: levels wander
	// farther than residuals do. Bench groups: .40 at one false alarm a week against .26
	// with Tail.Prior; bench nab -2.
	Shape float64 `range:"0.1,1"`
	// Weight is the number of excesses that the prior shape of a chart's or storm's tail
	// weighs as much as: their excesses come in flocks.
	Weight float32 `range:"0.5,1000"`
	// Bonus sets the evidence of a chart against that of a single sample, in powers of
	// ten. Log10 of the window would be owed; most is kept back because levels do wander.
	Bonus [charts]float64 `range:"-5,5"`
	// Grace is the number of samples for which a drift is told at full weight.
	Grace [charts]float64 `range:"0,250"`
	// Fades is by how many powers of ten each further sample of a drift or storm weighs
	// less: what has been told is no news. Bench nab: +1.3 if counted from when it was odd.
	Fades float64 `range:"0,5"`
	// Clip is the largest deviation that counts, in units.
	Clip float64 `range:"1,100"`
	// Least is how far off the sample itself must lie, in units.
	Least float64 `range:"0,10"`
	// Youth is the number of windows that must have been seen.
	Youth float32 `range:"1,100"`
	// ShortSpan is the time, in seconds, that counts as one excess where the longest window
	// is shorter and the chart stays beyond its quantile: an hour and a half. A leak of
	// hours is then found at steps of 5 to 30 s; longer windows find it anyway.
	ShortSpan float32 `range:"0,1000000"`
	// ShortLeast is the shortest span, in seconds, of such a window. Bench detection, rows
	// a second apart: without it 14.9 false alarms a week instead of 1.4.
	ShortLeast float32 `range:"0,1000000"`
}

// StormParameters are those of the means of the size of residuals over two windows:
// they find that a series has become unsteady. Bench detection: MSCloud by family .80
// to .83, delay-F1 -.03.
type StormParameters struct {
	// Window is the number of samples of each window; whole multiples of the first of
	// charts.
	Window [storms]float32 `range:"2,10000"`
	// Prior is where the quantile of a storm starts, in mean errors: the smallest that it
	// may become, so that the first storm is told. Bench detection: 1.2 instead of 1.5
	// brings MSCloud .002 of area and a hundredth of recall.
	Prior float64 `range:"0.1,20"`
	// Floor is the smallest that it may become.
	Floor float32 `range:"0.01,20"`
	// Bonus is what Charts.Bonus is.
	Bonus float64 `range:"-5,5"`
	// Grace is what Charts.Grace is.
	Grace float64 `range:"0,250"`
	// Clip is the largest residual that counts, in scales.
	Clip float32 `range:"1,100"`
	// Least is how far off the sample itself must lie, in scales.
	Least float32 `range:"0,10"`
	// Youth is the number of windows that must have been seen.
	Youth float32 `range:"1,100"`
	// Balance is the part of a storm that may be a deviation to one side: of independent
	// noise over a window it is a quarter, of a level all.
	Balance float64 `range:"0,1"`
}

// EvidenceParameters say how evidence is weighed and how much of it young and sparse
// series can bear.
type EvidenceParameters struct {
	// HeldAgainst is the part of the evidence of samples before that is held against the
	// next, beyond that of the quantile: an odd sample is likelier after an odd one.
	// Bench detection: KPI area .760 with .3 and
	// .766 with .2; delay-F1 +.06 against none where rows are told once.
	HeldAgainst float64 `range:"0,1"`
	// HeldFades is what is left of it one sample later.
	HeldFades float64 `range:"0,1"`
	// LooksApart is the time, in seconds, within which samples are one chance to alarm as
	// far as odd ones follow one another (Runs), and one each as far as they do not. Bench
	// detection: rows a second apart alarm 2.0 times a week instead of 7.5.
	LooksApart float64 `range:"1,900"`
	// LooksCloser is the power to which the number of samples within a look counts as
	// chances: 0 takes them for one, 1 for independent. Bench detection, rows a second
	// apart: recall .12 to .17 at the same rate of false alarms from 1 to .6.
	LooksCloser float64 `range:"0,1"`
	// FlockMost is the number of odd samples that come together where many fall into
	// FlockLasts: the inverse of the extremal index (M. R. Leadbetter, 1983). Hourly
	// noise then raises 1.2 of the budget, was 2.2.
	FlockMost float64 `range:"1,100"`
	// LooksMore is by what factor chances to alarm are taken to be more than they are:
	// what tails understate while they have seen little. Bench detection: false alarms
	// over the budget from 1.3 to 1.0.
	LooksMore float64 `range:"0.1,10"`
	// FlockLasts is how long a disturbance lasts, in seconds.
	FlockLasts float64 `range:"1,86400"`
	// Boldness is the factor by which the prior of the tail may speak beyond what the
	// number of samples seen could show.
	Boldness float64 `range:"1,1000000"`
	// FirstBold is the same for series that have hardly ever left zero.
	FirstBold float64 `range:"1,1000000"`
	// RecordChanges is the number of changes before a value can be a record.
	RecordChanges uint32 `range:"1,100000"`
	// RecordScales is how many scales are added to the width of the range that a record
	// is measured by.
	RecordScales float64 `range:"1,100"`
	// RarelyChanges is the share of samples below which a change is itself the event.
	// Bench detection, of the bound on such evidence: false alarms KPI .71 to .58, MSCloud
	// .89 to .84 of the budget.
	RarelyChanges float32 `range:"0,1"`
	// ZeroChanges is the number of changes below which a series has hardly ever left zero.
	ZeroChanges uint32 `range:"1,1000"`
	// ZeroMean is the part of its range that the slow mean of such a series reaches.
	ZeroMean float64 `range:"0,1"`
	// StillChanges is the number of changes before which no flat line is odd where runs
	// without change are alike.
	StillChanges uint32 `range:"1,10000"`
	// StillMany is the same where they are not.
	StillMany uint32 `range:"1,10000"`
	// StillLeast is the shortest run without change that may be called long, in samples.
	StillLeast float64 `range:"1,1000"`
	// StillLonger is how many times as long a run without change must be to be as odd as
	// before each time that one was told, for Silence.LongerDays.
	StillLonger float64 `range:"1,10"`
	// ZeroBonus is what is added to the evidence of a run of zeros, in powers of ten: it is
	// weighed by runs of any value. With 0 delay-F1 .665 to .656, the rest alike.
	ZeroBonus float64 `range:"-5,5"`
	// StillShape is the shape that the tail of runs without change starts from: that of a
	// geometric distribution at this quantile is 0.21.
	StillShape float64 `range:"0.1,1"`
	// AlikeLeast is the number of samples below which a second run without change, after
	// a long first one, shows that the series changes often.
	AlikeLeast float32 `range:"2,1000"`
	// AlikeNear is the factor by which a run may be shorter or longer than the quantile and
	// count as alike. Of ten random runs (geometric) all are within it once in a thousand.
	AlikeNear float32 `range:"1.05,3"`
	// AlikeBegin is the number of runs longer than that after which the quantile follows.
	AlikeBegin uint8 `range:"1,100"`
	// AlikeClimb is the factor by which it does so at most with each run: one stray run
	// moves it no farther, and of 240 samples it is there after four.
	AlikeClimb float32 `range:"1.1,10"`
	// AlikeLoose is the shape that the tail then starts from. With 0.6 it takes random runs
	// two to five times as long to be told.
	AlikeLoose float64 `range:"0.1,4"`
	// AlikeRuns is the number of alike runs that make a habit; each shorter one halves what
	// is counted. With those that the quantile takes to follow, about ten intervals of a job.
	AlikeRuns uint8 `range:"2,100"`
	// AlikeKept is the most that are counted: one shorter run leaves a habit, two do not.
	AlikeKept uint8 `range:"2,127"`
	// AlikeTimes is the number of usual runs that one must last to be odd.
	AlikeTimes float64 `range:"1,10"`
	// AlikeShape is the shape of the tail of a habit: with a Gaussian's it is told after two
	// to three intervals, in a service of a thousand series after four.
	AlikeShape float64 `range:"0.02,1"`
	// ChangeRate is the rate at which the share of samples that change is learned: 250
	// samples.
	ChangeRate float32 `range:"0.0001,0.1"`
}

// CalibrationParameters are those of the self-calibration by daily maxima of the
// evidence. Bench detection: crediting quiet series would cost MSCloud .79 to .70,
// charging all of the excess .016.
type CalibrationParameters struct {
	// Mean is what daily maxima should have for a mean, in powers of ten: log10(24) + 0.25,
	// that of a Gumbel variable, less log10(LooksMore).
	Mean float64 `range:"0,5"`
	// Prior is the number of days that no bias weighs as much as.
	Prior float64 `range:"0,1000"`
	// Kept is the number of days remembered.
	Kept uint8 `range:"1,254"`
	// Clip is the number of powers of ten by which one day may differ.
	Clip float64 `range:"0,10"`
	// Youth is the number of samples before which evidence says nothing of the series.
	Youth uint32 `range:"0,10000"`
	// Least is the number of samples before which a day is not counted.
	Least uint32 `range:"0,10000"`
	// Charged is the part of the excess that is charged: between treating all series
	// alike (0), when one restless series spends what all have, and each on its own (1),
	// when one that has had an incident is not believed for a month.
	Charged float64 `range:"0,1"`
}

func defaultTail() TailParameters {
	return TailParameters{Share: 0.02, After: 3, Quantile: 3, Floor: 1, Prior: 0.12, First: 2, FirstFor: 200, Weight: 4, Pooled: 0.1, ShapeLeast: 0.1, ShapeMost: 4,
		Memory: 1000, Gain: 6, Rate: 3e-4, Young: 20, ExcessTimes: 2, ExcessPlus: 0.3, ExcessFirst: 1, OtherSide: 0.5}
}

func defaultRuns() RunParameters {
	return RunParameters{Prior: 0.25, Weight: 10, Memory: 1000, Floor: 0.03, Wander: 0.6, Most: 16, Least: 20, Youth: 1000, Near: 2}
}

func defaultCharts() ChartParameters {
	return ChartParameters{Window: [charts]float32{6, 24, 96}, Prior: [charts]float64{1.4, 0.8, 0.5}, Floor: 0.3, Gain: 15, Shape: 0.2, Weight: 12,
		Bonus: [charts]float64{-0.4, -0.2, 0.1}, Grace: [charts]float64{3, 5, 10}, Fades: 0.3, Clip: 6, Least: 1, Youth: 4, ShortSpan: 5400, ShortLeast: 300}
}

func defaultStorms() StormParameters {
	return StormParameters{Window: [storms]float32{24, 96}, Prior: 1.2, Floor: 1.2, Bonus: 0.6, Grace: 5, Clip: 8, Least: 1, Youth: 8, Balance: 0.5}
}

func defaultEvidence() EvidenceParameters {
	return EvidenceParameters{HeldAgainst: 0.2, HeldFades: 0.8, LooksApart: 15, LooksCloser: 0.6, FlockMost: 2, LooksMore: 1.41, FlockLasts: 900, Boldness: 3000,
		FirstBold: 10, RecordChanges: 6, RecordScales: 2, RarelyChanges: 0.1, ZeroChanges: 16, ZeroMean: 0.2, StillChanges: 10, StillMany: 30, StillLeast: 3, StillLonger: 2,
		ZeroBonus: -0.5, StillShape: 0.2, AlikeLeast: 10, AlikeNear: 1.5, AlikeBegin: 2, AlikeClimb: 3, AlikeLoose: 0.3, AlikeRuns: 8, AlikeKept: 16,
		AlikeTimes: 2, AlikeShape: 0.12, ChangeRate: 0.004}
}

func defaultCalibration() CalibrationParameters {
	return CalibrationParameters{Mean: 1.48, Prior: 3, Kept: 30, Clip: 1, Youth: 20, Least: 50, Charged: 0.4}
}
