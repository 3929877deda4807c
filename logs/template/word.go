package template

import "bytes"

// traits count what a word is made of: eight counts of eight bits, so that one
// addition for each byte counts all. maxWord keeps them from running over.
type traits uint64

// What a byte adds.
const (
	aDigit traits = 1 << (8 * iota)
	aHex
	aLetter
	aDot
	aColon
	aSlash
	aDash
	aJoiner // anything else
)

func (t traits) digits() int  { return int(t & 0xff) }
func (t traits) hex() int     { return int(t >> 8 & 0xff) }
func (t traits) letters() int { return int(t >> 16 & 0xff) }
func (t traits) dots() int    { return int(t >> 24 & 0xff) }
func (t traits) colons() int  { return int(t >> 32 & 0xff) }
func (t traits) slashes() int { return int(t >> 40 & 0xff) }
func (t traits) dashes() int  { return int(t >> 48 & 0xff) }
func (t traits) others() int  { return int(t >> 56) }

// joiners are all that are neither digits nor letters.
func (t traits) joiners() int { return t.dots() + t.colons() + t.slashes() + t.dashes() + t.others() }

// weights holds what each byte adds; 0 for bytes that need a look.
var weights = func() (t [256]traits) {
	for i := range t {
		switch classes[i] {
		case isDigit:
			t[i] = aDigit
		case isHexLetter:
			t[i] = aHex
		case isLetter:
			t[i] = aLetter
		case isJoiner:
			t[i] = aJoiner
		}
	}
	t['/'], t['-'] = aSlash, aDash
	t['.'], t[':'], t['?'] = 0, 0, 0
	return t
}()

// kindOf returns the kind of a word that is a variable by its spelling, or
// KindNone for a word that stands as it is until it is seen to vary.
func kindOf(w []byte, t traits) Kind {
	if isNumbered(w, t) {
		return KindNone
	}
	switch {
	case t.letters() == 0 && t.hex() == 0:
		return numberLike(w, t)
	case t.slashes() > 0 && t.colons() > 0 && schemeOf(w):
		return KindURL
	case w[0] == '/' || t.slashes() > 1 || isDrive(w):
		return KindPath
	case t.letters() == 0 && t.dashes() == 4 && len(w) == 36:
		return KindUUID
	case w[0] == '0' && len(w) > 2 && (w[1] == 'x' || w[1] == 'X'):
		return KindHex
	case t.letters() == 0 && t.joiners() == 0 && t.digits()+t.hex() >= 6:
		return KindHex
	case t.letters() == 0 && t.colons() > 1 && t.colons() == t.joiners()-t.slashes():
		return KindIP
	case t.digits() >= 8 && t.dashes()+t.colons() >= 2 && isDigits(w[:4]):
		return KindTime
	}
	if t.colons() == 1 && t.slashes() == 0 && isAddress(w) {
		return KindIP
	}
	if n := leadingNumber(w); n > 0 && n < len(w) {
		if k := unitOf(w[n:]); k != KindNone {
			return k
		}
	}
	return KindID
}

// isNumbered reports whether w is a word with one digit at its end, such as eth0 or
// ipv6: a name of which there are few, until they are seen to be many.
func isNumbered(w []byte, t traits) bool {
	return t.digits() == 1 && t.joiners() == 0 && len(w) >= 3 && w[len(w)-1] <= '9'
}

func kindWithoutDigits(w []byte, t traits) Kind {
	if t>>24 == 0 && (t.letters() > 0 && len(w) > 5 || t.letters() > 0 && len(w) < 3) {
		return KindNone
	}
	switch {
	case w[0] == '/' && len(w) > 1 && t.hex()+t.letters() > 0:
		return KindPath
	case t.slashes() > 0 && t.colons() > 0 && schemeOf(w):
		return KindURL
	case isDrive(w):
		return KindPath
	case t.letters() == 0 && t.joiners() == 0 && t.hex() >= 8:
		return KindHex
	case t.others() > 0 && bytes.Count(w, []byte("@")) == 1 && w[0] != '@' && w[len(w)-1] != '@' && t.dots() > 0:
		return KindID
	case len(w) <= 5 && isBoolWord(w):
		return KindBool
	}
	return KindNone
}

func numberLike(w []byte, t traits) Kind {
	switch {
	case t.dots() == 3 && t.dashes() == 0 && t.digits() <= 12+5 && t.joiners()-t.dots()-t.colons()-t.slashes() == 0:
		return KindIP
	case t.colons() > 0 || t.dashes() > 1 && t.digits() >= 6 || t.slashes() == 2:
		return KindTime
	case t.slashes() > 0:
		return KindPath
	}
	return KindNum
}

// numberedName returns where the number of a name begins: core.2275 and a position
// in a source file, pool.go:77, have a name that is constant. 0 if w is neither.
func numberedName(w []byte, t traits) int {
	if t.digits() == 0 || t.joiners() == 0 || t.colons() > 1 {
		return 0
	}
	i := len(w)
	for i > 0 && w[i-1] >= '0' && w[i-1] <= '9' {
		i--
	}
	if i < 3 || i == len(w) {
		return 0
	}
	switch w[i-1] {
	case '.', '-':
		if t.joiners() == 1 && len(w)-i == t.digits() {
			return i - 1
		}
	case ':':
		if t.colons() == 1 && isSource(w[:i-1]) {
			return i - 1
		}
	}
	return 0
}

// isSource reports whether w is the name of a file of source text.
func isSource(w []byte) bool {
	for i := len(w) - 1; i > 0 && i >= len(w)-6; i-- {
		if w[i] != '.' {
			continue
		}
		switch string(w[i+1:]) {
		case "c", "cc", "cpp", "h", "hpp", "go", "rs", "py", "rb", "pl", "php", "java", "kt", "scala", "js", "ts", "jsx", "tsx",
			"cs", "m", "mm", "swift", "lua", "sh", "ex", "erl":
			return true
		}
		return false
	}
	return false
}

// isAddress reports whether w, with one colon, is a host with dots or dashes and a port.
func isAddress(w []byte) bool {
	i := len(w)
	for i > 0 && w[i-1] >= '0' && w[i-1] <= '9' {
		i--
	}
	if n := len(w) - i; n == 0 || n > 5 || w[i-1] != ':' {
		return false
	}
	marks := 0
	for _, c := range w[:i-1] {
		if c == '.' || c == '-' {
			marks++
		} else if classes[c]&(isDigit|isHexLetter|isLetter) == 0 {
			return false
		}
	}
	return marks > 0
}

// dottedFlag says of a word without digits whether it holds . / _ or @.
func dottedFlag(w []byte, t traits) tokFlags {
	if t.dots()+t.slashes() > 0 || t.others() > 0 && bytes.ContainsAny(w, "_@") {
		return tokDotted
	}
	return 0
}

func isDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// leadingNumber returns the length of the number that w begins with.
func leadingNumber(w []byte) int {
	i := 0
	if i < len(w) && (w[i] == '-' || w[i] == '+') {
		i++
	}
	for i < len(w) && (w[i] >= '0' && w[i] <= '9' || w[i] == '.') {
		i++
	}
	return i
}

func isDrive(w []byte) bool {
	return len(w) > 2 && w[1] == ':' && w[2] == '\\'
}

func schemeOf(w []byte) bool {
	for i := 1; i+2 < len(w) && i < 12; i++ {
		if w[i] == ':' {
			return w[i+1] == '/' && w[i+2] == '/'
		}
	}
	return false
}

func isBoolWord(w []byte) bool {
	switch string(w) {
	case "true", "false", "True", "False", "TRUE", "FALSE", "null", "NULL", "nil", "None":
		return true
	}
	return false
}

// isZone reports whether w is a time zone as it follows a time.
func isZone(w []byte) bool {
	if len(w) == 2 {
		return string(w) == "AM" || string(w) == "PM"
	}
	return len(w) >= 3 && len(w) <= 4 && w[len(w)-1] == 'T' && isUpper(w) || string(w) == "UTC"
}

func isUpper(w []byte) bool {
	for _, c := range w {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// unitOf returns what a number with the unit w is: a duration, a size, another
// quantity, or KindNone if w is not a unit.
func unitOf(w []byte) Kind {
	if len(w) > 12 {
		return KindNone
	}
	switch string(w) {
	case "ns", "us", "µs", "μs", "ms", "s", "m", "h", "d", "sec", "secs", "msec", "msecs", "usec", "second", "seconds",
		"millis", "milliseconds", "microseconds", "nanoseconds", "min", "mins", "minute", "minutes", "hour", "hours",
		"hr", "hrs", "day", "days":
		return KindDuration
	case "B", "KB", "MB", "GB", "TB", "PB", "kB", "KiB", "MiB", "GiB", "TiB", "kb", "mb", "gb", "K", "M", "G", "T", "k",
		"bytes", "byte", "Bytes":
		return KindSize
	case "%", "MHz", "GHz", "kHz", "Hz", "KHz", "C", "V", "W", "A", "mA", "mV", "pct", "percent", "rpm", "Kbps", "Mbps", "Gbps":
		return KindNum
	}
	return KindNone
}

// isMonthOrDay reports whether w is the English short name of a month or a day
// of the week, as in dates.
func isMonthOrDay(w []byte) bool {
	if len(w) != 3 || w[0] < 'A' || w[0] > 'Z' {
		return false
	}
	switch string(w) {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
		"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}
