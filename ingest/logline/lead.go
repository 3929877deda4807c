package logline

import (
	"bytes"
	"time"
)

// LeadingTime reads the time that a line of plain text begins with, behind a bracket
// or not: 2026-05-04 12:00:00,123 and its kin, or, anywhere among the first words, that of access logs
// ([04/May/2026:12:00:00 +0000]). A time without a zone is in loc.
func LeadingTime(line []byte, loc *time.Location) (ns int64, ok bool) {
	b := bytes.TrimLeft(line[:min(len(line), 8)], "[(<\"")
	b = line[min(len(line), 8)-len(b):]
	if len(b) >= 19 && isDigit(b[0]) && (b[4] == '-' || b[4] == '/') {
		end := 19
		for end < len(b) && end < 40 && (isDigit(b[end]) || b[end] == '.' || b[end] == ',' && end+1 < len(b) && isDigit(b[end+1])) {
			end++
		}
		zoned := zoneEnd(b, end)
		if ns, ok = ParseTime(b[:zoned]); ok && zoned == end && loc != time.UTC {
			t := time.Unix(0, ns).UTC()
			ns = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), loc).UnixNano()
		}
		return ns, ok
	}
	open := bytes.IndexByte(line[:min(len(line), 256)], '[')
	if open < 0 || len(line) < open+28 || line[open+27] != ']' || line[open+3] != '/' || line[open+7] != '/' {
		return 0, false
	}
	return ParseTime(line[open+1 : open+27])
}

// zoneEnd returns where a zone that begins at i ends, i if there is none.
func zoneEnd(b []byte, i int) int {
	at := i
	if at < len(b) && b[at] == ' ' {
		at++
	}
	switch {
	case at < len(b) && b[at] == 'Z':
		return at + 1
	case bytes.HasPrefix(b[at:], []byte("UTC")) || bytes.HasPrefix(b[at:], []byte("GMT")):
		return at + 3
	case at < len(b) && (b[at] == '+' || b[at] == '-'):
		if len(b) >= at+6 && b[at+3] == ':' {
			return at + 6
		}
		if _, ok := digits(b, at+1, 4); ok {
			return at + 5
		}
	}
	return i
}
