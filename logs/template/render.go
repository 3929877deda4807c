package template

import "strings"

// slot is what is remembered of one variable of a template, so that its text shows
// as constant what has never been different.
type slot struct {
	value, shape uint32
	vary, reform bool
}

const maxSlots = 24

func (t *tmpl) track(sc *scan, line []byte) {
	n := 0
	for i := range sc.elems {
		e := &sc.elems[i]
		if !e.wild {
			continue
		}
		if n == maxSlots {
			return
		}
		if n == len(t.slots) {
			t.slots = append(t.slots, slot{value: sc.valueOf(e, line), shape: sc.shapeOf(e)})
			n++
			continue
		}
		s := &t.slots[n]
		if !s.vary && s.value != sc.valueOf(e, line) {
			s.vary = true
		}
		if !s.reform && s.shape != sc.shapeOf(e) {
			s.reform = true
		}
		n++
	}
}

func (t *tmpl) mergeSlots(x *tmpl) {
	for i := range x.slots {
		if i >= len(t.slots) {
			t.slots = append(t.slots, x.slots[i:]...)
			return
		}
		a, b := &t.slots[i], &x.slots[i]
		a.vary = a.vary || b.vary || a.value != b.value
		a.reform = a.reform || b.reform || a.shape != b.shape
	}
}

func (s *scan) valueOf(e *elem, line []byte) uint32 {
	return uint32(hashOf(line[s.toks[e.first].start:s.toks[e.last].end]))
}

// shapeOf is a hash of what folding left out: how many tokens, and which words.
func (s *scan) shapeOf(e *elem) uint32 {
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

func (t *tmpl) info() Info {
	i := Info{
		ID: t.id, Service: t.stream.name, Given: t.given, Other: t.other,
		First: t.firstSeen, Last: t.last, Count: t.count, Levels: t.levels,
	}
	if len(t.line) > 0 {
		i.Samples = append(i.Samples, string(t.line))
	}
	i.Text, i.Wildcard = t.text(true), t.text(false)
	return i
}

// text renders a template: the line it was made of, with variables in brackets.
func (t *tmpl) text(typed bool) string {
	var sc scan
	sc.run(t.line, t.header.at)
	var b strings.Builder
	end := t.header.at
	gap := func(start int32) {
		if start > end && b.Len() > 0 {
			b.WriteByte(' ')
		}
	}
	put := func(k Kind) {
		if !typed {
			b.WriteString("<*>")
			return
		}
		b.WriteByte('<')
		b.WriteString(k.String())
		b.WriteByte('>')
	}
	at := 0 // slot
	for i := range sc.elems {
		e := &sc.elems[i]
		masked := t.mask.has(i)
		collapse, constant := false, false
		if e.wild {
			if at < len(t.slots) {
				s := &t.slots[at]
				collapse = s.reform
				constant = !s.vary && t.count >= 5 && e.first == e.last && sc.toks[e.first].kind == KindID
			}
			at++
		}
		if collapse {
			gap(sc.toks[e.first].start)
			put(sc.toks[e.first].kind)
			end = sc.toks[e.last].end
			continue
		}
		for k := e.first; k <= e.last; k++ {
			x := &sc.toks[k]
			gap(x.start)
			switch {
			case x.kind == kindDelim:
				b.Write(t.line[x.start:x.end])
			case masked && x.kind == KindNone:
				put(KindWord)
			case x.kind == KindNone || constant:
				b.Write(t.line[x.start:x.end])
			default:
				put(x.kind)
			}
			end = x.end
		}
	}
	if int(sc.rest) < len(t.line) {
		gap(sc.rest + 1)
		put(KindRest)
	}
	return b.String()
}
