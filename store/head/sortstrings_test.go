package head

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestSortStrings_AnyStrings_AsSlicesSort(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for _, begin := range []string{"", "frontend-", "frontend-7d4b9c-", "\x00\x00", strings.Repeat("long", 100)} {
		for _, n := range []int{0, 1, 2, sortByKeys - 1, sortByKeys, 1000} {
			s := make([]string, n)
			for i := range s {
				b := make([]byte, r.IntN(14))
				for k := range b {
					b[k] = "\x00\x01a\xff"[r.IntN(4)]
				}
				s[i] = begin + string(b)
			}
			want := slices.Sorted(slices.Values(s))
			if sortStrings(s); !slices.Equal(s, want) {
				t.Fatalf("%d strings that begin with %.20q: got %.200q, want %.200q", n, begin, s, want)
			}
		}
	}
}

func BenchmarkSortStrings(b *testing.B) {
	const n = 100_000
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("frontend-7d4b9c-%08x", uint32(i*2654435761))
	}
	beside(b, n, func() { sortStrings(slices.Clone(all)) }, func() { slices.Sort(slices.Clone(all)) })
}
