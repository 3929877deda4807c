package template

// Find returns the id of the template that a line of a service would have, 0 if it is
// none that is known. Unlike Mine it learns and counts nothing: it is for lines that are
// shown, not for those that come in. It is safe for concurrent use and keeps no slice.
func (m *Miner) Find(service string, body []byte) uint64 {
	s := (*m.services.Load())[service]
	if s == nil {
		return 0
	}
	work, _ := m.peeks.Get().(*Match)
	if work == nil {
		work = new(Match)
	}
	defer m.peeks.Put(work)
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.head.peek(body, &work.cols, &work.Vars)
	sc := &work.scan
	sc.run(body, h.at)
	if x := s.seen.get(sc.seq); x.tmpl != nil && !x.tmpl.dead {
		return x.tmpl.id
	}
	sc.fold()
	t, _ := s.find(sc)
	if t == nil {
		return 0
	}
	return t.id
}

// peek returns the header of a line as cut does, and counts nothing.
func (h *headers) peek(line []byte, cols *columns, vars *[]Var) header {
	*vars = (*vars)[:0]
	if h.rare() {
		return header{}
	}
	cols.reset(line)
	first := cols.firstTime()
	if first < 0 {
		return header{}
	}
	key := uint64(1)
	for i := 0; i <= first; i++ {
		key = way(key, cols.sortOf(&cols.all[i]))
	}
	switch b := h.branches[key]; {
	case b == nil:
		return h.guess(cols, first, 0, vars)
	case b.known || b.lines >= settleLast:
		return h.finish(cols, b.depthOf(cols, first), key, vars)
	}
	return h.guess(cols, first, key, vars)
}
