package segment

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMarks compares the marks of runs with those that the definition gives: of each
// window the least hash, of equal ones the last.
func TestMarks(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for n := range 300 {
		run := make([]byte, n)
		for i := range run {
			run[i] = "abcdef"[rng.IntN(1+n%6)] // some repeat themselves
		}
		var want []uint64
		last := -1
		for from := 0; from+minMarked <= len(run); from++ {
			least, at := ^uint64(0), 0
			for g := from; g < from+markWindow; g++ {
				if h := mix(binary.LittleEndian.Uint64(run[g:]) ^ saltMark); h <= least {
					least, at = h, g
				}
			}
			if at != last {
				want, last = append(want, least), at
			}
		}
		var got hashes
		got.marks(run)
		if !sameSet(got.list, want) {
			t.Fatalf("marks of %q: got %x, want %x", run, got.list, want)
		}
	}
}

func sameSet(a, b []uint64) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// TestDistinct checks the count that sizes a filter, with hashes that come again.
func TestDistinct(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var s hashes
	for _, want := range []int{1, 2, 30, 5000, 200_000} {
		s.reset()
		all := make([]uint64, want)
		for i := range all {
			all[i] = rng.Uint64()
		}
		for range 2 {
			for _, h := range all {
				s.add(h)
			}
		}
		if got := s.distinct(); got < want-want/200-1 || got > want+want/200+1 {
			t.Errorf("distinct of %d hashes: got %d", want, got)
		}
		filter := bloom(appendBloom(nil, &s))
		if !filter.has(all) {
			t.Errorf("a filter over %d hashes lacks one", want)
		}
		wrong := 0
		for range 10_000 {
			if filter.has([]uint64{rng.Uint64()}) {
				wrong++
			}
		}
		if want > 100 && wrong > 400 {
			t.Errorf("a filter over %d hashes has %d of 10000 others, want about 220", want, wrong)
		}
	}
}
