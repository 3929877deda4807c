package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"
)

const headSize = 12

// MaxPayload bounds a payload, compressed or not.
const MaxPayload = 32 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Begin appends room for the head of a frame; its payload is to be appended then.
func Begin(b []byte) []byte { return append(b, make([]byte, headSize)...) }

// End writes the head of the frame that was begun at start and ends where b does.
func End(b []byte, start int) {
	payload := b[start+headSize:]
	binary.LittleEndian.PutUint32(b[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(payload, castagnoli))
	binary.LittleEndian.PutUint32(b[start+8:], crc32.Checksum(b[start:start+8], castagnoli))
}

// AppendFrame appends the frame of a payload.
func AppendFrame(b, payload []byte) []byte {
	start := len(b)
	b = append(Begin(b), payload...)
	End(b, start)
	return b
}

// Writer appends frames to a new file. What Append returned from survives the end of
// the process; what Sync returned from, that of the machine. It is safe for concurrent use.
type Writer struct {
	mu     sync.Mutex
	file   *os.File
	size   int64
	synced int64
	broken error
}

// Create makes a new file; there must be none of that name.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return nil, fmt.Errorf("create write-ahead log: %w", err)
	}
	return &Writer{file: f}, nil
}

// Append writes a frame. If that fails the file is cut back to where it was; if even
// that fails every later Append does.
func (w *Writer) Append(frame []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken != nil {
		return w.broken
	}
	n, err := w.file.Write(frame)
	if err == nil {
		w.size += int64(n)
		return nil
	}
	err = fmt.Errorf("write to write-ahead log %q: %w", w.file.Name(), err)
	if n > 0 {
		// The next frame must begin where this one did.
		_, serr := w.file.Seek(w.size, 0)
		if terr := errors.Join(w.file.Truncate(w.size), serr); terr != nil {
			w.broken = fmt.Errorf("%w; and it cannot be cut back: %w", err, terr)
			return w.broken
		}
	}
	return err
}

// Size returns the bytes that are written.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// Sync brings what is written to the disk; it does nothing if all of it is there. After
// an error the system may have dropped what it could not write, so every later Append
// fails too: the caller goes on with another file.
func (w *Writer) Sync() error {
	w.mu.Lock()
	size, done, broken := w.size, w.synced >= w.size, w.broken
	w.mu.Unlock()
	if done {
		return broken
	}
	err := w.file.Sync() // while others write
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.broken = fmt.Errorf("sync write-ahead log %q: %w", w.file.Name(), err)
		return w.broken
	}
	w.synced = max(w.synced, size)
	return nil
}

// Close closes the file without a sync.
func (w *Writer) Close() error { return w.file.Close() }

// Broken returns why no further frame can be written, nil if one can.
func (w *Writer) Broken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}
