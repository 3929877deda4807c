// Package wire writes and reads the numbers, texts and lists that the files of the log
// store are made of. It knows nothing of logs, and a Reader never allocates more than
// the bytes that it was given.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrCorrupt is wrapped by errors about bytes that no writer of ours wrote.
var ErrCorrupt = errors.New("corrupt log data")

// AppendUvarint appends a number in as few bytes as it needs, seven bits in each.
func AppendUvarint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// AppendUint64 appends a number in eight bytes, the lowest first.
func AppendUint64(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }

// AppendBytes appends a length and the bytes.
func AppendBytes[T string | []byte](b []byte, v T) []byte {
	return append(AppendUvarint(b, uint64(len(v))), v...)
}

// Zigzag makes small numbers of either sign small positive ones.
func Zigzag(v int64) uint64 { return uint64(v<<1) ^ uint64(v>>63) }

// Unzigzag undoes Zigzag.
func Unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// Reader takes values off the front of B, which they alias. After the first error,
// which is in Err, every method returns zero values.
type Reader struct {
	B   []byte
	Err error
}

// Fail makes the reader fail, unless it has already.
func (r *Reader) Fail(what string) {
	if r.Err == nil {
		r.Err = fmt.Errorf("%w: %s", ErrCorrupt, what)
		r.B = nil
	}
}

// Uvarint reads what AppendUvarint wrote.
func (r *Reader) Uvarint() uint64 {
	if len(r.B) > 0 && r.B[0] < 0x80 {
		v := r.B[0]
		r.B = r.B[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(r.B)
	if n <= 0 {
		r.Fail("a number ends early")
		return 0
	}
	r.B = r.B[n:]
	return v
}

// Count reads a number of things that are at most most, and take at least size bytes
// each of what is left.
func (r *Reader) Count(what string, most, size int) int {
	v := r.Uvarint()
	if most < 0 || v > uint64(most) || (size > 0 && v > uint64(len(r.B)/size)) {
		r.Fail("too many " + what)
		return 0
	}
	return int(v)
}

// Take reads n bytes.
func (r *Reader) Take(n int) []byte {
	if n < 0 || n > len(r.B) {
		r.Fail("bytes end early")
		return nil
	}
	v := r.B[:n:n]
	r.B = r.B[n:]
	return v
}

// Bytes reads what AppendBytes wrote.
func (r *Reader) Bytes() []byte { return r.Take(r.Count("bytes", len(r.B), 1)) }

// Text reads what AppendBytes wrote, as a string of its own.
func (r *Reader) Text() string { return string(r.Bytes()) }

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if len(r.B) == 0 {
		r.Fail("bytes end early")
		return 0
	}
	v := r.B[0]
	r.B = r.B[1:]
	return v
}

// Uint64 reads what AppendUint64 wrote.
func (r *Reader) Uint64() uint64 {
	v := r.Take(8)
	if v == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(v)
}
