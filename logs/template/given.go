package template

import (
	"bytes"

	"github.com/tocsinhq/tocsin/telemetry"
)

// mineGiven files a line under the template that its program gives. Its variables are
// what stands in the places of the placeholders; if the line does not fit the template,
// as when only the name of an event is given, they are found by spelling.
func (s *stream) mineGiven(sev telemetry.Severity, given, body []byte, at int64, out *Match) {
	given = given[:min(len(given), maxBytes)]
	form := givenForm(given)
	t := s.forms[form]
	if t == nil && !s.admits(form) {
		s.miner.count.other.Add(1)
		t = s.others(sev, at)
	} else if t == nil {
		var before int64
		t, before = s.create(sighting{&scan{}, given, header{}}, mask{}, form, at)
		t.given, out.New, out.Last = true, before == 0, before
		s.miner.note(t.record())
	} else {
		out.Last = t.last
	}
	t.see(sev, at)
	out.ID = t.id
	if align(given, body, &out.scan, &out.Vars) {
		return
	}
	out.Vars = out.Vars[:0]
	out.scan.run(body, 0)
	out.scan.vars(&tokSet{}, &out.Vars)
}

// givenForm is the form of a template that a program gives.
func givenForm(text []byte) uint64 { return mix(hashOf(text) + 0x676976656e) }

// align finds in body what stands for each placeholder of a template: {name}, {}, %s
// with its flags, ${name}. It reports whether the body fits.
func align(given, body []byte, sc *scan, out *[]Var) bool {
	at, found := 0, false
	for {
		start, end := placeholder(given)
		if start < 0 {
			return found && bytes.Equal(body[at:], given)
		}
		if !bytes.HasPrefix(body[at:], given[:start]) {
			return false
		}
		at += start
		given = given[end:]
		found = true
		next, _ := placeholder(given)
		literal := given
		if next >= 0 {
			literal = given[:next]
		}
		stop := len(body)
		switch {
		case len(literal) > 0 && next < 0:
			if stop -= len(literal); stop < at {
				return false
			}
		case len(literal) > 0:
			n := bytes.Index(body[at:], literal)
			if n < 0 {
				return false
			}
			stop = at + n
		case next >= 0:
			return false // two placeholders in a row: nobody knows where one ends
		}
		if stop > at {
			*out = append(*out, Var{Start: int32(at), End: int32(stop), Kind: sc.kindOf(body, at, stop)})
		}
		at = stop
	}
}

// kindOf returns the kind of a piece of a line: that of its one token, else a word.
func (s *scan) kindOf(line []byte, start, end int) Kind {
	s.run(line[:end], int32(start))
	if len(s.toks) == 1 && s.toks[0].kind != KindNone && s.toks[0].kind != kindDelim && int(s.toks[0].end) == end {
		return s.toks[0].kind
	}
	return KindWord
}

// placeholder returns where the first placeholder of a template begins and ends, -1 if
// there is none.
func placeholder(t []byte) (start, end int) {
	for i := 0; i < len(t); i++ {
		switch t[i] {
		case '{':
			if n := bytes.IndexByte(t[i:], '}'); n >= 0 && n <= 64 {
				if i > 0 && t[i-1] == '$' {
					return i - 1, i + n + 1
				}
				return i, i + n + 1
			}
		case '%':
			n := i + 1
			for n < len(t) && n < i+12 && bytes.IndexByte([]byte("+-# 0123456789.*lhz"), t[n]) >= 0 {
				n++
			}
			if n < len(t) && bytes.IndexByte([]byte("sdvqxXfgeEtTpcuio"), t[n]) >= 0 {
				return i, n + 1
			}
			if n < len(t) && t[n] == '%' {
				i = n
			}
		}
	}
	return -1, -1
}
