package backtest

import (
	"slices"
)

const (
	radixBits = 11
	radixMask = 1<<radixBits - 1
)

// sortEntries sorts by time and then by at, in linear time: a radix sort from the
// least significant digits on, of which a window of hours needs five. It returns the
// sorted entries and room for the next time, which are entries and spare in either
// order.
func sortEntries(entries, spare []entry) (sorted, room []entry) {
	if len(entries) == 0 {
		return entries, spare
	}
	from, to, most := entries[0].t, entries[0].t, uint32(0)
	for _, e := range entries {
		from, to, most = min(from, e.t), max(to, e.t), max(most, e.at)
	}
	spare = slices.Grow(spare[:0], len(entries))[:len(entries)]
	pass := func(digit func(*entry) uint64) {
		var begin [radixMask + 1]int
		for i := range entries {
			begin[digit(&entries[i])&radixMask]++
		}
		sum := 0
		for i, n := range begin {
			begin[i], sum = sum, sum+n
		}
		for i := range entries {
			at := &begin[digit(&entries[i])&radixMask]
			spare[*at] = entries[i]
			*at++
		}
		entries, spare = spare, entries
	}
	for shift := 0; uint64(most)>>shift > 0; shift += radixBits {
		pass(func(e *entry) uint64 { return uint64(e.at) >> shift })
	}
	for shift := 0; shift < 64 && uint64(to-from)>>shift > 0; shift += radixBits {
		pass(func(e *entry) uint64 { return uint64(e.t-from) >> shift })
	}
	return entries, spare
}
