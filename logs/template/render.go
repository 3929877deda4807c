package template

import "strings"

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
	switch {
	case t.other:
		return "<other>"
	case t.given:
		return string(t.line)
	}
	var sc scan
	sc.run(t.line, t.header.at)
	sc.fold()
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
	reform, constant := t.settled()
	for i := range sc.elems {
		e := &sc.elems[i]
		masked := t.mask.has(i)
		if e.first > e.last {
			put(KindWord)
			continue
		}
		if e.wild && reform[i] {
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
			case x.kind == KindNone || constant[[2]int{i, int(k - e.first)}]:
				b.Write(t.line[x.start:x.end])
			default:
				put(x.kind)
			}
			end = x.end
		}
	}
	if n := len(sc.elems); n > 0 && int(sc.elems[n-1].last) < len(sc.toks)-1 {
		gap(end + 1)
		put(KindRest)
	} else if int(sc.rest) < len(t.line) {
		gap(end + 1)
		put(KindRest)
	}
	return b.String()
}

// sameAfter is the number of lines after which a word that looks like a variable
// and was always the same reads as constant.
const sameAfter = 5

// settled returns the elements whose lines differ in what was folded, and the
// tokens, by element and offset, that read as constant.
func (t *tmpl) settled() (reform map[int]bool, constant map[[2]int]bool) {
	reform, constant = map[int]bool{}, map[[2]int]bool{}
	for _, s := range t.slots {
		if s.reform {
			reform[int(s.elem)] = true
		}
	}
	for _, s := range t.soft {
		if !s.vary && t.count >= sameAfter {
			constant[[2]int{int(s.elem), int(s.offset)}] = true
		}
	}
	return reform, constant
}
