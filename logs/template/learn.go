package template

import (
	"cmp"
	"slices"

	"github.com/tocsinhq/tocsin/telemetry"
)

// What is unlike all that is known is learnt here. For each word of a new line the
// form is taken with that word as a wildcard. Forms that are the same but for one
// word meet in it; when enough have met, the place is a variable, and they are one
// template. That template is entered in the same way, so that a second variable
// place is found in a second step.

// learn returns the template of a scanned line that is not known, and the places
// that are variables beside those that look it.
func (s *stream) learn(sc *scan, line []byte, h header, sev telemetry.Severity, at int64, out *Match) (*tmpl, mask) {
	if place := s.joins(sc, mask{}); place >= 0 {
		var m mask
		m.set(place)
		s.addMask(sc.shape, m)
		return s.forms[sc.swap(sc.form, place)], m
	}
	if !s.admits(sc.form) {
		s.miner.count.other.Add(1)
		return s.others(sev, at), mask{}
	}
	x := sighting{sc, line, h}
	t, before := s.create(x, mask{}, sc.form, at)
	w, m := s.enter(t, x, sc.form, mask{})
	out.New, out.Last = before == 0 && w == t, before // not new if it is one more of what is known
	return w, m
}

// sighting is a line that is looked at, taken apart.
type sighting struct {
	*scan
	line   []byte
	header header
}

// joins returns the place at which a form differs from a known one that has a
// variable there, -1 if there is none.
func (s *stream) joins(sc *scan, m mask) int {
	if sc.words(m) < 2 {
		return -1
	}
	for i := range sc.elems {
		if !sc.mayVary(i, m) {
			continue
		}
		if s.forms[sc.swap(sc.form, i)] != nil {
			return i
		}
	}
	return -1
}

// enter makes a template known under its form with each word as a wildcard, and
// merges it with others if that is due. It returns the template that it is then,
// and the places that are variables in sc, a line of it. form is its own form, of
// which the places of m are wild.
func (s *stream) enter(t *tmpl, sc sighting, form uint64, m mask) (*tmpl, mask) {
	// Those that wait for a variable just here have it now.
	if f := s.first[form]; f != nil && f != t {
		s.absorb(t, form)
	}
	if sc.words(m) < 2 {
		return t, m
	}
	for i := range sc.elems {
		if !sc.mayVary(i, m) {
			continue
		}
		wide := sc.swap(form, i)
		if w := s.forms[wide]; w != nil && w != t {
			m.set(i)
			s.merge(t, w)
			s.addMask(sc.shape, m)
			return w, m
		}
		f := s.first[wide]
		if f == nil {
			s.first[wide] = t
			continue
		}
		if f == t {
			continue
		}
		s.more[wide] = append(s.more[wide], t)
		if 1+len(s.more[wide]) >= s.needed(sc, i) {
			return s.widen(wide, sc, m, i)
		}
	}
	return t, m
}

func (s *scan) isWord(i int, m mask) bool {
	e := &s.elems[i]
	return !e.wild && e.class != classDelim && !m.has(i)
}

// words counts the words of a form that are constant.
func (s *scan) words(m mask) int {
	n := 0
	for i := range s.elems {
		if s.isWord(i, m) {
			n++
		}
	}
	return n
}

// mayVary reports whether an element may turn out to be a variable: a word that is
// no key of what follows.
func (s *scan) mayVary(i int, m mask) bool {
	if !s.isWord(i, m) {
		return false
	}
	if i+1 < len(s.elems) {
		if next := &s.elems[i+1]; isDelimElem(next, '=') || isDelimElem(next, ':') && s.elems[i].class != classDotted && s.elems[i].class != classNumbered {
			return false
		}
	}
	return true
}

// needed is how many different words make a place a variable.
func (s *stream) needed(sc sighting, i int) int {
	n := s.miner.cfg.VaryAfter
	if i == 0 {
		// What a line begins with is seldom a variable, unless it is a program's name.
		if sc.elems[0].class == classDotted && len(sc.elems) > 1 && isDelimElem(&sc.elems[1], ':') {
			return n
		}
		return 4 * n
	}
	switch sc.elems[i].class {
	case className:
		return 2
	case classDotted, classValue, classEnclosed:
		return (n + 1) / 2
	}
	return n
}

// widen makes one template of all that have met in a form with a wildcard more.
func (s *stream) widen(wide uint64, sc sighting, m mask, place int) (*tmpl, mask) {
	s.miner.count.merges.Add(1)
	m.set(place)
	f := s.first[wide]
	w := s.forms[wide]
	if w == nil {
		w, _ = s.create(sc, m, wide, f.firstSeen)
	}
	s.addMask(sc.shape, m)
	s.absorb(w, wide)
	return s.enter(w, sc, wide, m)
}

// absorb merges all that wait in a form into the template that has this form.
func (s *stream) absorb(w *tmpl, wide uint64) {
	waiting := append([]*tmpl{s.first[wide]}, s.more[wide]...)
	delete(s.first, wide)
	delete(s.more, wide)
	for _, t := range waiting {
		if t == w || s.templates[t.id] != t {
			continue
		}
		s.merge(t, w)
		if m, shape, ok := s.difference(t, wide); ok {
			s.addMask(shape, m)
		}
	}
}

// merge lets a template go into another.
func (s *stream) merge(t, into *tmpl) {
	s.retire(t)
	into.take(t)
	s.alias(t.id, into.id)
}

// alias makes an id lead to another from now on.
func (s *stream) alias(from, to uint64) {
	s.miner.ids.merge(from, to)
	s.miner.note(&record{kind: recAlias, service: s.name, id: from, to: to})
}

// difference returns the places that are variables in wide and words in t.
func (s *stream) difference(t *tmpl, wide uint64) (mask, uint64, bool) {
	sc := &s.work
	sc.run(t.line, t.header.at)
	sc.fold()
	form := sc.masked(t.mask)
	for i := range sc.elems {
		if sc.mayVary(i, t.mask) && sc.swap(form, i) == wide {
			m := t.mask
			m.set(i)
			return m, sc.shape, true
		}
	}
	return mask{}, 0, false
}

// maxMasks bounds how many ways of being variable a shape has; lines of further ones
// are found one word at a time.
const maxMasks = 32

// addMask remembers that lines of a shape may have variables at the places of m.
// The narrower are tried first, so that the order of lines does not matter.
func (s *stream) addMask(shape uint64, m mask) {
	of := s.masks[shape]
	at := len(of)
	for i, x := range of {
		if x == m {
			return
		}
		if at == len(of) && less(m, x) {
			at = i
		}
	}
	if len(of) >= maxMasks {
		return
	}
	of = append(of, mask{})
	copy(of[at+1:], of[at:])
	of[at] = m
	s.masks[shape] = of
}

func sortByForm(of []*tmpl) {
	slices.SortFunc(of, func(a, b *tmpl) int { return cmp.Compare(a.form, b.form) })
}

func less(a, b mask) bool {
	if x, y := a.count(), b.count(); x != y {
		return x < y
	}
	if a[0] != b[0] {
		return a[0] < b[0]
	}
	return a[1] < b[1]
}

// spareBytes are kept of a long line beyond what is mined, in case its header turns out
// to be longer.
const spareBytes = 128

// create makes a template and enters its form. It returns when the same was last seen
// before it was let go, 0 if it is new.
func (s *stream) create(x sighting, m mask, form uint64, at int64) (*tmpl, int64) {
	t := &tmpl{stream: s, id: idOf(s.seed, form), form: form, mask: m, shape: x.shape, header: x.header, firstSeen: at, last: at}
	keep := min(len(x.line), int(x.header.at)+maxBytes+spareBytes)
	t.line = append(make([]byte, 0, keep), x.line[:keep]...)
	t.prepare(x.scan, x.line)
	s.templates[t.id] = t
	s.forms[form] = t
	s.miner.live.Add(1)
	before := s.miner.ids.put(t)
	if len(x.toks) > 0 { // else it is given, and noted as such
		s.miner.note(t.record())
	}
	return t, before
}

// retire removes a template from all but the ids.
func (s *stream) retire(t *tmpl) {
	t.dead = true
	delete(s.templates, t.id)
	if s.forms[t.form] == t {
		delete(s.forms, t.form)
	}
	s.miner.live.Add(-1)
	sc := &s.work
	sc.run(t.line, t.header.at)
	sc.fold()
	form := sc.masked(t.mask)
	for i := range sc.elems {
		if !sc.mayVary(i, t.mask) {
			continue
		}
		wide := sc.swap(form, i)
		if s.first[wide] == t {
			if rest := s.more[wide]; len(rest) > 0 {
				s.first[wide] = rest[0]
				s.more[wide] = rest[1:]
			} else {
				delete(s.first, wide)
				delete(s.more, wide)
			}
			continue
		}
		rest := s.more[wide]
		for k, x := range rest {
			if x == t {
				s.more[wide] = append(rest[:k], rest[k+1:]...)
				break
			}
		}
		if len(s.more[wide]) == 0 {
			delete(s.more, wide)
		}
	}
}
