package template

// seenLines leads from the tokens of a line to its template without making the form:
// nearly all lines have been seen before in all that the form depends on. It is a
// table without collisions resolved: a newer line takes the place of an older one.
type seenLines struct {
	slots []seenLine
	used  int
}

type seenLine struct {
	seq  uint64
	tmpl *tmpl
	more tokSet // words that are variables all the same
}

// tokSet is a set of tokens of a line.
type tokSet [maxToks / 128]uint64

// A token beyond the set is a variable only if it looks it.
func (s *tokSet) has(i int) bool { return i < 64*len(s) && s[i>>6]&(1<<(i&63)) != 0 }
func (s *tokSet) set(i int) {
	if i < 64*len(s) {
		s[i>>6] |= 1 << (i & 63)
	}
}

// minSeen is the least size of the table; it has up to four slots of 32 bytes for
// each template.
const minSeen = 32

// none is what is not found.
var none seenLine

// get returns what is known of a line, a seenLine without a template if nothing is.
// It is valid until the next put.
func (s *seenLines) get(seq uint64) *seenLine {
	if len(s.slots) == 0 {
		return &none
	}
	if x := &s.slots[seq&uint64(len(s.slots)-1)]; x.seq == seq {
		return x
	}
	return &none
}

func (s *seenLines) put(seq uint64, t *tmpl, more tokSet, most int) {
	if n := len(s.slots); n == 0 || s.used*2 > n && 2*n <= most {
		s.grow(max(minSeen, 2*n))
	}
	x := &s.slots[seq&uint64(len(s.slots)-1)]
	if x.tmpl == nil {
		s.used++
	}
	*x = seenLine{seq, t, more}
}

func (s *seenLines) grow(n int) {
	old := s.slots
	s.slots, s.used = make([]seenLine, n), 0
	for _, x := range old {
		if x.tmpl != nil && !x.tmpl.dead {
			y := &s.slots[x.seq&uint64(n-1)]
			if y.tmpl == nil {
				s.used++
			}
			*y = x
		}
	}
}
