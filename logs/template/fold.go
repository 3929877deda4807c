package template

// Folding makes one element of what is one value to people, so that a list of
// three and a list of four are the same template and a date is one variable.
// The tokens stay; only the form that templates are told apart by is folded.

// elem is what a form is compared by: one token, or several that were folded
// into one variable.
type elem struct {
	hash        uint64
	first, last int16 // tokens, both inclusive; an empty variable has its last before its first
	wild        bool
	class       elemClass
}

type elemClass uint8

const (
	classWord     elemClass = iota
	classDotted             // a word that holds . / _ or @
	classValue              // a word after =
	className               // a word after user, host or uid
	classEnclosed           // a word that has a bracket or quotes to itself
	classNumbered           // a word with a digit at its end
	classDelim
	classDate // a month or a day
	classWild
)

const (
	wildHash = 0x2a2a2a2a2a2a2a2a
	maxElems = 128 // of a form; what comes after them does not count
)

// fold makes the form of the tokens.
func (s *scan) fold() {
	if s.elems == nil {
		s.elems = make([]elem, 0, maxElems)
	}
	s.elems = s.elems[:0]
	for s.cur = 0; s.cur < len(s.toks) && len(s.elems) < maxElems-2; s.cur++ {
		switch t := &s.toks[s.cur]; {
		case t.is(tokHeld):
			s.foldHeld(t)
		case t.kind == kindDelim:
			s.foldDelim(byte(t.hash))
		case t.kind == KindNone:
			s.foldWord(t)
		default:
			s.foldWild(t.kind)
		}
	}
	s.sum()
}

// contribution is what an element at a place adds to a form.
func contribution(h uint64, place int) uint64 {
	return mix(h + uint64(place+1)*0x9e3779b97f4a7c15)
}

func (s *scan) sum() {
	var form, shape uint64
	for i := range s.elems {
		e := &s.elems[i]
		form += contribution(e.hash, i)
		h := e.hash
		if !e.wild && e.class != classDelim {
			h = 1
		}
		shape = (shape ^ h) * 0x9e3779b97f4a7c15
		shape ^= shape >> 31
	}
	s.form, s.shape = form, shape
}

// swap returns the sum of a form in which the element at a place is a wildcard.
func (s *scan) swap(form uint64, place int) uint64 {
	return form - contribution(s.elems[place].hash, place) + contribution(wildHash, place)
}

// top returns the element that is back from the last, nil if there is none.
func (s *scan) top(back int) *elem {
	if n := len(s.elems) - 1 - back; n >= 0 {
		return &s.elems[n]
	}
	return nil
}

func (s *scan) push(hash uint64, wild bool, c elemClass) {
	s.elems = append(s.elems, elem{hash: hash, first: int16(s.cur), last: int16(s.cur), wild: wild, class: c})
	s.repeat()
}

// extend makes the token a part of the element that is back from the top, and drops
// what is above it.
func (s *scan) extend(back int) {
	at := len(s.elems) - 1 - back
	s.elems[at].last = int16(s.cur)
	s.elems = s.elems[:at+1]
}

func (e *elem) becomeWild() { e.hash, e.wild, e.class = wildHash, true, classWild }

func isDelimElem(e *elem, b byte) bool {
	return e != nil && e.class == classDelim && e.hash == uint64(b)
}

// foldHeld makes the tokens of a value one variable.
func (s *scan) foldHeld(t *tok) {
	if !t.is(tokOpens) {
		if e := s.top(0); e != nil && e.wild {
			s.extend(0)
			return
		}
	}
	s.push(wildHash, true, classWild)
}

func (s *scan) foldDelim(b byte) {
	switch b {
	case ')', ']', '"', '\'':
		if x, open := s.top(0), s.top(1); x != nil && open != nil && open.class == classDelim && opens(byte(open.hash), b) {
			switch x.class {
			case classWord:
				x.class = classEnclosed
			case classNumbered:
				s.toks[x.first].become(KindID)
				x.becomeWild()
			}
		}
		if b == ')' && s.shut() {
			return
		}
	}
	s.push(uint64(b), false, classDelim)
}

// shut folds what a closing bracket ends, if it is one value with what is before it.
func (s *scan) shut() bool {
	if open, a := s.top(0), s.top(1); isDelimElem(open, '(') && a != nil && a.wild && s.toks[open.first].is(tokApart) {
		// host (): a variable that is empty.
		s.push(wildHash, true, classWild)
		s.elems[len(s.elems)-1].last--
		return false
	}
	a, open, c := s.top(0), s.top(1), s.top(2)
	if a == nil || !a.wild || !isDelimElem(open, '(') || c == nil || !c.wild {
		return false
	}
	if first, last := s.toks[c.first].kind, s.toks[max(c.first, c.last)].kind; last == KindIP || !first.Numeric() && !last.Numeric() {
		return false
	}
	s.extend(2) // 12 (0x0c): the same value said twice
	s.repeat()
	return true
}

func opens(open, shut byte) bool {
	switch shut {
	case ')':
		return open == '('
	case ']':
		return open == '['
	}
	return open == shut
}

// become makes a word a variable that reads as constant until it varies.
func (t *tok) become(k Kind) { t.kind, t.flags = k, t.flags|tokSoft }

func (s *scan) foldWord(t *tok) {
	top := s.top(0)
	w := s.line[t.start:t.end]
	if t.is(tokNumbered) {
		if top != nil && (top.wild || top.class == classNumbered) {
			// A list of names.
			t.become(KindID)
			if !top.wild {
				s.toks[top.first].become(KindID)
			}
			s.foldWild(KindID)
			return
		}
		s.push(t.hash, false, classNumbered)
		return
	}
	if top != nil && top.wild && top.last >= top.first {
		switch k := s.toks[top.last].kind; {
		case k == KindNum && unitOf(w) != KindNone:
			s.extend(0)
			s.repeat()
			return
		case isMonthOrDay(w) && (k == KindNum || k == KindTime || k == KindID), k == KindTime && isZone(w):
			s.extend(0)
			return
		}
	}
	c := classWord
	switch {
	case len(w) == 3 && isMonthOrDay(w):
		c = classDate
	case top == nil:
		if t.is(tokDotted) {
			c = classDotted
		}
	case isDelimElem(top, '='):
		c = classValue
	case top.class <= classDotted && (top.hash == hashUser || top.hash == hashHost || top.hash == hashUID):
		c = className
	case t.is(tokDotted):
		c = classDotted
	}
	s.push(t.hash, false, c)
}

func (s *scan) foldWild(k Kind) {
	top := s.top(0)
	switch {
	case top == nil:
	case top.wild:
		s.extend(0)
		s.repeat()
		return
	case top.class == classNumbered:
		s.toks[top.first].become(KindID)
		top.becomeWild()
		s.extend(0)
		return
	case top.class == classDate:
		back := 0
		for x := s.top(back + 1); x != nil && (x.class == classDate || x.wild); x = s.top(back + 1) {
			back++
		}
		s.top(back).becomeWild()
		s.extend(back)
		return
	case isDelimElem(top, ','):
		if below := s.top(1); below != nil && below.wild {
			s.extend(1)
			s.repeat()
			return
		}
	case k.Numeric() && (isDelimElem(top, '<') || isDelimElem(top, '>')) && !s.toks[s.cur].is(tokApart):
		top.becomeWild() // <1: a comparison
		s.extend(0)
		return
	}
	s.push(wildHash, true, classWild)
}

const maxPeriod = 6

// repeat folds a segment that comes twice in a row and holds a variable.
func (s *scan) repeat() {
	n := len(s.elems)
	last := s.elems[n-1].hash
	for p := 1; p <= maxPeriod && 2*p <= n; p++ {
		if s.elems[n-1-p].hash != last || !s.twice(n, p) {
			continue
		}
		s.elems[n-p-1].last = s.elems[n-1].last
		s.elems = s.elems[:n-p]
		return
	}
}

func (s *scan) twice(n, p int) bool {
	wild := false
	for i := n - p; i < n; i++ {
		if s.elems[i].hash != s.elems[i-p].hash {
			return false
		}
		wild = wild || s.elems[i].wild
	}
	return wild
}
