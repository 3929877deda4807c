package template

// A header is what a logging library writes before the text of a line: times,
// process, level, logger. It is told by its columns: in lines of one program they
// are of the same sorts in the same order, while the text after them is not. So
// each stream counts how its lines go on after the first column that is a time
// (or a level, if that comes first), and the header ends with the last column by
// which nearly all of them still agree. Until enough lines came, a guess is made;
// the templates made by then are cut anew.

// header is where a line's own text begins.
type header struct {
	at     int32
	branch uint64 // the way to the first time, 0 if there is none
}

const (
	// settleAfter is the number of lines of a branch after which its header is settled;
	// whenever they have doubled it is looked at again, up to the last time.
	settleAfter = 64
	settleLast  = 4096
	// agree is the share of lines, in percent, that must go the same way.
	agree = 90
	// maxBranches and maxWays bound what is remembered of a stream: 16 bytes each.
	maxBranches = 32
	maxWays     = 1024
)

// branch is lines that begin alike, up to the first time.
type branch struct {
	lines uint32
	known bool
	depth uint8      // columns of the header, once known
	ends  columnSort // what the header ends with
	marks [colDash + 1]uint32
	// marked says that the header ends with the first column of the sort ends, wherever
	// it is: names of programs have blanks.
	marked bool
}

// markWithin is how many columns after the first time a mark may stand.
const markWithin = 5

type headers struct {
	any          bool   // a branch has a header
	dirty        bool   // counts changed since they were noted
	lines, timed uint64 // all lines, and those that begin with a time
	branches     map[uint64]*branch
	ways         map[uint64]uint32 // lines by the sorts of their first columns
}

func way(from uint64, c columnSort) uint64 { return mix(from*31 + uint64(c) + 1) }

// cut returns the header of a line and lists its columns as variables. When it
// settles a header it returns the branch too.
func (h *headers) cut(line []byte, cols *columns, vars *[]Var) (header, *branch) {
	h.lines++
	if h.rare() && h.lines%lookEvery != 0 {
		return header{}, nil
	}
	cols.reset(line)
	first := cols.firstTime()
	if first < 0 {
		return header{}, nil
	}
	h.timed++
	if h.rare() {
		h.timed += lookEvery - 1
	}
	key := uint64(1)
	for i := 0; i <= first; i++ {
		key = way(key, cols.sortOf(&cols.all[i]))
	}
	b := h.branches[key]
	if b == nil {
		if len(h.branches) >= maxBranches {
			return h.guess(cols, first, 0, vars), nil
		}
		if h.branches == nil {
			h.branches, h.ways = map[uint64]*branch{}, map[uint64]uint32{}
		}
		b = &branch{}
		h.branches[key] = b
	}
	if b.lines >= settleLast {
		return h.finish(cols, b.depthOf(cols, first), key, vars), nil
	}
	b.lines++
	h.dirty = true
	h.count(b, key, cols.upTo(maxColumns), first)
	var changed *branch
	if b.lines >= settleAfter && b.lines&(b.lines-1) == 0 && h.settle(b, key, first) {
		changed = b
	}
	if !b.known {
		return h.guess(cols, first, key, vars), nil
	}
	return h.finish(cols, b.depthOf(cols, first), key, vars), changed
}

// timeWithin is how many columns may stand before the first time.
const timeWithin = 5

// firstTime returns the first column that is a time, or the first of all if it is a
// level in a bracket or in capitals; -1 if there is none.
func (c *columns) firstTime() int {
	for i := range timeWithin {
		if !c.has(i) {
			break
		}
		x := &c.all[i]
		if !c.mayBeTime(x) && (i > 0 || !isUpper(trimPunct(c.line[x.start:x.end]))) {
			continue
		}
		switch c.sortOf(x) {
		case colTime:
			return i
		case colNumber:
			if c.isPacked(i) {
				c.sortOf(&c.all[i+1])
				x.sort, c.all[i+1].sort = colTime, colTime
				return i + 1
			}
		case colLevel:
			if w := c.line[x.start:x.end]; i == 0 && len(w) > 2 && (w[0] == '[' || isUpper(trimPunct(w))) {
				return i
			}
		}
	}
	return -1
}

// count counts the ways of a line after its first time.
func (h *headers) count(b *branch, key uint64, cols []column, first int) {
	if len(cols) < maxColumns {
		cols = cols[:len(cols)-1] // some text must be left
	}
	var seen [colDash + 1]bool
	for i := first + 1; i < len(cols) && i <= first+markWithin; i++ {
		if c := cols[i].sort; !seen[c] {
			seen[c] = true
			b.marks[c]++
		}
	}
	for i := first + 1; i < len(cols); i++ {
		key = way(key, cols[i].sort)
		if _, known := h.ways[key]; !known && len(h.ways) >= maxWays {
			return
		}
		h.ways[key]++
	}
}

// settle finds where the header of a branch ends; it reports whether that is news. The
// commonest way is followed for as long as nearly all lines go it.
func (h *headers) settle(b *branch, key uint64, first int) bool {
	was := *b
	b.known = true
	b.depth, b.ends, b.marked = 0, colNone, false
	if h.common() {
		h.any = true
		h.follow(b, key, first)
	}
	return !was.known || was.depth != b.depth || was.ends != b.ends || was.marked != b.marked
}

func (h *headers) follow(b *branch, key uint64, first int) {
	b.depth, b.ends = uint8(first+1), colTime
	for depth := first + 1; depth < maxColumns; depth++ {
		best, sort := uint32(0), colNone
		for c := colWord; c <= colDash; c++ {
			if n := h.ways[way(key, c)]; n > best {
				best, sort = n, c
			}
		}
		if best*100 < b.lines*agree {
			break
		}
		key = way(key, sort)
		if sort.anchor() {
			b.depth, b.ends = uint8(depth+1), sort
		}
	}
	if b.ends != colTime {
		return
	}
	for _, c := range []columnSort{colDash, colName, colPipe} {
		if b.marks[c]*100 >= b.lines*agree {
			b.ends, b.marked = c, true
			return
		}
	}
}

// depthOf returns how many columns of a line are its header by a settled branch. A
// name with a blank in it moves what the header ends with by a column or two.
func (b *branch) depthOf(from *columns, first int) int {
	d := int(b.depth)
	if d == 0 {
		return 0
	}
	if b.marked {
		cols := from.upTo(first + markWithin + 1)
		for i := first + 1; i < len(cols); i++ {
			if cols[i].sort == b.ends {
				return i + 1
			}
		}
		return d
	}
	cols := from.upTo(d)
	if d <= first+1 || d <= len(cols) && cols[d-1].sort == b.ends {
		return min(d, len(cols))
	}
	cols = from.upTo(d + 2)
	for i := d; i < len(cols); i++ {
		if cols[i].sort == b.ends {
			return i + 1
		}
	}
	for i := min(d, len(cols)) - 1; i > first; i-- {
		if cols[i].sort == b.ends {
			return i + 1
		}
	}
	return guess(from, first)
}

// lookEvery is how often lines are looked at for a time in a stream without headers.
const lookEvery = 8

// rare reports whether the stream has shown for long that its lines have no header.
func (h *headers) rare() bool { return h.lines > 1024 && h.timed*4 < h.lines && !h.any }

// common reports whether enough lines of the stream begin with a time for that to be
// a header; otherwise it is a line of text that happens to begin so.
func (h *headers) common() bool {
	if h.lines < settleAfter/2 {
		return h.timed*4 >= h.lines*3 // one of two is no sign yet
	}
	return h.timed*4 >= h.lines
}

func (h *headers) guess(cols *columns, first int, key uint64, vars *[]Var) header {
	if !h.common() {
		return header{branch: key}
	}
	return h.finish(cols, guess(cols, first), key, vars)
}

// guess returns how many columns of a line are its header as far as one line shows,
// rather too few than too many: what is cut too early can be made one later.
func guess(from *columns, first int) int {
	cols := from.upTo(maxColumns)
	depth := first + 1
	for i := depth; i < len(cols); i++ {
		switch cols[i].sort {
		case colWord:
			if i+1 < len(cols) && cols[i+1].sort == colName {
				return i + 2 // host program:
			}
			return depth
		case colName:
			return i + 1
		}
		depth = i + 1
	}
	return depth
}

func (h *headers) finish(from *columns, depth int, key uint64, vars *[]Var) header {
	cols := from.upTo(depth + 1)
	for i := range cols[:depth] {
		if c := &cols[i]; c.sort != colDash {
			*vars = append(*vars, Var{Start: c.start, End: c.end, Kind: kindOfColumn(c.sort)})
		}
	}
	if depth == 0 {
		return header{branch: key}
	}
	if depth == len(cols) {
		return header{at: cols[depth-1].next, branch: key}
	}
	return header{at: cols[depth].start, branch: key}
}

func kindOfColumn(c columnSort) Kind {
	switch c {
	case colTime:
		return KindTime
	case colNumber:
		return KindNum
	}
	return KindWord
}

// recut takes the templates of a branch apart anew once its header is settled.
func (s *stream) recut(key uint64, b *branch) {
	var old []*tmpl
	for _, t := range s.templates {
		if t.header.branch == key && !t.given {
			old = append(old, t)
		}
	}
	sortByForm(old)
	var vars []Var
	for _, t := range old {
		if s.templates[t.id] != t {
			continue
		}
		var cols columns
		cols.reset(t.line)
		first := cols.firstTime()
		if first < 0 {
			continue
		}
		h := s.head.finish(&cols, b.depthOf(&cols, first), key, &vars)
		vars = vars[:0]
		if h.at == t.header.at {
			continue
		}
		s.retire(t)
		sc := &scan{}
		sc.run(t.line, h.at)
		sc.fold()
		w, _ := s.find(sc)
		if w == nil {
			w, _ = s.learn(sc, t.line, h, 0, t.firstSeen, &Match{})
		}
		w.take(t)
		s.alias(t.id, w.id)
	}
}
