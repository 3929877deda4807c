package segment

import "bytes"

// variables writes the columns of each group, and puts what stands in them into the filter.
func (e *Encoder) variables(rows []Row) {
	e.columns.reset()
	for at := range e.groups {
		g := &e.groups[at]
		var before [numStreams]int
		for i, b := range e.columns.out {
			before[i] = len(b)
		}
		e.owners = e.owners[:0]
		for _, i := range g.rows {
			e.owners = append(e.owners, owner{&rows[i].Trace, &rows[i].SpanID, rows[i].Time})
		}
		g.apart = e.apart(rows, g)
		for c := range e.spans[g.first] {
			e.values = e.values[:0]
			for _, i := range g.rows {
				s := e.spans[i][c]
				e.values = append(e.values, rows[i].Body[s.Start:s.End])
			}
			different := e.columns.append(e.values, e.owners)
			if g.apart {
				e.index(rows, g, c, different)
			}
		}
		if !g.apart {
			for _, i := range g.rows {
				runsTouching(rows[i].Body, e.spans[i], &e.seen)
			}
		}
		for i, b := range e.columns.out {
			g.sizes[i] = len(b) - before[i]
		}
	}
	for i, b := range e.columns.out {
		e.raw[secHeads+i] = append(e.raw[secHeads+i], b...)
	}
}

// apart says whether between any two variables of a group's rows a run ends, so that
// what is to be indexed of a variable depends on no other.
func (e *Encoder) apart(rows []Row, g *group) bool {
	spans, body := e.spans[g.first], rows[g.first].Body
	for s := 1; s < len(spans); s++ {
		between := body[spans[s-1].End:spans[s].Start]
		if !allRun(between) {
			continue
		}
		if len(between) > 0 || !e.breaks(rows, g, s) {
			return false
		}
	}
	return true
}

// breaks says whether in each row a run ends where variable c follows the one before
// without anything between.
func (e *Encoder) breaks(rows []Row, g *group, c int) bool {
	for _, i := range g.rows {
		a, b := e.spans[i][c-1], e.spans[i][c]
		body := rows[i].Body
		if a.Start == a.End || b.Start == b.End || classes[body[a.End-1]]&inRun != 0 && classes[body[b.Start]]&inRun != 0 {
			return false
		}
	}
	return true
}

func allRun(b []byte) bool {
	for _, c := range b {
		if classes[c]&inRun == 0 {
			return false
		}
	}
	return true
}

// index puts the words and marks of a variable into the filter, with what of the
// constant parts belongs to its runs. Of values that are known to differ it looks at
// those only.
func (e *Encoder) index(rows []Row, g *group, c int, different [][]byte) {
	s, body := e.spans[g.first][c], rows[g.first].Body
	from, to := int(s.Start), int(s.End)
	for from > 0 && classes[body[from-1]]&inRun != 0 {
		from--
	}
	for to < len(body) && classes[body[to]]&inRun != 0 {
		to++
	}
	before, after := body[from:s.Start], body[s.End:to]
	values := e.values
	if different != nil {
		values = different
	}
	for i, v := range values {
		if len(before)+len(after) > 0 {
			e.keys = append(append(append(e.keys[:0], before...), v...), after...)
			v = e.keys
		} else if i > 0 && bytes.Equal(v, values[i-1]) {
			continue
		}
		hashRuns(v, &e.seen)
	}
}
