package logline

import (
	"bytes"

	"github.com/tocsinhq/tocsin/telemetry"
)

// MaxJoined bounds a record that was joined from lines, in bytes.
const MaxJoined = 64 << 10

// shape is what the last line of a group was, which tells what may follow.
type shape uint8

const (
	shapePlain     shape = iota
	shapeFrame           // an indented line, or one that begins as stack frames do
	shapeTraceback       // inside a traceback of Python, whose last line is not indented
	shapeRaised          // that last line, after which a chained traceback may come
	shapeGoroutine       // inside a goroutine dump, whose functions are not indented
	shapeException       // the name of an exception, whose frames follow
)

// Group is what is known of the lines that were joined so far. The zero value is that
// of a line which was not looked at; see Start.
type Group struct {
	last  shape
	grave bool // a level of warning or worse, or none: an exception may follow
}

// Start returns the group of a first line.
func Start(line []byte, level telemetry.Severity) Group {
	g := Group{grave: level == telemetry.SeverityUnknown || level >= telemetry.SeverityWarn}
	// The text may hold several lines already.
	if nl := bytes.LastIndexByte(line, '\n'); nl >= 0 {
		line = line[nl+1:]
	}
	switch {
	case bytes.HasPrefix(line, []byte("Traceback (most recent call last)")):
		g.last = shapeTraceback
	case startsGoroutine(line):
		g.last = shapeGoroutine
	case isException(line):
		g.last = shapeException
	}
	return g
}

// Continues reports whether a line belongs to the group before it, and notes it if so.
func (g *Group) Continues(line []byte) bool {
	if len(line) == 0 || line[0] == '\r' && len(line) == 1 {
		// Blank lines stand inside dumps, and between chained tracebacks.
		return g.last == shapeGoroutine || g.last == shapeTraceback || g.last == shapeRaised
	}
	switch c := line[0]; {
	case c == ' ' || c == '\t':
		if g.last == shapePlain || g.last == shapeException || g.last == shapeRaised {
			g.last = shapeFrame
		}
		return true
	case c == '}' || c == ']' || c == ')':
		return len(bytes.Trim(line, "}]),; \r")) == 0
	case c == 'a' && isFrame(line):
		g.last = shapeFrame
		return true
	case c == 'C' && bytes.HasPrefix(line, []byte("Caused by:")):
		g.last = shapeFrame
		return true
	case c == 'S' && bytes.HasPrefix(line, []byte("Suppressed:")):
		g.last = shapeFrame
		return true
	case c == 'T' && (g.grave || g.last == shapeRaised) && bytes.HasPrefix(line, []byte("Traceback (most recent call last)")):
		g.last = shapeTraceback
		return true
	case startsGoroutine(line):
		if !g.grave {
			return false
		}
		again := g.last == shapeGoroutine || bytes.HasPrefix(line, []byte("goroutine "))
		g.last = shapeGoroutine
		return again
	}
	switch g.last {
	case shapeTraceback:
		return g.traceback(line)
	case shapeRaised:
		return isChained(line)
	case shapeGoroutine:
		return goroutineLine(line)
	case shapeException:
		return false
	}
	if g.grave && isException(line) {
		g.last = shapeException
		return true
	}
	return false
}

// chained are the lines between tracebacks of Python of which one caused the other.
var chained = [][]byte{
	[]byte("During handling of the above exception, another exception occurred:"),
	[]byte("The above exception was the direct cause of the following exception:"),
}

// isFrame reports whether a line is a stack frame that lost its indentation.
func isFrame(line []byte) bool {
	return bytes.HasPrefix(line, []byte("at ")) && bytes.IndexByte(line, '(') > 0
}

func isChained(line []byte) bool {
	for _, c := range chained {
		if bytes.HasPrefix(line, c) {
			return true
		}
	}
	return false
}

// traceback decides on a line that is not indented inside a traceback: the name of
// the exception is its last.
func (g *Group) traceback(line []byte) bool {
	i := 0
	for i < len(line) && (isWord(line[i]) && line[i] != '-') {
		i++
	}
	if i == 0 || isDigit(line[0]) || i < len(line) && line[i] != ':' && line[i] != '\r' {
		return false
	}
	g.last = shapeRaised
	return true
}

// startsGoroutine reports whether a line begins a dump of Go's runtime.
func startsGoroutine(line []byte) bool {
	switch line0(line) {
	case 'p':
		return bytes.HasPrefix(line, []byte("panic: "))
	case 'f':
		return bytes.HasPrefix(line, []byte("fatal error: "))
	case 'g':
		return bytes.HasPrefix(line, []byte("goroutine ")) && bytes.IndexByte(line, '[') > 0
	case 'S':
		return bytes.HasPrefix(line, []byte("SIGSEGV: ")) || bytes.HasPrefix(line, []byte("SIGABRT: "))
	}
	return false
}

func line0(line []byte) byte {
	if len(line) == 0 {
		return 0
	}
	return line[0]
}

// goroutineLine reports whether a line stands in a dump of goroutines: a call,
// who created it, a signal, or the end.
func goroutineLine(line []byte) bool {
	line = bytes.TrimRight(line, "\r")
	for _, p := range []string{"created by ", "[signal ", "exit status ", "runtime stack:", "rax ", "\trax ", "PC="} {
		if bytes.HasPrefix(line, []byte(p)) {
			return true
		}
	}
	open := bytes.IndexByte(line, '(')
	return open > 0 && len(line) > 0 && (line[len(line)-1] == ')' || bytes.HasSuffix(line, []byte("..."))) && bytes.IndexByte(line[:open], ' ') < 0
}

// isException reports whether a line is the name of an exception with or without a
// message: java.lang.IllegalStateException: text, Exception in thread "main" ...
func isException(line []byte) bool {
	if bytes.HasPrefix(line, []byte("Exception in thread ")) {
		return true
	}
	i, dots := 0, 0
	for i < len(line) && (isWord(line[i]) && line[i] != '-' || line[i] == '$') {
		if line[i] == '.' {
			dots++
		}
		i++
	}
	if i < 9 || dots == 0 || i < len(line) && line[i] != ':' && line[i] != '\r' {
		return false
	}
	name := line[:i]
	return bytes.HasSuffix(name, []byte("Exception")) || bytes.HasSuffix(name, []byte("Error")) || bytes.HasSuffix(name, []byte("Throwable"))
}
