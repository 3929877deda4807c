package detector

// OutlookParameters are those of forecasts for hours and days ahead; see type
// outlook. Weights follow the sign of the errors they made, widths how often they
// missed (I. Gibbs, E. Candes, NeurIPS 2021, arXiv:2106.00170). Bench forecast:
// other rates within a factor of two change nothing.
type OutlookParameters struct {
	// Phase is how long before the hour forecasts are judged and made, in milliseconds:
	// clear of what runs on the hour and its quarters.
	Phase int64 `range:"0,3599999"`
	// Mean is the time over which the level is averaged, in seconds. Bench forecast:
	// twenty minutes instead of an hour, error .84 / .87 / 1.05 on KPI / MSCloud / NAB.
	Mean float64 `range:"60,86400"`
	// Clip is the number of units by which one sample may lie off for that level. Bench
	// forecast, with the lag of trends: .82 / .81 / 1.01.
	Clip float64 `range:"0.5,100"`
	// Rate is the least share of an error in the mean error.
	Rate float64 `range:"0.001,1"`
	// Keep is the part of the lag behind the long level that lasts, by horizon, before
	// anything is learned.
	Keep [horizons]float64 `range:"0,1"`
	// KeepRate is the largest step of that part.
	KeepRate float64 `range:"0,1"`
	// SlopeRate is the largest step of the weight of a trend.
	SlopeRate float64 `range:"0,1"`
	// SlopeMost is the largest such weight: half of one that is even, which counts twice.
	SlopeMost float64 `range:"0,1.3"`
	// ShareRate is the largest step of the weight of the season.
	ShareRate float64 `range:"0,1"`
	// ShareMost is the largest such weight: a profile that still grows may be stretched.
	ShareMost float64 `range:"0,1.3"`
	// EvenEnough is the factor by which the moves of an even trend may differ.
	EvenEnough float64 `range:"1,10"`
	// EvenPower is the power by which a trend counts less the less even it is. Bench
	// forecast: the third instead of the first, .87 / .90 / 1.09 to .85 / .87 / 1.08.
	EvenPower float64 `range:"0,20"`
	// Outlier is how many times as large as any other the move of a level against them
	// must be that is no part of its pace.
	Outlier float64 `range:"1,1000"`
	// ClimbAlike is the factor by which the moves of the hours of a climb may differ from
	// their mean.
	ClimbAlike float64 `range:"1,10"`
	// ClimbLeast is the number of hours that a climb must have lasted. Bench capacity: with
	// 4 and 6, half of the likely times 16 h after growth began are off by .14 and 1.77,
	// and one step is said to fill up .08 and .02 times a week.
	ClimbLeast float64 `range:"2,48"`
	// ClimbMost is the number of its hours that are told apart.
	ClimbMost float64 `range:"2,255"`
	// ClimbMean is the number of hours over which its moves are averaged.
	ClimbMean float64 `range:"1,255"`
	// ClimbBeyond is how far it must have led, in half widths of the 90 % interval of
	// seven hours.
	ClimbBeyond float64 `range:"0,100"`
	// ClimbDoubt is by how much of its rate it may be off after an hour; after more it is
	// less by their root.
	ClimbDoubt float64 `range:"0,10"`
	// SpurtPart is the length of the parts of a spurt, in seconds. Bench capacity: with 1800,
	// of what runs wild .17 instead of .30 of the likely times are off by less than half an
	// hour after it began; with 900 to 1440 what comes after that is within .1.
	SpurtPart float64 `range:"180,7200"`
	// SpurtLeast is the number of parts that it must have lasted.
	SpurtLeast float64 `range:"2,48"`
	// SpurtMost is the number of its parts that are told apart.
	SpurtMost float64 `range:"2,255"`
	// SpurtMean is the number of parts over which its moves are averaged.
	SpurtMean float64 `range:"1,255"`
	// SpurtBeyond is how far it must have led, in half widths of the 90 % interval of as
	// long a time. Bench capacity: with 1.5 what strays claims .20 times a week instead of
	// .09, with 3 .66 instead of .92 of what runs wild is known after 8 h.
	SpurtBeyond float64 `range:"0,100"`
	// SpurtBefore is how many times as far it must have led as any before that is over. Bench
	// capacity: with 0, 1 and 2 jobs at any time claim 1.40, .92 and .41 times a week instead
	// of .61, and what runs wild is seen alike.
	SpurtBefore float64 `range:"0,100"`
	// SpurtFades is by how many 256ths of an octave an hour that is forgotten.
	SpurtFades octaves `range:"0,256"`
	// SpurtFar is for how many times as long as it has lasted it is taken to go on. Bench
	// capacity: with 2, 4, 6 and 9, two hours after it began .23, .47, .47 and .69 of what
	// runs wild are off by less than half; jobs at any time claim .81, 1.17 and 1.40 times
	// a week with the first three and no SpurtBefore, .61 and .64 with the last two and it.
	SpurtFar float64 `range:"0.1,100"`
	// SpurtStill is the number of hours for which a series must have stood still from its
	// beginning, that what moves it at last is taken for sudden before anything of it has
	// been foretold.
	SpurtStill float64 `range:"1,1000"`
	// PaceLeast is the number of hours since a level from which on they have a pace.
	PaceLeast float64 `range:"1,25"`
	// PaceAlike is the factor by which the paces of days may differ that are alike.
	PaceAlike float64 `range:"1,100"`
	// SeldomMost is the number of changes below which an interval holds all that a series
	// has shown which hardly ever changes, as far ahead as it is likely to change again.
	// With 10 steps are covered a little better (once in three days, a day ahead .91
	// instead of .89), and what leaps up for one sample now and then has intervals three
	// times as wide.
	SeldomMost uint32 `range:"0,1000"`
	// Young is the number of errors by which the first intervals are wider.
	Young float64 `range:"0,20"`
	// Reach is half the width of the 90 % interval in mean errors, before anything is
	// learned: that of exponential tails.
	Reach float64 `range:"0.5,20"`
	// Shape is half the width of the 80 % and the 95 % interval in that of the 90 % one,
	// before anything is learned: of exponential tails.
	Shape [2]float64 `range:"0.1,5"`
	// Grow is by how many 256ths of an octave the 80, 90 and 95 % intervals grow by a miss.
	Grow [3]octaves `range:"0,2560"`
	// Shrink is by how many they shrink by a hit: 1/4, 1/9 and 1/19, so that they stand
	// still when as many miss as should.
	Shrink [3]octaves `range:"0,2560"`
	// SizeMost is the number of half widths of the 95 % interval that an error may count
	// for in the mean error.
	SizeMost float64 `range:"1,100"`
	// ShorterHolds is the part of a shorter horizon's interval that a longer one has at
	// least.
	ShorterHolds float64 `range:"0,1"`
	// GrowPower is the power of the horizon by which an interval grows that has not been
	// judged yet.
	GrowPower float64 `range:"0,2"`
	// BeyondPower is the same past the longest: that of a random walk.
	BeyondPower float64 `range:"0,2"`
	// CoverageMost is the largest coverage that is told apart.
	CoverageMost float64 `range:"0.95,0.9999999"`
	// Calm is the number of forecasts for an hour and for seven that must have been judged
	// before anything is told.
	Calm uint8 `range:"0,200"`
	// UntilCoverage is the coverage of the interval that says when a threshold is reached
	// at the earliest and latest.
	UntilCoverage float64 `range:"0.01,0.999"`
}

// HistogramParameters say how many observations the quantiles of a histogram need.
type HistogramParameters struct {
	// Least is the number of observations that a look at the median and at the 99th
	// percentile must have. With 20 the median lies between the 28th and 72nd percentile
	// nineteen times in twenty; with 200 the 99th percentile of a busy day raised 2.3
	// false alarms a week at a budget of 1, with 500 0.9.
	Least [quantiles]float64 `range:"1,1000000"`
	// MostSpan is the time over which fewer are added up, in milliseconds: an hour, for a
	// figure about what was before says nothing of now.
	MostSpan int64 `range:"1000,86400000"`
	// MaxMissed is the number of rounds in a row after which a bucket that does not come
	// is no longer waited for.
	MaxMissed uint8 `range:"1,200"`
}

func defaultOutlook() OutlookParameters {
	return OutlookParameters{Phase: 22*60*1000 + 30*1000, Mean: 20 * 60, Clip: 3, Rate: 0.05, Keep: [horizons]float64{0.8, 0.5, 0.4, 0.3, 0.2},
		KeepRate: 0.1, SlopeRate: 0.15, SlopeMost: 0.5, ShareRate: 0.015, ShareMost: 1.3, EvenEnough: 1.2, EvenPower: 6, Outlier: 4,
		ClimbAlike: 2, ClimbLeast: 5, ClimbMost: 48, ClimbMean: 12, ClimbBeyond: 1, ClimbDoubt: 1,
		SpurtPart: 1260, SpurtLeast: 2, SpurtMost: 96, SpurtMean: 12, SpurtBeyond: 2, SpurtBefore: 1.5, SpurtFades: 1, SpurtFar: 6, SpurtStill: 24, PaceLeast: 12, PaceAlike: 2, SeldomMost: 5, Young: 2,
		Reach: 2.3, Shape: [2]float64{0.7, 1.3}, Grow: [3]octaves{44, 54, 57}, Shrink: [3]octaves{11, 6, 3}, SizeMost: 4,
		ShorterHolds: 0.9, GrowPower: 0.3, BeyondPower: 0.5, CoverageMost: 0.9999, Calm: 2, UntilCoverage: 0.8}
}

func defaultHistogram() HistogramParameters {
	return HistogramParameters{Least: [quantiles]float64{20, 500}, MostSpan: 3600 * 1000, MaxMissed: 3}
}
