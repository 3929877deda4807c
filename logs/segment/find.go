package segment

import "bytes"

// RowsWith returns the rows of a group, numbered within it, whose bodies have a text
// that is one run (see Probes) and does not stand in the constant parts. It returns
// false if it cannot tell without reading all bodies: the text may then be in any row.
func (b *Block) RowsWith(group int, text []byte) (rows []int, known bool, err error) {
	if err := b.load(); err != nil {
		return nil, false, err
	}
	s := &b.skeletons[group]
	if len(text) == 0 || !allRun(text) || !s.alone() {
		return nil, false, nil
	}
	if err := b.loadValues(); err != nil {
		return nil, false, err
	}
	if b.columns[group] == nil {
		r, err := b.columnsOf(s)
		if err != nil {
			return nil, false, err
		}
		may := false
		for c := 0; c < len(s.Parts)-1 && !may && r.err() == nil; c++ {
			may = r.mayHold(s.Rows, text)
		}
		if !may || r.err() != nil {
			return nil, true, r.err()
		}
	}
	columns, err := b.Values(group)
	if err != nil {
		return nil, false, err
	}
	for row := range s.Rows {
		for _, column := range columns {
			if bytes.Contains(column[row], text) {
				rows = append(rows, row)
				break
			}
		}
	}
	return rows, true, nil
}

// alone says whether every variable stands between bytes of no run, so that a run is
// either all in one variable or all in a constant part.
func (s *Skeleton) alone() bool {
	last := len(s.Parts) - 1
	for i, p := range s.Parts {
		switch {
		case len(p) == 0: // an edge of the body, or two variables that follow each other
			if i > 0 && i < last && !s.apart {
				return false
			}
		case i > 0 && classes[p[0]]&inRun != 0, i < last && classes[p[len(p)-1]]&inRun != 0:
			return false
		}
	}
	return true
}

// mayHold passes over the next column of n values, and says whether one of them may
// have the text, without making the values.
func (r *columns) mayHold(n int, text []byte) bool {
	head := &r.in[strHead]
	skip := func() {
		for range n {
			r.in[strNumbers].Uvarint()
		}
	}
	switch kind := head.Byte(); kind {
	case colConst:
		return bytes.Contains(head.Bytes(), text)
	case colTrace:
		return len(text) <= 32 && hexText(text)
	case colSpan:
		return len(text) <= 16 && hexText(text)
	case colText:
		total := 0
		for range n {
			total += r.in[strNumbers].Count("bytes of a value", len(r.in[strText].B), 0)
		}
		return bytes.Contains(r.in[strText].Take(total), text) // over the edges of values as well
	case colFixed:
		size := head.Count("bytes of a value", len(r.in[strText].B), 0)
		return bytes.Contains(r.in[strText].Take(size*n), text) && len(text) <= size
	case colDigits, colClock:
		pattern := head.Bytes()
		skip()
		return fits(pattern, text, isDigit)
	case colHex:
		pattern := head.Bytes()
		size := hexDigits(pattern) / 2
		raw := r.in[strHex].Take(size * n)
		if len(text) == len(pattern) && fits(pattern, text, isHexDigit) {
			return bytes.Contains(raw, appendHex(nil, text))
		}
		return fits(pattern, text, isHexDigit)
	case colWords:
		held := false
		for range head.Count("values", maxWordList, 1) {
			held = bytes.Contains(head.Bytes(), text) || held
		}
		skip()
		return held
	}
	r.fail("an unknown kind of column")
	return false
}

func hexText(text []byte) bool {
	for _, c := range text {
		if !isHexDigit(c) {
			return false
		}
	}
	return true
}

// fits says whether text may be a piece of a value with that pattern, in which the
// bytes of a class vary.
func fits(pattern, text []byte, vary func(byte) bool) bool {
	for at := 0; at+len(text) <= len(pattern); at++ {
		ok := true
		for i, c := range text {
			p := pattern[at+i]
			if vary(p) != vary(c) || (!vary(p) && p != c) {
				ok = false
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}
