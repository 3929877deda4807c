package tail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/position"
)

// Bounds of what is read of one file at a time, in bytes; a piece holds the longest line in
// any case.
const (
	fingerprintBytes = 256
	pieceBytes       = 1 << 20
)

// settle is how long the last lines wait for others of their stack trace.
const settle = time.Second

// lingering is how long a file that was renamed or removed is kept open without
// growing: its writer may not have opened the new one yet.
const lingering = 10 * time.Second

// file is one that is read.
type file struct {
	source      string // see identity
	path        string // as it was last seen
	group       *Files
	labels      []string // names of those of the group, sorted: records alike have them in one order
	handle      *os.File
	fingerprint []byte
	wrapping    wrapping
	origin      origin
	offset      int64 // what lies before is stored
	size        int64 // when last looked at
	grown       time.Time
	gone        bool // no path that is asked for leads to it any more
	skip        bool // the rest of a line that was cut comes next
	saved       position.Position
}

// errCompressed is of a file that is no text.
var errCompressed = errors.New("it is compressed")

// openFile opens a file at its beginning.
func openFile(path string, group *Files, now time.Time) (*file, error) {
	h, err := open(path)
	if err != nil {
		return nil, err
	}
	info, err := h.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	f := &file{path: path, group: group, labels: slices.Sorted(maps.Keys(group.Labels)), handle: h, grown: now}
	if err == nil {
		f.source = identity(info)
		f.fingerprint, err = f.first(fingerprintBytes)
	}
	if err == nil && (bytes.HasPrefix(f.fingerprint, []byte("\x1f\x8b")) || bytes.HasPrefix(f.fingerprint, []byte("\x28\xb5\x2f\xfd")) ||
		bytes.HasPrefix(f.fingerprint, []byte("BZh")) || bytes.HasPrefix(f.fingerprint, []byte("\xfd7zXZ"))) {
		err = errCompressed
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	f.wrapping, f.origin = wrappingOf(f.fingerprint), originOf(path)
	return f, nil
}

// first reads the first bytes, as many as there are.
func (f *file) first(n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := f.handle.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:n], nil
}

// look notes how large the file is. One that was truncated, or written anew under the
// same inode, begins again.
func (f *file) look(now time.Time) error {
	info, err := f.handle.Stat()
	if err != nil {
		return err
	}
	if info.Size() == f.size && f.size >= f.offset {
		return nil
	}
	f.size, f.grown = info.Size(), now
	first, err := f.first(fingerprintBytes)
	if err != nil {
		return err
	}
	if f.size < f.offset || !bytes.HasPrefix(first, f.fingerprint) {
		f.offset, f.skip = 0, false
	}
	f.fingerprint, f.wrapping = first, wrappingOf(first)
	return nil
}

// piece reads what lies behind the offset, as far as one round goes.
func (f *file) piece(buf []byte) ([]byte, error) {
	if f.size <= f.offset {
		return nil, nil
	}
	n, err := f.handle.ReadAt(buf[:min(int64(len(buf)), f.size-f.offset)], f.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return buf[:n], nil
}

// records cuts whole records off a piece: a line, or the lines of a stack trace. more says that the
// file goes on behind the piece. It returns how many bytes were taken; what is left
// waits for the end of its line or for further lines.
func (f *file) records(b []byte, more bool, most int, now time.Time, yield func(record []byte)) (taken int) {
	whole := !more && f.size <= f.offset+int64(len(b)) // the piece reaches to the end of the file
	settled := whole && now.Sub(f.grown) >= settle
	at := 0 // where the record under construction begins
	var g logline.Group
	for i := 0; i < len(b); {
		end := bytes.IndexByte(b[i:], '\n')
		switch {
		case f.skip && end < 0:
			return len(b)
		case f.skip:
			f.skip = false
			i += end + 1
			at = i
			continue
		case end < 0 && len(b)-i > most:
			if i > at {
				yield(line(b[at:i]))
			}
			yield(b[i : i+most+1]) // one more, so that it is cut with a mark
			f.skip = true
			return len(b)
		case end < 0 && !(f.gone && settled):
			// The line is not whole. What stands before it may be.
			if i > at && !settled && !(more && at == 0) { // else there is no room for more to come
				return at
			}
			if i > at {
				yield(line(b[at:i]))
			}
			return i
		case end < 0:
			end = len(b) - i
		}
		text := line(b[i : i+end])
		next := min(len(b), i+end+1)
		switch {
		case i == at:
			g = logline.Start(text, logline.FindLevel(text))
		case next-at <= logline.MaxJoined && g.Continues(text):
		default:
			yield(line(b[at:i]))
			at = i
			g = logline.Start(text, logline.FindLevel(text))
		}
		i = next
	}
	if at == len(b) || !settled && len(b)-at <= logline.MaxJoined && !(more && at == 0) {
		return at
	}
	yield(line(b[at:]))
	return len(b)
}

// line cuts line feeds off the end.
func line(b []byte) []byte { return bytes.TrimRight(b, "\r\n") }

// position is how far the file is stored.
func (f *file) position(now time.Time) position.Position {
	return position.Position{Source: f.source, Path: f.path, Fingerprint: f.fingerprint, Offset: f.offset, Seen: now}
}

// moved reports whether the position differs from the one that was saved.
func (f *file) moved() bool {
	return f.saved.Source == "" || f.saved.Offset != f.offset || f.saved.Path != f.path || !bytes.Equal(f.saved.Fingerprint, f.fingerprint)
}
