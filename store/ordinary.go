package store

import (
	"encoding/binary"
	"unicode/utf8"
)

// ordinary reports whether all bytes are printable ASCII, as names and values of labels
// nearly always are: there is nothing else to check in them then. It looks at eight bytes
// at once.
func ordinary(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if !ordinaryWord(binary.LittleEndian.Uint64(b)) {
			return false
		}
	}
	for _, c := range b {
		if c < 0x20 || c >= 0x7f {
			return false
		}
	}
	return true
}

// ordinaryWord is ordinary for eight bytes. The topmost bit of a byte is set in what is or'ed
// if the byte is 0x80 or more, below 0x20, or 0x7f; a borrow or a carry that runs into a
// byte comes from one that is not ordinary.
func ordinaryWord(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	return (w|(w-0x20*ones)|(w+ones))&tops == 0
}

// goodText reports whether b is UTF-8 without control characters; line ends and tabs are
// allowed in values.
func goodText(b []byte, value bool) bool {
	return ordinary(b) || utf8.Valid(b) && !hasControl(b, value)
}
