package template

// A template remembers of its variables what its text needs: a variable that looks
// like one but has never been different reads as constant, and a folded variable
// that is a list here and one value there reads as one. Both are told by a hash of
// the first line's, so that a template costs a few bytes for each.

// slot is one element that is a variable.
type slot struct {
	shape  uint32
	elem   uint8
	reform bool // lines differ in what folding left out
}

// softSlot is one token that may read as constant.
type softSlot struct {
	value  uint32
	elem   uint8
	offset uint8
	vary   bool
}

const (
	maxSlots = 32
	// settledAfter is the number of lines after which only one in 16 is looked at.
	settledAfter = 64
)

// prepare makes the slots for the line of a new template.
func (t *tmpl) prepare(sc *scan, line []byte) {
	for i := range sc.elems {
		e := &sc.elems[i]
		if !e.wild {
			continue
		}
		if len(t.slots) < maxSlots {
			t.slots = append(t.slots, slot{elem: uint8(i), shape: sc.shapeOf(e)})
		}
		for k := e.first; k <= e.last; k++ {
			if x := &sc.toks[k]; x.is(tokSoft) && len(t.soft) < maxSlots && k-e.first < 256 {
				t.soft = append(t.soft, softSlot{elem: uint8(i), offset: uint8(k - e.first), value: x.valueOf(line)})
			}
		}
	}
}

// due reports whether a line that is known in all but its values is to be looked at
// closely: only for as long as a variable of the template may read as constant, and
// then the first lines and one in a few of the others.
func (t *tmpl) due() bool {
	return t.soft != nil && !t.varied && (t.count < settledAfter || t.count&15 == 0)
}

// track compares a folded line with the first one.
func (t *tmpl) track(sc *scan, line []byte) {
	for i := range t.slots {
		s := &t.slots[i]
		if !s.reform && int(s.elem) < len(sc.elems) && s.shape != sc.shapeOf(&sc.elems[s.elem]) {
			s.reform = true
		}
	}
	t.varied = true
	for i := range t.soft {
		s := &t.soft[i]
		if s.vary || int(s.elem) >= len(sc.elems) {
			continue
		}
		e := &sc.elems[s.elem]
		if k := e.first + int16(s.offset); k > e.last || sc.toks[k].valueOf(line) != s.value {
			s.vary = true
		} else {
			t.varied = false
		}
	}
}

// mergeSlots takes over what was seen of a template that is merged into this one.
func (t *tmpl) mergeSlots(x *tmpl) {
	for i := range t.slots {
		a := &t.slots[i]
		for k := range x.slots {
			if b := &x.slots[k]; a.elem == b.elem {
				a.reform = a.reform || b.reform || a.shape != b.shape
			}
		}
	}
	for i := range t.soft {
		a := &t.soft[i]
		for k := range x.soft {
			if b := &x.soft[k]; a.elem == b.elem && a.offset == b.offset {
				a.vary = a.vary || b.vary || a.value != b.value
			}
		}
	}
}

func (t *tok) valueOf(line []byte) uint32 { return uint32(hashOf(line[t.start:t.end])) }

// shapeOf is a hash of what folding left out: how many tokens, and which words.
func (s *scan) shapeOf(e *elem) uint32 {
	if e.first >= e.last {
		return 1
	}
	h := uint64(1)
	for i := e.first; i <= e.last; i++ {
		if t := &s.toks[i]; t.kind == KindNone || t.kind == kindDelim {
			h = (h ^ t.hash) * 0xff51afd7ed558ccd
		} else {
			h = (h ^ 3) * 0xff51afd7ed558ccd
		}
		h ^= h >> 32
	}
	return uint32(h)
}
