package wal

import (
	"encoding/binary"
	"hash/crc32"
)

// Damage says what could not be read of a file.
type Damage struct {
	Frames int   // places at which bytes had to be skipped
	Bytes  int64 // that were skipped in the midst of the file
	Torn   int64 // at the end, of a frame that was being written
}

// Scan calls frame with the payload of each whole frame of data and where in data the
// frame ends, and says what it skipped. It stops at an error of frame and returns it.
func Scan(data []byte, frame func(payload []byte, end int64) error) (d Damage, err error) {
	at := 0
	for at < len(data) {
		payload, n := first(data[at:])
		if n == 0 {
			next := search(data, at+1)
			if next < 0 {
				d.Torn = int64(len(data) - at)
				return d, nil
			}
			d.Frames++
			d.Bytes += int64(next - at)
			at = next
			continue
		}
		at += n
		if err := frame(payload, int64(at)); err != nil {
			return d, err
		}
	}
	return d, nil
}

// first returns the payload of the frame that data begins with and the frame's length;
// 0 if it begins with none that is whole.
func first(data []byte) (payload []byte, n int) {
	size, ok := header(data)
	if !ok || size > len(data)-headSize {
		return nil, 0
	}
	payload = data[headSize : headSize+size]
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(data[4:]) {
		return nil, 0
	}
	return payload, headSize + size
}

// header returns the length that a frame's head tells, if it is one.
func header(data []byte) (size int, ok bool) {
	if len(data) < headSize || crc32.Checksum(data[:8], castagnoli) != binary.LittleEndian.Uint32(data[8:]) {
		return 0, false
	}
	size = int(binary.LittleEndian.Uint32(data))
	return size, size <= MaxPayload
}

// search returns where the next whole frame from at on begins, -1 if there is none.
func search(data []byte, at int) int {
	for ; at+headSize <= len(data); at++ {
		if _, n := first(data[at:]); n > 0 {
			return at
		}
	}
	return -1
}

// Next returns the payload of the frame that data begins with, and the frame's length;
// 0 if the frame is not whole, or not yet.
func Next(data []byte) (payload []byte, n int) { return first(data) }

// Skip returns how many bytes of data, which begins with no whole frame, stand before the
// next one, -1 if there is none.
func Skip(data []byte) int { return search(data, 1) }
