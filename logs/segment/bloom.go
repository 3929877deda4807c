package segment

import (
	"encoding/binary"
	"math/bits"
)

// A filter has bloomBits bits for each different thing in it and sets bloomProbes of
// them: about one thing in fifty that is not in it seems to be.
const (
	bloomBits   = 8
	bloomProbes = 5
)

// hashSet holds different hashes; open addressing, memory kept over blocks. Zero is
// taken for one.
type hashSet struct {
	slots []uint64
	n     int
}

func (s *hashSet) reset() {
	clear(s.slots)
	s.n = 0
}

func (s *hashSet) add(h uint64) {
	if h == 0 {
		h = 1
	}
	if s.n*2 >= len(s.slots) {
		s.grow()
	}
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case h:
			return
		case 0:
			s.slots[i] = h
			s.n++
			return
		}
	}
}

func (s *hashSet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(1<<12, 2*len(old)))
	s.n = 0
	for _, h := range old {
		if h != 0 {
			s.add(h)
		}
	}
}

// appendBloom appends the filter over a set, whole words of 64 bits.
func appendBloom(b []byte, s *hashSet) []byte {
	words := (s.n*bloomBits + 63) / 64
	if words == 0 {
		return b
	}
	filter := make([]uint64, words)
	for _, h := range s.slots {
		if h != 0 {
			bloomAt(h, words, func(word, bit int) { filter[word] |= 1 << bit })
		}
	}
	for _, w := range filter {
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
