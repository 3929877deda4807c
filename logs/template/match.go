package template

// Kind is the sort of a variable, by its spelling alone.
type Kind uint8

// The kinds of variables. KindWord is a word that turned out to vary,
// KindRest what is beyond the limits of mining or after the first line of a
// record of several lines.
const (
	KindNone Kind = iota
	KindNum
	KindDuration
	KindSize
	KindHex
	KindUUID
	KindIP
	KindTime
	KindPath
	KindURL
	KindID
	KindBool
	KindWord
	KindRest
	// kindDelim is a delimiter: part of the constant text.
	kindDelim
)

var kindNames = [...]string{"", "num", "dur", "size", "hex", "uuid", "ip", "time", "path", "url", "id", "bool", "word", "rest"}

// String returns the kind as it stands in a template's text, without brackets:
// num, dur, size, hex, uuid, ip, time, path, url, id, bool, word or rest.
func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return ""
	}
	return kindNames[k]
}

// Numeric reports whether values of the kind are numbers that can be watched:
// plain numbers, and durations and sizes with their unit.
func (k Kind) Numeric() bool { return k == KindNum || k == KindDuration || k == KindSize }

// Var is one variable of a line: body[Start:End].
type Var struct {
	Start, End int32
	Kind       Kind
}

// Match is what Mine says of a line. It is the caller's and is used again for
// the next line, whose values replace these; the zero value is ready. It must
// not be used by two goroutines at once.
type Match struct {
	// ID is the template's id. It never names another template later; if the
	// template is merged into a wider one, Miner.Resolve leads there.
	ID uint64
	// New says that this line made the template: nothing like it is known of
	// this service, not even as a tombstone.
	New bool
	// Last is when the template was seen before this line, 0 if never. A
	// template that was let go and came back says so by New false and an old Last.
	Last int64
	// Vars are the variables in the order of the body; they do not overlap.
	Vars []Var

	scan scan
	cols columns
}

// Info describes a template.
type Info struct {
	ID      uint64
	Service string
	// Text is the template as people read it, such as "took <num> ms".
	Text string
	// Wildcard is Text with every variable as <*>, the notation of the public
	// data sets.
	Wildcard string
	// Given says that the program gave the template itself.
	Given bool
	// Other says that the template stands for all lines of its service and
	// level that came while the miner was full.
	Other bool
	// First and Last are when lines were seen, in the time of the lines, in
	// nanoseconds; Count is how many.
	First, Last int64
	Count       uint64
	// Levels counts lines by level: unknown, trace, debug, info, warn, error, fatal.
	Levels [7]uint32
	// Samples are a few of the lines, cut at the limits of mining, the first seen first.
	Samples []string
}
