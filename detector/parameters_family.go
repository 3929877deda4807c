package detector

// FamilyParameters say how what the series of a family have shown becomes what its
// next series starts from: partial pooling (A. Gelman, J. Hill, Data Analysis Using
// Regression, 2007, chapter 12) of the logarithm of shapes. Bench families: in
// their first hour series raise .9 of the budget at steps of a minute, were 6.2, and on
// their first day .11 alarms, were .63.
type FamilyParameters struct {
	// Share is the share of what a family has seen that lies below the shape that a new
	// series starts from. Families of real series differ within: with .5, .7, .8 and .9
	// those of NAB raise 2.7, 1.8, 1.2 and 1.2 false alarms a week on their first day
	// (4.0 without families), those of petshop 1.8, 1.3, .8 and .6 (2.3), at the same
	// recall.
	Share float64 `range:"0.1,0.95"`
	// Series is the number of series from which a family is known.
	Series uint16 `range:"1,1000"`
	// Weight is the number of series that Tail.Prior weighs as much as.
	Weight float32 `range:"0,1000"`
	// Least is the number of excesses on either side from which a series teaches. With 8,
	// pods that live for an hour at steps of 15 s teach nothing, and of log-normal ones 13
	// in a hundred raise an alarm in their life; with 3, 1 in two hundred.
	Least uint16 `range:"1,1000"`
	// Most is the number of excesses from which it weighs as a whole one: those that tails
	// remember when a calendar has settled. With 40, petshop's first days are 1.8.
	Most uint16 `range:"1,10000"`
	// First is what Tail.First is for series whose family is known: what others have
	// shown need not be doubled. Bench families: with 2, .14 of the spikes of first hours
	// are told at steps of a minute, with 1 .39; without families .51, where six times the
	// budget is spent.
	First float64 `range:"1,10"`
}

func defaultFamily() FamilyParameters {
	return FamilyParameters{Share: 0.8, Series: 3, Weight: 1, Least: 3, Most: 10, First: 1}
}
