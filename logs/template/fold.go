package template

// Folding makes one element of what is one value to people, so that a list of
// three and a list of four are the same template and a date is one variable.
// The tokens stay; only the form that templates are told apart by is folded.

func (s *scan) top(back int) *elem {
	if n := len(s.elems) - 1 - back; n >= 0 {
		return &s.elems[n]
	}
	return nil
}

func (s *scan) tokOf(e *elem) *tok { return &s.toks[e.first] }

func (s *scan) push(e elem) {
	n := int16(len(s.toks) - 1)
	e.first, e.last = n, n
	s.elems = append(s.elems, e)
}

// extend makes the newest token a part of the element that is back from the
// top, and drops what is above it.
func (s *scan) extend(back int) {
	at := len(s.elems) - 1 - back
	s.elems[at].last = int16(len(s.toks) - 1)
	s.elems = s.elems[:at+1]
}

func isDelimElem(e *elem, b byte) bool {
	return e != nil && e.class == classDelim && e.hash == uint64(b)
}

// held reports whether the newest token is within a value, of which it becomes a part.
func (s *scan) held() bool {
	t := &s.toks[len(s.toks)-1]
	if t.start < s.holdFrom || t.start >= s.holdEnd {
		return false
	}
	if n := len(s.elems); n > 0 && s.elems[n-1].wild && s.toks[s.elems[n-1].first].start >= s.holdFrom {
		s.extend(0)
		return true
	}
	s.push(elem{hash: wildHash, wild: true, class: classWild})
	return true
}

func (s *scan) pushDelim(b byte) {
	if s.held() {
		return
	}
	if b == ')' || b == ']' || b == '"' || b == '\'' {
		if x, open := s.top(0), s.top(1); x != nil && open != nil && open.class == classDelim && opens(byte(open.hash), b) {
			switch x.class {
			case classWord:
				x.class = classEnclosed
			case classNumbered:
				s.toks[x.first].kind, s.toks[x.first].soft = KindID, true
				x.hash, x.wild, x.class = wildHash, true, classWild
			}
		}
	}
	if b == ')' {
		if open, a := s.top(0), s.top(1); isDelimElem(open, '(') && a != nil && a.wild && s.toks[a.last].end < s.toks[open.first].start {
			// host (): a variable that is empty.
			x := s.toks[len(s.toks)-1]
			s.toks[len(s.toks)-1] = tok{start: x.start, end: x.start, kind: KindWord}
			s.push(elem{hash: wildHash, wild: true, class: classWild})
			s.toks = append(s.toks, x)
		}
		// 12 (0x0c): the same value said twice.
		if a, open, c := s.top(0), s.top(1), s.top(2); a != nil && a.wild && isDelimElem(open, '(') && c != nil && c.wild &&
			s.toks[c.last].kind != KindIP && (s.toks[c.first].kind.Numeric() || s.toks[c.last].kind.Numeric()) {
			s.extend(2)
			s.repeat()
			return
		}
	}
	s.push(elem{hash: uint64(b), class: classDelim})
	s.repeat()
}

func (s *scan) pushWord(w []byte, t *traits) {
	top := s.top(0)
	if top != nil && top.wild {
		if unitOf(w) != KindNone && s.toks[top.last].kind == KindNum && len(w) > 0 {
			s.extend(0)
			s.repeat()
			return
		}
		if k := s.toks[top.last].kind; isMonthOrDay(w) && (k == KindNum || k == KindTime || k == KindID) ||
			k == KindTime && isZone(w) {
			s.extend(0)
			return
		}
	}
	e := elem{hash: s.toks[len(s.toks)-1].hash, class: classWord}
	numbered := t.digits > 0
	if numbered && top != nil && (top.wild || top.class == classNumbered) {
		// A list of names.
		x := &s.toks[len(s.toks)-1]
		x.kind, x.soft = KindID, true
		if !top.wild {
			y := &s.toks[top.first]
			y.kind, y.soft = KindID, true
		}
		s.pushWild(KindID)
		return
	}
	switch {
	case numbered:
		e.class = classNumbered
	case isMonthOrDay(w):
		e.class = classDate
	case isDelimElem(top, '='):
		e.class = classValue
	case top != nil && !top.wild && top.class <= classDotted && s.isNaming(top):
		e.class = className
	case t.dots+t.slashes+t.ats+t.unders > 0:
		e.class = classDotted
	}
	s.push(e)
	s.repeat()
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

var (
	hashUser = hashOf([]byte("user"))
	hashHost = hashOf([]byte("host"))
	hashUID  = hashOf([]byte("uid"))
	hashFor  = hashOf([]byte("for"))
	hashBy   = hashOf([]byte("by"))
)

// isRoot reports whether w is the name of the user root and not the word.
func (s *scan) isRoot(w []byte) bool {
	if string(w) != "root" {
		return false
	}
	top := s.top(0)
	return isDelimElem(top, '(') || top != nil && !top.wild && (top.hash == hashUser || top.hash == hashFor || top.hash == hashBy)
}

// isNaming reports whether a word announces a name.
func (s *scan) isNaming(e *elem) bool {
	return e.hash == hashUser || e.hash == hashHost || e.hash == hashUID
}

func (s *scan) pushWild(k Kind) {
	if s.held() {
		if s.elems[len(s.elems)-1].last == s.elems[len(s.elems)-1].first {
			s.repeat()
		}
		return
	}
	top := s.top(0)
	switch {
	case top == nil:
	case top.wild:
		s.extend(0)
		s.repeat()
		return
	case top.class == classNumbered:
		x := &s.toks[top.first]
		x.kind, x.soft = KindID, true
		top.hash, top.wild, top.class = wildHash, true, classWild
		s.extend(0)
		return
	case top.class == classDate:
		back := 0
		for x := s.top(back + 1); x != nil && (x.class == classDate || x.wild); x = s.top(back + 1) {
			back++
		}
		top = s.top(back)
		top.hash, top.wild, top.class = wildHash, true, classWild
		s.extend(back)
		return
	case isDelimElem(top, ','):
		if below := s.top(1); below != nil && below.wild {
			s.extend(1)
			s.repeat()
			return
		}
	case k.Numeric() && (isDelimElem(top, '<') || isDelimElem(top, '>')) && s.toks[top.first].end == s.toks[len(s.toks)-1].start:
		// <1: a comparison
		top.hash, top.wild, top.class = wildHash, true, classWild
		s.extend(0)
		return
	}
	s.push(elem{hash: wildHash, wild: true, class: classWild})
	s.repeat()
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
