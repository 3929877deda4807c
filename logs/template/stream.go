package template

import (
	"math/bits"
	"sync"

	"github.com/tocsinhq/tocsin/telemetry"
)

// stream holds what is known of the lines of one service.
type stream struct {
	miner *Miner
	name  string
	seed  uint64

	mu        sync.Mutex
	lines     uint64
	templates map[uint64]*tmpl   // by id
	forms     map[uint64]*tmpl   // by form
	masks     map[uint64][]mask  // by shape: which places are variables that do not look it
	first     map[uint64]*tmpl   // by form with one more wildcard: the first template seen of it
	more      map[uint64][]*tmpl // the others, if there are any
	work      scan               // for lines that are looked at a second time
	head      headers
	seen      seenLines
	door      []uint32 // forms that were seen once while there was no room
}

// mask is a set of places of a form.
type mask [2]uint64

func (m mask) has(i int) bool { return m[i>>6]&(1<<(i&63)) != 0 }
func (m *mask) set(i int)     { m[i>>6] |= 1 << (i & 63) }
func (m mask) count() int     { return bits.OnesCount64(m[0]) + bits.OnesCount64(m[1]) }
func (m mask) empty() bool    { return m[0]|m[1] == 0 }

func newStream(m *Miner, name string) *stream {
	return &stream{
		miner: m, name: name, seed: hashOf([]byte(name)),
		templates: map[uint64]*tmpl{}, forms: map[uint64]*tmpl{}, masks: map[uint64][]mask{},
		first: map[uint64]*tmpl{}, more: map[uint64][]*tmpl{},
	}
}

func (s *stream) mine(sev telemetry.Severity, body []byte, at int64, out *Match) {
	sc := &out.scan
	h, settled := s.head.cut(body, &out.cols, &out.Vars)
	if settled != nil {
		s.miner.note(settled.record(s.name, h.branch, &s.head))
		s.recut(h.branch, settled)
	}
	sc.run(body, h.at)
	x := s.seen.get(sc.seq)
	t := x.tmpl
	if t != nil && !t.dead && !t.due() {
		out.Last = t.last
		t.see(sev, at)
		out.ID = t.id
		sc.vars(&x.more, &out.Vars)
		return
	}
	sc.fold()
	t, m := s.find(sc)
	if t == nil {
		s.miner.count.misses.Add(1)
		t, m = s.learn(sc, body, h, sev, at, out)
	} else {
		out.Last = t.last
	}
	t.see(sev, at)
	t.track(sc, body)
	out.ID = t.id
	more := sc.more(m)
	if !t.other {
		s.seen.put(sc.seq, t, more, 4*len(s.templates))
	}
	sc.vars(&more, &out.Vars)
}

// find returns the template of a scanned line and the places that are variables
// beside those that look it.
func (s *stream) find(sc *scan) (*tmpl, mask) {
	if t := s.forms[sc.form]; t != nil {
		return t, mask{}
	}
	for _, m := range s.masks[sc.shape] {
		if t := s.forms[sc.masked(m)]; t != nil {
			return t, m
		}
	}
	return nil, mask{}
}

// masked returns the form with the places of m as wildcards.
func (s *scan) masked(m mask) uint64 {
	form := s.form
	for half, b := range m {
		for b != 0 {
			i := half<<6 + bits.TrailingZeros64(b)
			if i >= len(s.elems) {
				break
			}
			form = s.swap(form, i)
			b &= b - 1
		}
	}
	return form
}

// more returns the words that are variables in a folded line: those of the places
// of m, and those that folding found to be.
func (s *scan) more(m mask) tokSet {
	var more tokSet
	for e := range s.elems {
		if !s.elems[e].wild && !m.has(e) {
			continue
		}
		for i := s.elems[e].first; i <= s.elems[e].last; i++ {
			switch t := &s.toks[i]; {
			case t.kind == kindDelim:
			case t.kind == KindNone && m.has(e):
				more.set(int(i))
				t.kind = KindWord
			case t.hash != 0 && t.kind != KindNone:
				more.set(int(i))
			}
		}
	}
	return more
}

// vars lists the variables of a line: the tokens that look it, and those of more.
func (s *scan) vars(more *tokSet, out *[]Var) {
	for i := range s.toks {
		t := &s.toks[i]
		k := t.kind
		if k == kindDelim {
			continue
		}
		if k == KindNone {
			if !more.has(i) {
				continue
			}
			k = KindWord
			if t.is(tokNumbered) {
				k = KindID
			}
		}
		*out = append(*out, Var{Start: t.start, End: t.end, Kind: k})
	}
	if int(s.rest) < len(s.line) {
		*out = append(*out, Var{Start: s.rest, End: int32(len(s.line)), Kind: KindRest})
	}
}
