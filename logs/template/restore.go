package template

// journalRoom bounds what waits to be written; what does not fit is in the next
// snapshot.
const journalRoom = 8 << 20

// note hands a record to the journal, if there is one.
func (m *Miner) note(r *record) {
	if !m.journaled {
		return
	}
	m.pendMu.Lock()
	defer m.pendMu.Unlock()
	if len(m.pending) > journalRoom {
		m.lost = true
		return
	}
	m.pending = appendRecord(m.pending, r)
}

// record is the template as it is kept.
func (t *tmpl) record() *record {
	r := &record{
		kind: recTemplate, service: t.stream.name, id: t.id, version: version, line: t.line,
		at: uint32(t.header.at), branch: t.header.branch, mask: t.mask, first: uint64(t.firstSeen),
	}
	if t.given {
		r.flags |= flagGiven
	}
	if t.other {
		r.flags |= flagOther
		for i := range t.levels {
			if otherForm(i) == t.form {
				r.level = byte(i)
			}
		}
	}
	return r
}

func (b *branch) record(service string, key uint64, h *headers) *record {
	r := &record{
		kind: recBranch, service: service, branch: key, lines: uint64(b.lines),
		depth: b.depth, ends: byte(b.ends), timed: h.timed, all: h.lines,
	}
	if b.marked {
		r.marked |= 1
	}
	if b.known {
		r.marked |= 2
	}
	for i, n := range b.marks {
		r.marks[i] = uint64(n)
	}
	if b.lines < settleLast {
		r.ways = h.ways
	}
	return r
}

// noteHeads notes the headers that are still being learnt.
func (m *Miner) noteHeads() {
	for _, s := range m.streams() {
		s.mu.Lock()
		if s.head.dirty {
			s.head.dirty = false
			for key, b := range s.head.branches {
				m.note(b.record(s.name, key, &s.head))
			}
		}
		s.mu.Unlock()
	}
}

// snapshot calls emit with all that is kept, one service at a time.
func (m *Miner) snapshot(emit func(*record)) {
	for _, s := range m.streams() {
		s.mu.Lock()
		for key, b := range s.head.branches {
			emit(b.record(s.name, key, &s.head))
		}
		all := make([]*tmpl, 0, len(s.templates))
		for _, t := range s.templates {
			all = append(all, t)
		}
		sortByForm(all)
		for _, t := range all {
			emit(t.record())
			st := record{kind: recStats, service: s.name, id: t.id, first: uint64(t.firstSeen), last: uint64(t.last), count: t.count}
			for i, n := range t.levels {
				st.levels[i] = uint64(n)
			}
			emit(&st)
		}
		s.mu.Unlock()
	}
	m.ids.mu.RLock()
	defer m.ids.mu.RUnlock()
	for _, id := range m.ids.aliases.order {
		if to, ok := m.ids.aliases.m[id]; ok {
			emit(&record{kind: recAlias, id: id, to: to})
		}
	}
	for _, id := range m.ids.graves.order {
		if last, ok := m.ids.graves.m[id]; ok {
			emit(&record{kind: recGrave, id: id, last: uint64(last)})
		}
	}
}

// restore takes one record back. Templates must come before what was seen of them.
func (m *Miner) restore(r *record) {
	switch r.kind {
	case recAlias:
		from, to := m.ids.get(r.id), m.ids.get(m.ids.resolve(r.to))
		switch {
		case from == nil:
			m.ids.merge(r.id, r.to)
		case to != nil && from != to && from.stream == to.stream:
			s := from.stream
			s.mu.Lock()
			s.merge(from, to)
			s.mu.Unlock()
		}
		return
	case recGrave:
		if m.ids.get(r.id) == nil {
			m.ids.bury(r.id, int64(r.last))
		}
		return
	}
	s := m.stream(r.service)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.kind {
	case recBranch:
		s.head.restore(r)
	case recTemplate:
		s.restore(r)
	case recStats:
		t := m.ids.get(m.ids.resolve(r.id))
		if t == nil || t.stream != s {
			return
		}
		t.count += r.count
		t.firstSeen, t.last = min(t.firstSeen, int64(r.first)), max(t.last, int64(r.last))
		for i, n := range r.levels {
			t.levels[i] += uint32(n)
		}
	}
}

func (h *headers) restore(r *record) {
	if h.branches == nil {
		h.branches, h.ways = map[uint64]*branch{}, map[uint64]uint32{}
	}
	if len(h.branches) >= maxBranches && h.branches[r.branch] == nil {
		return
	}
	b := &branch{
		lines: uint32(min(r.lines, settleLast)), known: r.marked&2 != 0, depth: r.depth, ends: columnSort(r.ends), marked: r.marked&1 != 0,
	}
	for i, n := range r.marks {
		b.marks[i] = uint32(n)
	}
	h.branches[r.branch] = b
	for k, n := range r.ways {
		h.ways[k] = n
	}
	h.lines, h.timed = max(h.lines, r.all), max(h.timed, r.timed)
	h.any = h.any || r.depth > 0
}

// restore makes a template again. What was written by other rules gets the id that
// the present ones give, and its old id leads there.
func (s *stream) restore(r *record) {
	line := append([]byte(nil), r.line...)
	var t *tmpl
	switch {
	case r.flags&flagOther != 0:
		t = s.otherOf(int(r.level), int64(r.first))
	case r.flags&flagGiven != 0:
		if t = s.forms[givenForm(line)]; t == nil {
			t, _ = s.create(sighting{&scan{}, line, header{}}, mask{}, givenForm(line), int64(r.first))
			t.given = true
		}
	default:
		sc := &scan{}
		h := header{at: int32(r.at), branch: r.branch}
		sc.run(line, h.at)
		sc.fold()
		var m mask
		for i := range sc.elems {
			if r.mask.has(i) && sc.isWord(i, mask{}) {
				m.set(i)
			}
		}
		form := sc.masked(m)
		if t = s.forms[form]; t == nil {
			x := sighting{sc, line, h}
			t, _ = s.create(x, m, form, int64(r.first))
			if !m.empty() {
				s.addMask(sc.shape, m)
			}
			t, _ = s.enter(t, x, form, m)
		}
	}
	if t.id != r.id {
		s.miner.ids.merge(r.id, t.id)
	}
}
