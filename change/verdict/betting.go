package verdict

import (
	"math"
	"slices"
)

// bets are the exponents of the bets between which the wealth is divided evenly.
// A bet e multiplies its share by e*p^(e-1) for a rank p: small e gain much from
// few very low ranks, large e gain slowly from many somewhat low ones.
var bets = [...]float64{0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}

// betting is an e-process: its wealth begins with 1 and, while each value is
// exchangeable with those before it, is expected to stay there; the chance that it
// ever reaches w is at most 1/w. One takes 100 bytes and its bag, and O(log n) per
// value beside the insertion.
type betting struct {
	bag  []float64 // sorted
	logs [len(bets)]float64
	low  bool // bets on values that are low, not high
}

// newBetting returns a process whose bag holds the values; the slice is copied.
func newBetting(bag []float64, low bool) *betting {
	b := &betting{bag: slices.Clone(bag), low: low}
	slices.Sort(b.bag)
	return b
}

// take bets on a value and adds it to the bag. Equal values count as beaten, so
// that series of few values gain nothing by their ties.
func (b *betting) take(v float64) {
	at, _ := slices.BinarySearch(b.bag, v)
	beaten := len(b.bag) - at // values >= v
	if b.low {
		for beaten = at; beaten < len(b.bag) && b.bag[beaten] == v; beaten++ {
			continue
		}
	}
	p := float64(beaten+1) / float64(len(b.bag)+1)
	for i, e := range bets {
		b.logs[i] += math.Log(e) + (e-1)*math.Log(p)
	}
	b.bag = slices.Insert(b.bag, at, v)
}

// wealth returns the e-value so far.
func (b *betting) wealth() float64 {
	sum := 0.0
	for _, l := range b.logs {
		sum += math.Exp(l)
	}
	return sum / float64(len(bets))
}
