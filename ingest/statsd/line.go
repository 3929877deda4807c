package statsd

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// kind is the kind of a metric.
type kind byte

const (
	counter kind = iota
	gauge
	timer     // in milliseconds
	histogram // and distribution
	set
)

// Reasons for which lines are refused.
const (
	reasonForm     = "malformed_line"
	reasonName     = "bad_name"
	reasonValue    = "bad_value"
	reasonKind     = "unknown_type"
	reasonRate     = "bad_sample_rate"
	reasonTag      = "bad_tag"
	reasonEvent    = "event_or_service_check"
	reasonConflict = "type_conflict"
	reasonSeries   = "series_limit"
	reasonMembers  = "set_limit"
	reasonLength   = "line_too_long"
	reasonCut      = "cut_off"
)

// minRate is the least sample rate. A line of a smaller one would stand for more than a
// billion, beside which a counter or histogram could not be seen to count any more.
const minRate = 1e-9

// tag is one of a line's. Both alias the line.
type tag struct{ name, value []byte }

// line is one line, taken apart. It aliases the bytes it was read from.
type line struct {
	name   []byte
	kind   kind
	rate   float64 // from minRate to 1
	values []byte  // one or more, between colons
	tags   []tag
}

// parse takes a line apart: NAME:VALUE[:VALUE...]|TYPE[|@RATE][|#TAG:VALUE,...], with
// the parts behind the type in any order and unknown ones left out. It returns the
// reason for which it refuses the line, or nothing. The memory of l is used again.
func (l *line) parse(b []byte) (reason string) {
	l.tags = l.tags[:0]
	l.rate = 1
	if bytes.HasPrefix(b, []byte("_e{")) || bytes.HasPrefix(b, []byte("_sc|")) {
		return reasonEvent
	}
	head, rest, ok := bytes.Cut(b, []byte{'|'})
	if !ok {
		return reasonForm
	}
	if l.name, l.values, ok = bytes.Cut(head, []byte{':'}); !ok || len(l.values) == 0 {
		return reasonForm
	}
	if len(l.name) == 0 || !utf8.Valid(l.name) {
		return reasonName
	}
	name, rest, more := bytes.Cut(rest, []byte{'|'})
	if l.kind, ok = kindOf(name); !ok {
		return reasonKind
	}
	for more {
		var part []byte
		part, rest, more = bytes.Cut(rest, []byte{'|'})
		switch {
		case len(part) == 0:
		case part[0] == '@':
			if l.rate, ok = number(part[1:]); !ok || !(l.rate >= minRate && l.rate <= 1) {
				return reasonRate
			}
		case part[0] == '#':
			if reason := l.readTags(part[1:]); reason != "" {
				return reason
			}
		}
	}
	return ""
}

func kindOf(b []byte) (kind, bool) {
	switch string(b) {
	case "c":
		return counter, true
	case "g":
		return gauge, true
	case "ms":
		return timer, true
	case "h", "d":
		return histogram, true
	case "s":
		return set, true
	}
	return 0, false
}

// bare is the value of a tag that has none.
const bare = "true"

func (l *line) readTags(b []byte) (reason string) {
	for len(b) > 0 {
		var one []byte
		one, b, _ = bytes.Cut(b, []byte{','})
		name, value, ok := bytes.Cut(one, []byte{':'})
		if !ok {
			value = []byte(bare)
		}
		switch {
		case len(one) == 0:
			continue
		case len(name) == 0 || !utf8.Valid(one):
			return reasonTag
		}
		l.tags = append(l.tags, tag{name, value})
	}
	return ""
}

// after returns what a total is with one more value: of a counter or gauge its value, of
// a histogram its sum.
func (l *line) after(total, v float64, text []byte) float64 {
	switch {
	case l.kind == counter:
		return total + v/l.rate
	case l.kind != gauge:
		return total + l.scaled(v)*l.weight()
	case text[0] == '+' || text[0] == '-':
		return total + v
	}
	return v
}

// scaled returns a value of a histogram as it is stored: a time in seconds.
func (l *line) scaled(v float64) float64 {
	if l.kind == timer {
		return v / 1000
	}
	return v
}

// weight is how many observations a value of a histogram stands for.
func (l *line) weight() float64 { return 1 / l.rate }

// number reads a finite number.
func number(b []byte) (float64, bool) {
	if len(b) == 0 || len(b) > 64 {
		return 0, false
	}
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// appendName appends a name in which everything that cannot stand in the name of a
// metric or label is an underscore.
func appendName(to, name []byte) []byte {
	for i, r := range string(name) {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		switch {
		case letter, r >= '0' && r <= '9' && i > 0:
			to = append(to, byte(r))
		case r >= '0' && r <= '9':
			to = append(to, '_', byte(r))
		default:
			to = append(to, '_')
		}
	}
	return to
}
