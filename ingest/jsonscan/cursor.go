package jsonscan

import (
	"bytes"
	"fmt"
)

// MaxDepth is how deep brackets may stand inside each other.
const MaxDepth = 64

// Kind is what a value is, by its first byte.
type Kind uint8

// The kinds. None is the end of the text or something that is no value.
const (
	None Kind = iota
	Object
	Array
	String
	Number
	Bool
	Null
)

var kindNames = [...]string{"nothing", "an object", "an array", "a string", "a number", "true or false", "null"}

// String returns the kind in words for a sentence.
func (k Kind) String() string { return kindNames[k] }

// Error says where a text is not JSON, or not the JSON that was wanted.
type Error struct {
	At  int // bytes from the start of the text
	Msg string
}

// Error tells the place and what was wanted there.
func (e *Error) Error() string { return fmt.Sprintf("byte %d: %s", e.At, e.Msg) }

// Cursor stands at a place in a text. The first error stays: what is read
// after it is empty. The zero value is a cursor over no text; see Reset. It is owned by
// one goroutine.
type Cursor struct {
	b     []byte
	i     int
	depth int
	fresh bool // just behind an opening bracket
	grab  func(n int) []byte
	err   *Error
}

// Reset puts the cursor at the start of a text, behind a byte order mark. grab
// returns n bytes for what strings unescape to, which must stay as long as the
// slices are used; nil allocates them.
func (c *Cursor) Reset(text []byte, grab func(n int) []byte) {
	*c = Cursor{b: text, grab: grab}
	if bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		c.i = 3
	}
}

// Err returns the first error, nil if there was none. It is an *Error.
func (c *Cursor) Err() error {
	if c.err == nil {
		return nil
	}
	return c.err
}

// Offset returns where the cursor stands, in bytes.
func (c *Cursor) Offset() int { return c.i }

// Since returns what stands between a place and the cursor.
func (c *Cursor) Since(from int) []byte { return c.b[from:c.i:c.i] }

// Rest returns what stands behind the cursor.
func (c *Cursor) Rest() []byte { return c.b[c.i:] }

// fail keeps the first error and ends the reading.
func (c *Cursor) fail(want string) {
	if c.err != nil {
		return
	}
	got := "the end"
	if c.i < len(c.b) {
		got = fmt.Sprintf("%q", c.b[c.i:min(len(c.b), c.i+12)])
	}
	c.err = &Error{At: c.i, Msg: "want " + want + ", got " + got}
	c.i = len(c.b)
}

func (c *Cursor) space() {
	for c.i < len(c.b) {
		switch c.b[c.i] {
		case ' ', '\t', '\n', '\r':
			c.i++
		default:
			return
		}
	}
}

// More reports whether anything but white space is left, and moves there. It serves
// texts that are one value after another.
func (c *Cursor) More() bool {
	c.space()
	return c.err == nil && c.i < len(c.b)
}

// Kind returns what comes, which it does not read.
func (c *Cursor) Kind() Kind {
	c.space()
	if c.i >= len(c.b) {
		return None
	}
	switch b := c.b[c.i]; {
	case b == '{':
		return Object
	case b == '[':
		return Array
	case b == '"':
		return String
	case b == '-' || b >= '0' && b <= '9':
		return Number
	case b == 't' || b == 'f':
		return Bool
	case b == 'n':
		return Null
	}
	return None
}

// open enters a bracket.
func (c *Cursor) open(bracket byte, what string) bool {
	c.space()
	if c.err != nil {
		return false
	}
	if c.i >= len(c.b) || c.b[c.i] != bracket {
		c.fail(what)
		return false
	}
	if c.depth++; c.depth > MaxDepth {
		c.fail(fmt.Sprintf("at most %d brackets inside each other", MaxDepth))
		return false
	}
	c.i++
	c.fresh = true
	return true
}

// Object enters an object and reports whether there is one.
func (c *Cursor) Object() bool { return c.open('{', "an object") }

// Array enters an array and reports whether there is one.
func (c *Cursor) Array() bool { return c.open('[', "an array") }

// next moves to the next member inside a bracket, or out of it.
func (c *Cursor) next(closing byte, want string) bool {
	if c.err != nil {
		return false
	}
	c.space()
	fresh := c.fresh
	c.fresh = false
	switch {
	case c.i < len(c.b) && c.b[c.i] == closing:
		c.i++
		c.depth--
		return false
	case fresh:
		return true
	case c.i < len(c.b) && c.b[c.i] == ',':
		c.i++
		return true
	}
	c.fail(want)
	return false
}

// Key moves to the next member of the object last entered and returns its name;
// false is the end of the object. The value must be read before the next call.
func (c *Cursor) Key() (name []byte, ok bool) {
	if !c.next('}', "a comma or the end of the object") {
		return nil, false
	}
	name = c.String()
	c.space()
	if c.err == nil && (c.i >= len(c.b) || c.b[c.i] != ':') {
		c.fail("a colon")
	}
	if c.err != nil {
		return nil, false
	}
	c.i++
	return name, true
}

// Item moves to the next element of the array last entered; false is its end. The
// element must be read before the next call.
func (c *Cursor) Item() bool {
	if !c.next(']', "a comma or the end of the array") {
		return false
	}
	if c.space(); c.i >= len(c.b) {
		c.fail("a value")
		return false
	}
	return true
}
