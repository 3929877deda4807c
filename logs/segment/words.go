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
func runsTouching(body []byte, spans []Span, add *hashSet) {
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
func hashRuns(text []byte, add *hashSet) {
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
			marks(text[start:i], add.add)
		}
	}
}

// marks calls add for the marks of a run: of each window of neighbouring grams the
// least hash, once for windows that share it (Schleimer, Wilkerson, Aiken: Winnowing,
// 2003, doi 10.1145/872757.872770). A piece of the run has the same marks as the run
// has there, but for those at its edges, so that any piece of minMarked bytes is found.
func marks(run []byte, add func(uint64)) {
	grams := len(run) - markGram + 1
	if grams < markWindow {
		return
	}
	var ring [markWindow]uint64
	least, at := ^uint64(0), -1
	told := -1
	for g := range grams {
		h := mix(binary.LittleEndian.Uint64(run[g:]) ^ saltMark)
		ring[g%markWindow] = h
		if h <= least || at < 0 {
			least, at = h, g
		} else if at <= g-markWindow { // the least has left the window
			at = g - markWindow + 1
			least = ring[at%markWindow]
			for k := at + 1; k <= g; k++ {
				if v := ring[k%markWindow]; v <= least {
					least, at = v, k
				}
			}
		}
		if g >= markWindow-1 && at != told {
			told = at
			add(least)
		}
	}
}
