package logline

import (
	"strconv"
	"time"
)

// Times that loggers mean lie between these; what does not is a zero, a counter or
// a fault. The last is the greatest that nanoseconds can tell.
var (
	earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	latest   = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
)

// Plausible reports whether a time in nanoseconds is one that a logger means.
func Plausible(ns int64) bool { return ns >= earliest && ns < latest }

// ParseTime reads a time as loggers write it: RFC 3339 and its kin, or a number of
// seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size.
// A text without a zone is in UTC. It returns nanoseconds since 1970.
func ParseTime(text []byte) (ns int64, ok bool) {
	if len(text) == 0 || len(text) > 64 {
		return 0, false
	}
	if ns, ok := parseNumber(text); ok {
		return ns, true
	}
	if ns, ok := parseISO(text); ok {
		return ns, true
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, string(text)); err == nil && Plausible(t.UnixNano()) && t.Year() < 2262 {
			return t.UnixNano(), true
		}
	}
	return 0, false
}

// layouts are those that are not like ISO 8601, in the order of how common they are.
var layouts = []string{
	"02/Jan/2006:15:04:05 -0700", time.RFC1123Z, time.RFC1123, time.ANSIC, time.UnixDate, time.RFC850,
	"Mon Jan _2 15:04:05.999999999 2006", "02 Jan 2006 15:04:05.999999999", "Jan 2, 2006 3:04:05 PM",
}

// maxWhole bounds whole numbers so that no unit of them overflows.
const maxWhole = 9_223_372_036_000_000_000

// parseNumber reads a number, also one with a fraction.
func parseNumber(b []byte) (ns int64, ok bool) {
	var whole int64
	i := 0
	for ; i < len(b) && isDigit(b[i]); i++ {
		if whole > maxWhole/10 {
			return 0, false
		}
		whole = whole*10 + int64(b[i]-'0')
	}
	if i == 0 {
		return 0, false
	}
	unit := unitOf(whole)
	if i == len(b) {
		return scale(whole, unit)
	}
	if b[i] != '.' {
		if b[i] != 'e' && b[i] != 'E' {
			return 0, false
		}
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil || f < 0 || f > maxWhole {
			return 0, false
		}
		return scale(int64(f), unitOf(int64(f)))
	}
	fraction, digit := int64(0), unit
	for i++; i < len(b) && isDigit(b[i]); i++ {
		digit /= 10
		fraction += int64(b[i]-'0') * digit
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil || f < 0 || f > maxWhole {
			return 0, false
		}
		return scale(int64(f), unitOf(int64(f)))
	}
	if i < len(b) {
		return 0, false
	}
	if ns, ok = scale(whole, unit); !ok {
		return 0, false
	}
	return ns + fraction, true
}

// unitOf tells seconds, milliseconds, microseconds and nanoseconds apart.
func unitOf(n int64) int64 {
	switch {
	case n < 100_000_000_000:
		return 1_000_000_000
	case n < 100_000_000_000_000:
		return 1_000_000
	case n < 100_000_000_000_000_000:
		return 1000
	}
	return 1
}

func scale(n, unit int64) (int64, bool) {
	if n > int64(maxWhole)/unit {
		return 0, false
	}
	return n * unit, Plausible(n * unit)
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// parseISO reads 2006-01-02T15:04:05 and its kin: a blank for the T, a slash for
// the dash, a fraction after a dot or a comma, a zone with and without a colon.
func parseISO(b []byte) (int64, bool) {
	year, ok := digits(b, 0, 4)
	if !ok || len(b) < 19 {
		return 0, false
	}
	sep := b[4]
	month, ok1 := digits(b, 5, 2)
	day, ok2 := digits(b, 8, 2)
	hour, ok3 := digits(b, 11, 2)
	minute, ok4 := digits(b, 14, 2)
	second, ok5 := digits(b, 17, 2)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || sep != '-' && sep != '/' || b[7] != sep || b[10] != 'T' && b[10] != ' ' && b[10] != 't' ||
		b[13] != ':' || b[16] != ':' || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 {
		return 0, false
	}
	rest := b[19:]
	nanos := 0
	if len(rest) > 0 && (rest[0] == '.' || rest[0] == ',') {
		i, unit := 1, 100_000_000
		for ; i < len(rest) && isDigit(rest[i]); i++ {
			nanos += int(rest[i]-'0') * unit
			unit /= 10
		}
		if i == 1 {
			return 0, false
		}
		rest = rest[i:]
	}
	offset, ok := zone(rest)
	if !ok || year < 1970 || year > 2261 || day > daysIn(year, month) {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC).UnixNano() - int64(offset)*int64(time.Second)
	return t, Plausible(t)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// zone reads what follows the seconds and returns how far east of UTC it is, in seconds.
func zone(b []byte) (int, bool) {
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	switch string(b) {
	case "", "Z", "z", "UTC", "GMT":
		return 0, true
	}
	if b[0] != '+' && b[0] != '-' || len(b) < 3 {
		return 0, false
	}
	hours, ok := digits(b, 1, 2)
	minutes := 0
	switch {
	case !ok || hours > 18:
		return 0, false
	case len(b) == 3:
	case len(b) == 5:
		minutes, ok = digits(b, 3, 2)
	case len(b) == 6 && b[3] == ':':
		minutes, ok = digits(b, 4, 2)
	default:
		return 0, false
	}
	if !ok || minutes > 59 {
		return 0, false
	}
	offset := hours*3600 + minutes*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// digits reads a number of n digits at i.
func digits(b []byte, i, n int) (v int, ok bool) {
	if len(b) < i+n {
		return 0, false
	}
	for _, d := range b[i : i+n] {
		if !isDigit(d) {
			return 0, false
		}
		v = v*10 + int(d-'0')
	}
	return v, true
}
