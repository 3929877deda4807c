package segment

import "time"

// clockLayout is how a column writes times: a date before the time or not, what stands
// between them, and the digits of the second's fraction.
type clockLayout struct {
	pattern  []byte
	date     bool
	fraction int
}

const (
	dateShape = "0000-00-00"
	timeShape = "00:00:00"
)

// clockOf returns the layout of a value that looks as a time of day, with or without a
// date: 2006-01-02 15:04:05.000, 15:04:05 and so on.
func clockOf(v []byte) (l clockLayout, ok bool) {
	rest := v
	if len(rest) > len(dateShape) && shaped(rest, dateShape) {
		l.date = true
		if isDigit(rest[len(dateShape)]) {
			return l, false
		}
		rest = rest[len(dateShape)+1:]
	}
	if len(rest) < len(timeShape) || !shaped(rest, timeShape) {
		return l, false
	}
	if rest = rest[len(timeShape):]; len(rest) > 0 {
		l.fraction = len(rest) - 1
		if (rest[0] != '.' && rest[0] != ',') || l.fraction < 1 || l.fraction > 9 {
			return l, false
		}
		for _, c := range rest[1:] {
			if !isDigit(c) {
				return l, false
			}
		}
	}
	l.pattern = v
	return l, true
}

func shaped(v []byte, shape string) bool {
	for i := range len(shape) {
		if isDigit(shape[i]) != isDigit(v[i]) || (!isDigit(shape[i]) && shape[i] != v[i]) {
			return false
		}
	}
	return true
}

// unit is the length of the least step in nanoseconds.
func (l *clockLayout) unit() int64 {
	u := int64(time.Second)
	for range l.fraction {
		u /= 10
	}
	return u
}

// read returns the time that v, which has the layout, tells, in units since 1970 or
// since midnight; false if there is no such time.
func (l *clockLayout) read(v []byte) (int64, bool) {
	num := func(from, n int) (x int64) {
		for _, c := range v[from : from+n] {
			x = x*10 + int64(c-'0')
		}
		return x
	}
	at, days := 0, int64(0)
	if l.date {
		year, month, d := num(0, 4), num(5, 2), num(8, 2)
		if month < 1 || month > 12 || d < 1 || d > 28 && d > monthDays(year, month) {
			return 0, false
		}
		days = daysSince1970(year, month, d)
		at = len(dateShape) + 1
	}
	h, m, s := num(at, 2), num(at+3, 2), num(at+6, 2)
	if h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	x := ((days*24+h)*60+m)*60 + s
	if l.fraction > 0 {
		for range l.fraction {
			x *= 10
		}
		x += num(at+9, l.fraction)
	}
	return x, true
}

func monthDays(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts days of the proleptic Gregorian calendar, with years that begin
// in March, so that the day that some have is the last.
func daysSince1970(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}

// expected is what the clock of a record at a time shows, in units.
func (l *clockLayout) expected(at int64) int64 {
	if !l.date {
		at = floorMod(at, int64(24*time.Hour))
	}
	return floorDiv(at, l.unit())
}

// perDay is how many units a day has.
func (l *clockLayout) perDay() int64 { return int64(24*time.Hour) / l.unit() }

// write puts the time of x units into v, a copy of the pattern; false if there is none.
func (l *clockLayout) write(v []byte, x int64) bool {
	perSecond := int64(time.Second) / l.unit()
	put := func(from, n int, x int64) {
		for i := from + n - 1; i >= from; i-- {
			v[i] = '0' + byte(x%10)
			x /= 10
		}
	}
	at := 0
	day := floorDiv(x, l.perDay())
	if l.date {
		t := time.Unix(day*24*60*60, 0).UTC()
		year, month, d := t.Date()
		if year < 0 || year > 9999 {
			return false
		}
		put(0, 4, int64(year))
		put(5, 2, int64(month))
		put(8, 2, int64(d))
		at = len(dateShape) + 1
	} else if day != 0 {
		return false
	}
	x = floorMod(x, l.perDay())
	fraction, s := x%perSecond, x/perSecond
	put(at, 2, s/3600)
	put(at+3, 2, s/60%60)
	put(at+6, 2, s%60)
	if l.fraction > 0 {
		put(at+9, l.fraction, fraction)
	}
	return true
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - b*floorDiv(a, b) }

// clock computes how far each value is from the time of its record, if all values are
// times of one layout.
func (w *columnWriter) clock(values [][]byte, owners []owner) bool {
	l, ok := clockOf(values[0])
	if !ok {
		return false
	}
	w.nums = w.nums[:0]
	check := make([]byte, len(values[0]))
	copy(check, values[0])
	for i, v := range values {
		x, ok := l.read(v)
		if !ok {
			return false
		}
		d := x - l.expected(owners[i].at)
		if half := l.perDay() / 2; !l.date && d > half {
			d -= l.perDay()
		} else if !l.date && d < -half {
			d += l.perDay()
		}
		w.nums = append(w.nums, d)
	}
	// The calendar of this file and that of package time agree; a value for which they
	// did not would come back changed.
	return !l.date || (l.write(check, l.expected(owners[0].at)+w.nums[0]) && string(check) == string(values[0]))
}

func readClock(r *columns, pattern []byte, out [][]byte, owners []owner) {
	l, ok := clockOf(pattern)
	if !ok || len(owners) != len(out) {
		r.fail("a column of times without records or of no layout")
		return
	}
	all := make([]byte, 0, len(pattern)*len(out))
	for i := range out {
		x := l.expected(owners[i].at) + wireUnzigzag(r)
		if !l.date {
			x = floorMod(x, l.perDay())
		}
		all = append(all, pattern...)
		out[i] = all[i*len(pattern) : (i+1)*len(pattern) : (i+1)*len(pattern)]
		if !l.write(out[i], x) {
			r.fail("a time of no year")
			return
		}
	}
}
