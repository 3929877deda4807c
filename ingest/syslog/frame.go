package syslog

import (
	"bytes"
	"errors"
	"io"
)

// framer cuts a stream into messages: with their octets counted ("26 <13>...") if a
// number, a blank and a `<` begin one, else up to a line feed. Both may be mixed.
type framer struct {
	from io.Reader
	buf  []byte
	r, w int  // what was read and not yet given out is buf[r:w]
	max  int  // bytes of a message
	skip bool // what comes up to a line feed is the rest of a line that was cut
	drop int  // so many bytes are the rest of a counted message that was cut
	end  bool
	long int // messages cut since the last look
	// grow claims memory before the buffer grows by so many bytes.
	grow func(n int) error
}

// maxCount bounds the number in front of a message. A greater one is no count.
const maxCount = 1 << 20

func newFramer(from io.Reader, most int, grow func(n int) error) *framer {
	return &framer{from: from, buf: make([]byte, firstBuffer), max: most, grow: grow}
}

// firstBuffer is what a connection holds that sends no long messages, in bytes.
const firstBuffer = 16 << 10

var errMore = errors.New("more bytes are needed")

// next returns the next whole message out of what was read, or errMore. At the end of the
// stream the rest is a message. The bytes are good until fill.
func (f *framer) next() ([]byte, error) {
	for {
		b := f.buf[f.r:f.w]
		if f.drop > 0 {
			n := min(f.drop, len(b))
			f.r += n
			if f.drop -= n; f.drop > 0 {
				return nil, errMore
			}
			continue
		}
		if f.skip { // the rest of a line that was cut
			n := bytes.IndexByte(b, '\n')
			if n < 0 {
				f.r = f.w
				return nil, errMore
			}
			f.r += n + 1
			f.skip = false
			continue
		}
		for len(b) > 0 && (b[0] == '\n' || b[0] == '\r' || b[0] == 0) {
			b = b[1:]
			f.r++
		}
		if len(b) == 0 {
			return nil, errMore
		}
		count, at, more := octets(b)
		switch {
		case more && !f.end:
			return nil, errMore
		case at > 0:
			return f.counted(b, count, at)
		}
		return f.line(b)
	}
}

// octets reads the count in front of a message; at is where the message begins, 0 if
// there is no count. more: it cannot be told yet.
func octets(b []byte) (count, at int, more bool) {
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9' && i < 8:
			count = count*10 + int(c-'0')
		case c == ' ' && i > 0 && i+1 == len(b):
			return 0, 0, true
		case c == ' ' && i > 0 && b[i+1] == '<' && count > 0 && count <= maxCount && b[0] != '0':
			return count, i + 1, false
		default:
			return 0, 0, false
		}
	}
	return 0, 0, true
}

// counted returns a message of so many bytes.
func (f *framer) counted(b []byte, count, at int) ([]byte, error) {
	if len(b) >= at+count && count <= f.max {
		f.r += at + count
		m := b[at : at+count]
		// Senders that count wrong: what follows is neither a message nor a line feed.
		// The line is taken for the message then.
		if rest := b[at+count:]; len(rest) > 0 && !begins(rest[0]) {
			if n := bytes.IndexByte(rest, '\n'); n >= 0 && n < 1024 {
				f.r += n + 1
				m = b[at : at+count+n]
			}
		}
		return m, nil
	}
	// One that is counted too long would swallow those behind it.
	if n := bytes.Index(b[at:], []byte("\n<")); n >= 0 && f.end {
		f.r += at + n + 1
		return b[at : at+n], nil
	}
	if f.end {
		f.r = f.w
		return b[at:], nil
	}
	if len(b) >= at+f.max { // keep the beginning
		f.long++
		f.r += at + f.max
		f.drop = count - f.max
		return b[at : at+f.max], nil
	}
	return nil, errMore
}

// begins reports whether a byte may begin a message or end the one before it.
func begins(b byte) bool {
	return b == '<' || b == '\n' || b == '\r' || b == 0 || b >= '0' && b <= '9'
}

// line returns a message up to its line feed.
func (f *framer) line(b []byte) ([]byte, error) {
	n := bytes.IndexByte(b, '\n')
	switch {
	case n >= 0 && n <= f.max:
		f.r += n + 1
		return b[:n], nil
	case n > f.max || len(b) > f.max:
		f.long++
		m := b[:f.max]
		if n >= 0 {
			f.r += n + 1
		} else {
			f.r = f.w
			f.skip = true
		}
		return m, nil
	case f.end:
		f.r = f.w
		return b, nil
	}
	return nil, errMore
}

// fill reads more bytes. After io.EOF, next gives out what is left.
func (f *framer) fill() error {
	if f.r > 0 {
		copy(f.buf, f.buf[f.r:f.w])
		f.w -= f.r
		f.r = 0
	}
	if f.w == len(f.buf) { // at most twice a message and its count
		if err := f.grow(len(f.buf)); err != nil {
			return err
		}
		f.buf = append(f.buf, make([]byte, len(f.buf))...)
	}
	n, err := f.from.Read(f.buf[f.w:])
	f.w += n
	if err != nil {
		f.end = true
	}
	return err
}
