package jsonscan

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// String reads a string and returns its bytes: those of the text if nothing is
// escaped in it.
func (c *Cursor) String() []byte {
	c.space()
	if c.err != nil {
		return nil
	}
	if c.i >= len(c.b) || c.b[c.i] != '"' {
		c.fail("a string")
		return nil
	}
	begin := c.i + 1
	end, escaped := stringEnd(c.b, begin)
	if end < 0 {
		c.i = len(c.b)
		c.fail("the quote that ends the string which begins at byte " + strconv.Itoa(begin-1))
		return nil
	}
	c.i = end + 1
	if !escaped {
		return c.b[begin:end:end]
	}
	if c.grab == nil {
		return unescape(make([]byte, 0, end-begin), c.b[begin:end])
	}
	return unescape(c.grab(end - begin)[:0], c.b[begin:end])
}

// stringEnd returns where the quote is that ends a string, -1 if there is none.
func stringEnd(b []byte, from int) (end int, escaped bool) {
	for i := from; ; {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1, escaped
		}
		i += n
		// An odd number of backslashes before it makes the quote a part of the string.
		k := i
		for k > from && b[k-1] == '\\' {
			k--
		}
		if (i-k)%2 == 0 {
			return i, escaped || bytes.IndexByte(b[from:i], '\\') >= 0
		}
		escaped = true
		i++
	}
}

// unescape appends a string without its escapes to to. What is no escape stays as it
// is. The result is never longer than the string.
func unescape(to, s []byte) []byte {
	for len(s) > 0 {
		n := bytes.IndexByte(s, '\\')
		if n < 0 || n+1 >= len(s) {
			return append(to, s...)
		}
		to = append(to, s[:n]...)
		e := s[n+1]
		s = s[n+2:]
		switch e {
		case 'n':
			to = append(to, '\n')
		case 't':
			to = append(to, '\t')
		case 'r':
			to = append(to, '\r')
		case 'b':
			to = append(to, '\b')
		case 'f':
			to = append(to, '\f')
		case '"', '\\', '/':
			to = append(to, e)
		case 'u':
			r, used := escapedRune(s)
			if used == 0 {
				to = append(to, '\\', 'u')
				continue
			}
			to = utf8.AppendRune(to, r)
			s = s[used:]
		default:
			to = append(to, '\\', e)
		}
	}
	return to
}

// escapedRune reads what follows \u: four digits, or two halves of a pair.
func escapedRune(s []byte) (r rune, used int) {
	r, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if len(s) >= 10 && s[4] == '\\' && s[5] == 'u' {
		if low, ok := hex4(s[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, b := range s[:4] {
		switch {
		case b >= '0' && b <= '9':
			b -= '0'
		case b >= 'a' && b <= 'f':
			b -= 'a' - 10
		case b >= 'A' && b <= 'F':
			b -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(b)
	}
	return r, true
}

// Text reads any value and returns it as text: a string without quotes and escapes,
// null as nothing, all else as it is written.
func (c *Cursor) Text() []byte {
	switch c.Kind() {
	case String:
		return c.String()
	case Null:
		c.Raw()
		return nil
	}
	return c.Raw()
}

// Raw reads any value and returns it as it is written. Of what is inside brackets
// only these and strings are looked at.
func (c *Cursor) Raw() []byte {
	kind := c.Kind()
	if c.err != nil {
		return nil
	}
	begin := c.i
	switch kind {
	case None:
		c.fail("a value")
		return nil
	case String:
		end, _ := stringEnd(c.b, c.i+1)
		if end < 0 {
			c.i = len(c.b)
			c.fail("the quote that ends a string")
			return nil
		}
		c.i = end + 1
	case Object, Array:
		c.brackets()
	default:
		c.bare(kind)
	}
	if c.err != nil {
		return nil
	}
	return c.b[begin:c.i:c.i]
}

// brackets moves behind a value in brackets.
func (c *Cursor) brackets() {
	var closing [MaxDepth]byte
	depth := 0
	for c.i < len(c.b) {
		switch b := c.b[c.i]; b {
		case '{', '[':
			if depth+c.depth >= MaxDepth {
				c.fail("at most 64 brackets inside each other")
				return
			}
			closing[depth] = b + 2 // of both, in ASCII
			depth++
		case '}', ']':
			if closing[depth-1] != b {
				c.fail("the other bracket")
				return
			}
			if depth--; depth == 0 {
				c.i++
				return
			}
		case '"':
			end, _ := stringEnd(c.b, c.i+1)
			if end < 0 {
				c.i = len(c.b)
				c.fail("the quote that ends a string")
				return
			}
			c.i = end
		}
		c.i++
	}
	c.fail("the bracket that ends the value")
}

// bare moves behind a number or a word.
func (c *Cursor) bare(kind Kind) {
	begin := c.i
	for c.i < len(c.b) && isBare(c.b[c.i]) {
		c.i++
	}
	text := string(c.b[begin:c.i])
	switch {
	case kind == Number:
		if !isNumber(text) {
			c.i = begin
			c.fail("a number")
		}
	case text != "true" && text != "false" && text != "null":
		c.i = begin
		c.fail("a value")
	}
}

func isBare(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b == '-' || b == '+' || b == '.' || b == 'E'
}

// isNumber reports whether a text that begins as a number is one.
func isNumber(s string) bool {
	digits := func() (n int) {
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n
	}
	if s[0] == '-' {
		s = s[1:]
	}
	if digits() == 0 {
		return false
	}
	if s != "" && s[0] == '.' {
		s = s[1:]
		if digits() == 0 {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if digits() == 0 {
			return false
		}
	}
	return s == ""
}
