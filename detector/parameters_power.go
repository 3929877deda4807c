package detector

// PowerParameters say how it is learned that errors grow with the level of a series.
// With them the band of made-up traffic, whose noise is a twentieth of a level that is 20
// times as high at noon as at night, is 9 deviations of its noise wide at night, was 20.
type PowerParameters struct {
	// Rate is the step that one lesson moves the power, by an excess at e times the
	// typical level.
	Rate float64 `range:"0,1"`
	// Share is the share of ordinary samples that are an excess on either side.
	Share float64 `range:"0.001,0.5"`
	// Shrinks is the pull back to no power, in excesses at e times the typical level by
	// unit of power: where the level hardly varies nothing is learned. Bench nab: 70.2,
	// 68.6 with half of it.
	Shrinks float64 `range:"0,1"`
	// Least is the power that is not taken for one: it may be chance, or the body of
	// errors alone. Bench detection: .4 instead of .2 brings MSCloud .83 to .85.
	Least float64 `range:"0,0.9"`
	// Most bounds the logarithm of how far a level lies from the typical one, and of how
	// far below the top of the range: a factor of 55.
	Most float64 `range:"0.5,20"`
	// After is the number of days that the calendar must have seen: what the first one is
	// odd by is the day itself.
	After uint8 `range:"1,60"`
	// Changes is the share of samples that must change. What is mostly zero has bursts, and
	// no noise that grows.
	Changes float32 `range:"0,1"`
}

func defaultPower() PowerParameters {
	return PowerParameters{Rate: 0.032, Share: 0.03, Shrinks: 0.034, Least: 0.6, Most: 4, After: 1, Changes: 0.5}
}
