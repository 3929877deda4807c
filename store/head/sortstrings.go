package head

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// sortStrings sorts strings as slices.Sort does. Values of a label lie all over memory and
// begin alike, so that comparing them waits for memory twice to find no difference in what
// comes first. Here each is looked at once, for the eight bytes behind what all begin
// with, and looked at again only where these are the same.
func sortStrings(s []string) {
	if len(s) < sortByKeys {
		slices.Sort(s)
		return
	}
	begin := len(s[0])
	for _, x := range s {
		if !strings.HasPrefix(x, s[0][:begin]) {
			begin = commonBegin(s[0][:begin], x)
		}
	}
	type keyed struct {
		key  uint64
		text string
	}
	all := make([]keyed, len(s))
	for i, x := range s {
		all[i] = keyed{firstBytes(x[begin:]), x}
	}
	slices.SortFunc(all, func(a, b keyed) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return strings.Compare(a.text, b.text)
	})
	for i := range all {
		s[i] = all[i].text
	}
}

// sortByKeys is from how many on the memory for keys pays.
const sortByKeys = 64

// commonBegin returns how many bytes two strings have in common at their begin.
func commonBegin(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// firstBytes returns the first eight bytes as a number that is ordered as they are. Of
// two strings one of which ends with zeros the numbers may be the same.
func firstBytes(s string) uint64 {
	var b [8]byte
	copy(b[:], s)
	return binary.BigEndian.Uint64(b[:])
}
