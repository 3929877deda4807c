package template

import (
	"bytes"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Columns are how a line begins: what is between blanks, or a bracket with all that
// is in it. Headers are told by the sorts of their columns, not by their texts.

type columnSort uint8

const (
	colNone    columnSort = iota
	colWord               // anything else
	colTime               // a date or a time, or a bracket that begins with one
	colLevel              // a word for a level, or its initial
	colNumber             // digits only: a process, a line
	colBracket            // a bracket
	colName               // ends with a colon: a program or a logger
	colPipe               // ends with |
	colDash               // a dash alone
)

// anchors are the sorts that headers end with.
func (c columnSort) anchor() bool { return c > colWord }

type column struct {
	start, end int32 // without the colon or | that ends it
	next       int32 // where the next column begins
	sort       columnSort
	piped      bool // ends with |
}

const maxColumns = 14

// columns are those of a line, read one by one as they are asked for.
type columns struct {
	line  []byte
	all   [maxColumns]column
	n     int
	at    int32
	limit int32
}

func (c *columns) reset(line []byte) {
	c.line, c.n, c.at, c.limit = line, 0, 0, int32(min(len(line), maxHeader))
}

const maxHeader = 600

// has reads up to the column i and reports whether there is one.
func (c *columns) has(i int) bool {
	for c.n <= i {
		if !c.next() {
			return false
		}
	}
	return true
}

// upTo returns the columns before i, or all if there are fewer.
func (c *columns) upTo(i int) []column {
	if i > 0 {
		c.has(min(i, maxColumns) - 1)
	}
	of := c.all[:min(i, c.n)]
	for i := range of {
		c.sortOf(&of[i])
	}
	return of
}

func (c *columns) next() bool {
	line, i, limit := c.line, c.at, c.limit
	if c.n == maxColumns {
		return false
	}
	for i < limit && columnMarks[line[i]] == colEnds && line[i] != '\n' {
		i++
	}
	if i >= limit || line[i] == '\n' {
		return false
	}
	x := &c.all[c.n]
	c.n++
	*x = column{start: i}
	i = endOfColumn(line, i, limit)
	x.end = i
	if i < limit && line[i] == '|' {
		i++
		x.piped = true
	}
	x.next, c.at = i, i
	return true
}

// mayBeTime reports whether a column can be a time by its first byte.
func (c *columns) mayBeTime(x *column) bool {
	b := c.line[x.start]
	return b >= '0' && b <= '9' || b == '[' || b == '(' || x.end-x.start <= 4 && b >= 'A' && b <= 'W'
}

// sortOf returns the sort of a column.
func (c *columns) sortOf(x *column) columnSort {
	if x.sort != colNone {
		return x.sort
	}
	x.sort = sortOf(c.line[x.start:x.end])
	switch {
	case x.piped:
		if x.sort == colWord || x.sort == colNumber {
			x.sort = colPipe
		}
	case c.line[x.end-1] == ':' && x.sort == colWord && x.end-x.start > 1:
		x.end--
		x.sort = colName
	}
	return x.sort
}

// What bytes are to columns.
const (
	colEnds = 1 << iota
	colOpens
	colCloses
)

var columnMarks = func() (t [256]uint8) {
	for c := range t {
		if classes[c] == isBlank {
			t[c] = colEnds
		}
	}
	t['|'] = colEnds
	t['['], t['('] = colOpens, colOpens
	t[']'], t[')'] = colCloses, colCloses
	return t
}()

func endOfColumn(line []byte, i, limit int32) int32 {
	line = line[:limit]
	if columnMarks[line[i]] == colOpens {
		depth := 0
		for j, b := range line[i:min(limit, i+300)] {
			switch columnMarks[b] {
			case colOpens:
				depth++
			case colCloses:
				if depth--; depth == 0 {
					end := i + int32(j) + 1
					if end < limit && line[end] == ':' {
						end++
					}
					return end
				}
			}
		}
	}
	for j, b := range line[i:] {
		if columnMarks[b] == colEnds {
			return i + int32(j)
		}
	}
	return limit
}

func sortOf(w []byte) columnSort {
	if len(w) == 1 && w[0] == '-' {
		return colDash
	}
	bracket := w[0] == '[' || w[0] == '('
	if !bracket && (w[0] > 'Z' || len(w) > 11 && w[0] > '9') && !(len(w) < 10 && w[0] >= 'a') {
		return colWord
	}
	inner := trimPunct(w)
	if len(inner) == 0 {
		if w[0] == '[' {
			return colBracket
		}
		return colWord
	}
	first := inner
	if bracket { // others have no blanks
		if i := bytes.IndexByte(inner, ' '); i >= 0 {
			first = inner[:i]
		}
	}
	switch {
	case isTimeLike(first) || bracket && isMonthOrDay(first):
		return colTime
	case isLevel(inner):
		return colLevel
	case w[0] == '[':
		return colBracket
	case bracket:
		return colWord
	case isDigits(inner) && w[len(w)-1] != ':':
		return colNumber
	}
	if isMonthOrDay(inner) {
		return colTime
	}
	return colWord
}

func trimPunct(w []byte) []byte {
	for len(w) > 0 && (w[0] == '[' || w[0] == '(') {
		w = w[1:]
	}
	for len(w) > 0 {
		switch w[len(w)-1] {
		case ']', ')', ':', ',', ';':
			w = w[:len(w)-1]
		default:
			return w
		}
	}
	return w
}

// isTimeLike reports whether w is a date, a time of day, both, or seconds or
// milliseconds since 1970.
func isTimeLike(w []byte) bool {
	if len(w) < 4 || w[0] < '0' || w[0] > '9' {
		return false
	}
	groups, digits, run, seps, colons, dots, others := 0, 0, 0, 0, 0, 0, 0
	longest := 0
	for i, b := range w {
		switch {
		case b >= '0' && b <= '9':
			if run == 0 {
				groups++
			}
			run++
			digits++
			longest = max(longest, run)
			continue
		case b == ':':
			colons++
		case b == '.':
			dots++
		case b == '-' || b == '/' || b == ',' || b == '+':
			seps++
		case (b == 'T' || b == 'Z') && i > 0 && run > 0:
		default:
			others++
		}
		run = 0
	}
	switch {
	case others > 0 || digits < 4:
		return false
	case groups == 1:
		return len(w) == digits && (digits == 10 || digits == 13) && w[0] == '1'
	case groups == 2 && colons == 0 && longest > 2:
		return dots == 1 && digits >= 12 && w[0] == '1' // seconds with a fraction
	case groups == 4 && dots == 3 && colons == 0 && seps == 0:
		return false // an address
	case groups == 5 && dots == 3 && colons == 1:
		return false // with a port
	}
	return colons <= 4 && longest <= 9
}

// isPacked reports whether a column and the next are a date and a time of six digits
// each, as in 081109 203615.
func (c *columns) isPacked(i int) bool {
	if !c.has(i + 1) {
		return false
	}
	date, clock := c.line[c.all[i].start:c.all[i].end], c.line[c.all[i+1].start:c.all[i+1].end]
	return len(date) == 6 && len(clock) == 6 && isDigits(date) && isDigits(clock) &&
		two(date, 2) >= 1 && two(date, 2) <= 12 && two(date, 4) >= 1 && two(date, 4) <= 31 &&
		two(clock, 0) < 24 && two(clock, 2) < 60 && two(clock, 4) < 60
}

func two(w []byte, i int) int { return int(w[i]-'0')*10 + int(w[i+1]-'0') }

func isLevel(w []byte) bool {
	if len(w) == 1 {
		switch w[0] {
		case 'D', 'I', 'W', 'E', 'F', 'V':
			return true
		}
		return false
	}
	if len(w) > 11 || w[0] < 'A' || classes[w[0]]&(isLetter|isHexLetter) == 0 {
		return false
	}
	if len(w) < 3 {
		return false
	}
	switch string(w) { // what nearly all are
	case "INFO", "DEBUG", "WARN", "ERROR", "info", "warn":
		return true
	}
	var lower [11]byte
	for i, c := range w {
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c < 'a' || c > 'z':
			return false
		}
		lower[i] = c
	}
	_, ok := telemetry.ParseSeverity(string(lower[:len(w)]))
	return ok
}
