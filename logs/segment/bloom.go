package segment

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// A filter has bloomBits bits for each different thing in it and sets bloomProbes of
// them: about one thing in fifty that is not in it seems to be.
const (
	bloomBits   = 8
	bloomProbes = 5
)

// hashes gathers what a filter is made of. Most things come once, so that looking each
// up in a large table would cost more than to note it twice; what repeats soon after,
// as the attributes of records do, is told by a small table of the latest ones. It
// keeps its memory over blocks.
type hashes struct {
	list   []uint64
	latest [latestHashes]uint64
	once   []uint64 // bits, for distinct
	filter []uint64
}

// latestHashes is small enough for the caches of a processor.
const latestHashes = 1 << 11

func (s *hashes) reset() {
	clear(s.latest[:])
	s.list = s.list[:0]
}

// add notes a hash; zero is taken for one.
func (s *hashes) add(h uint64) {
	if h == 0 {
		h = 1
	}
	at := &s.latest[h%latestHashes]
	if *at == h {
		return
	}
	*at = h
	s.list = append(s.list, h)
}

// distinct is about how many different hashes there are, by linear counting (Whang,
// Vander-Zanden, Taylor, 1990, doi 10.1145/78922.78925): of at least four bits for each,
// those that none of them falls on. It is off by a thousandth or less, and by one at most
// where there are few.
func (s *hashes) distinct() int {
	n := 1 << 10
	for n < 4*len(s.list) {
		n *= 2
	}
	s.once = cleared(s.once, n/64)
	shift := 64 - bits.Len(uint(n-1))
	used := 0
	for _, h := range s.list {
		// The high bits place a hash in the filter: these are to be others.
		at := h * 0x9e3779b97f4a7c15 >> shift
		word, bit := &s.once[at/64], uint64(1)<<(at%64)
		if *word&bit == 0 {
			*word |= bit
			used++
		}
	}
	return int(math.Ceil(-float64(n) * math.Log1p(-float64(used)/float64(n))))
}

// cleared returns n words that are zero, in the memory of b if there is room.
func cleared(b []uint64, n int) []uint64 {
	b = slices.Grow(b[:0], n)[:n]
	clear(b)
	return b
}

// appendBloom appends the filter over a set, whole words of 64 bits.
func appendBloom(b []byte, s *hashes) []byte {
	if len(s.list) == 0 {
		return b
	}
	words := (s.distinct()*bloomBits + 63) / 64
	s.filter = cleared(s.filter, words)
	size := uint64(words) * 64
	for _, h := range s.list { // as bloomAt does
		step := mix(h) | 1
		for range bloomProbes {
			place, _ := bits.Mul64(h, size)
			s.filter[place>>6] |= 1 << (place & 63)
			h += step
		}
	}
	for _, w := range s.filter {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// bloomAt calls at with the place of each probe of h.
func bloomAt(h uint64, words int, at func(word, bit int)) {
	step := mix(h) | 1
	for range bloomProbes {
		place, _ := bits.Mul64(h, uint64(words)*64)
		at(int(place>>6), int(place&63))
		h += step
	}
}

// bloom is a filter as it lies on disk.
type bloom []byte

// has says whether all hashes may be in the filter.
func (f bloom) has(hashes []uint64) bool {
	words := len(f) / 8
	if words == 0 {
		return false
	}
	for _, h := range hashes {
		if h == 0 {
			h = 1
		}
		all := true
		bloomAt(h, words, func(word, bit int) {
			all = all && binary.LittleEndian.Uint64(f[word*8:])>>bit&1 == 1
		})
		if !all {
			return false
		}
	}
	return true
}
