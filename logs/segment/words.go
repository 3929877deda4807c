package segment

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// A word is a longest run of letters, digits, underscores and bytes above 127; a run
// also goes on over hyphens, as a UUID does. Both end in the same place whoever looks,
// so that a text can be taken apart in the same way as the bodies that hold it.
const (
	minMarked = 16 // bytes of a run from which on it gets marks
	markGram  = 8  // bytes that a mark is made of
	// markWindow is how many neighbouring grams give one mark. Every text of markGram
	// + markWindow - 1 = minMarked bytes or more holds at least one.
	markWindow = minMarked - markGram + 1
)

const (
	inWord = 1
	inRun  = 2
)

// classes says of each byte whether it belongs to a word, and to a run.
var classes = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= 0x80:
			t[c] = inWord | inRun
		case c == '-':
			t[c] = inRun
		}
	}
	return t
}()

// Salts keep the kinds of things in a filter apart.
const (
	saltMark  = 0x9e3779b97f4a7c15
	saltTrace = 0xc2b2ae3d27d4eb4f
	saltSpan  = 0x165667b19e3779f9
	saltPair  = 0x27d4eb2f165667c5
)

// indexed says whether a word is in filters: one of less than four digits is in nearly
// every block.
func indexed(w []byte) bool {
	if len(w) > 3 {
		return true
	}
	for _, c := range w {
		if !isDigit(c) {
			return true
		}
	}
	return false
}

func wordHash(w []byte) uint64 { return xxhash.Sum64(w) }

func traceHash(id [16]byte) uint64 { return mix(xxhash.Sum64(id[:]) ^ saltTrace) }
func spanHash(id [8]byte) uint64   { return mix(binary.LittleEndian.Uint64(id[:]) ^ saltSpan) }

// pairHash is of an attribute with its value.
func pairHash(name, value []byte) uint64 {
	return mix(xxhash.Sum64(name)*saltPair ^ xxhash.Sum64(value))
}

// mix spreads the bits of v over all 64.
func mix(v uint64) uint64 {
	v ^= v >> 32
	v *= 0xd6e8feb86659fd93
	v ^= v >> 32
	v *= 0xd6e8feb86659fd93
	return v ^ v>>32
}

// runsTouching adds the hash of every word, and every mark, of the runs that share a
// byte with a span or end at one.
func runsTouching(body []byte, spans []Span, add *hashes) {
	done := 0
	for _, s := range spans {
		start, end := int(s.Start), int(s.End)
		for start > done && classes[body[start-1]]&inRun != 0 {
			start--
		}
		for end < len(body) && classes[body[end]]&inRun != 0 {
			end++
		}
		start = max(start, done)
		if start < end {
			hashRuns(body[start:end], add)
		}
		done = max(done, end)
	}
}

// hashRuns hashes the words and marks of text that begins and ends with whole runs.
func hashRuns(text []byte, add *hashes) {
	for i := 0; i < len(text); {
		if classes[text[i]]&inRun == 0 {
			i++
			continue
		}
		start, word := i, i
		for ; i < len(text) && classes[text[i]]&inRun != 0; i++ {
			if text[i] == '-' {
				if indexed(text[word:i]) {
					add.add(wordHash(text[word:i]))
				}
				word = i + 1
			}
		}
		if indexed(text[word:i]) {
			add.add(wordHash(text[word:i]))
		}
		if i-start >= minMarked {
			add.marks(text[start:i])
		}
	}
}

// marks adds the marks of a run: of each window of neighbouring grams the
// least hash, once for windows that share it (Schleimer, Wilkerson, Aiken: Winnowing,
// 2003, doi 10.1145/872757.872770). A piece of the run has the same marks as the run
// has there, but for those at its edges, so that any piece of minMarked bytes is found.
func (s *hashes) marks(run []byte) {
	grams := len(run) - markGram + 1
	if grams < markWindow {
		return
	}
	var ring [2 * markWindow]uint64 // the latest grams, twice: a window is one piece of it
	least, at := ^uint64(0), -1
	slot := 0 // of gram g: g modulo markWindow
	for g := range grams {
		h := mix(binary.LittleEndian.Uint64(run[g:]) ^ saltMark)
		ring[slot], ring[slot+markWindow] = h, h
		if slot++; slot == markWindow {
			slot = 0
		}
		if h <= least {
			least, at = h, g
			if g < markWindow-1 {
				continue
			}
		} else if at > g-markWindow {
			if g != markWindow-1 {
				continue // the window shares its least with the one before
			}
		} else { // the least has left the window
			at = g - markWindow + 1
			least = ring[slot]
			for k, v := range ring[slot+1 : slot+markWindow] {
				if v <= least {
					least, at = v, g-markWindow+2+k
				}
			}
		}
		s.add(least)
	}
}
