package detector

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// fields takes a block of a checkpoint apart. It keeps the first error and gives zero
// values after it.
type fields struct {
	b   []byte
	err error
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("%w: %s: it is damaged", ErrCheckpoint, fmt.Sprintf(format, args...))
	}
	f.b = nil
}

// take returns the next n bytes, which lie in the block; nil if there are less.
func (f *fields) take(n int) []byte {
	if n > len(f.b) {
		f.fail("a block ends %d bytes early", n-len(f.b))
		return nil
	}
	p := f.b[:n]
	f.b = f.b[n:]
	return p
}

// length reads a number that is at most so large.
func (f *fields) length(most int) int {
	x, n := binary.Uvarint(f.b)
	if n <= 0 {
		f.fail("a block ends within a number")
		return 0
	}
	if x > uint64(most) {
		f.fail("length %d, want at most %d", x, most)
		return 0
	}
	f.b = f.b[n:]
	return int(x)
}

// text returns the next n bytes as a string, which is good for as long as the block.
func (f *fields) text(n int) string {
	p := f.take(n)
	return unsafe.String(unsafe.SliceData(p), len(p))
}

func (f *fields) flag() bool {
	p := f.take(1)
	return len(p) == 1 && p[0] != 0
}

func (f *fields) float32() float32 {
	p := f.take(4)
	if p == nil {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(p))
}

// readValue reads what flat.append wrote.
func readValue[T any](f *fields, of *flat[T], into *T) {
	p := f.take(of.size)
	if f.err != nil {
		return
	}
	if err := of.read(p, into); err != nil {
		f.fail("%v", err)
	}
}
