package backfill

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Format is how lines of text are read.
type Format string

// The formats. OpenMetrics has times in seconds and ends with # EOF; the
// Prometheus text format has them in milliseconds and just ends.
const (
	OpenMetrics Format = "openmetrics"
	Prometheus  Format = "prometheus"
)

const (
	segmentText = 256 << 10 // how much text is parsed at once
	lineMost    = 1 << 20   // bytes of one line
)

// TextOptions say which files are read.
type TextOptions struct {
	Paths  []string // "-" is Stdin; what ends in .gz is unpacked
	Stdin  io.Reader
	Format Format
	Newest time.Time     // a sample that is later has a wrong time, which ends the reading
	Bytes  *atomic.Int64 // read so far, before unpacking; may be nil
}

// Text is a Source of files in a text format. Each sample must have a time.
type Text struct {
	o       TextOptions
	sum     hash.Hash
	skipped map[string]int64
}

// NewText returns a source. Files are opened when it is read.
func NewText(o TextOptions) *Text {
	return &Text{o: o, sum: sha256.New(), skipped: map[string]int64{}}
}

// Name lists the files.
func (t *Text) Name() string { return strings.Join(t.o.Paths, ", ") }

// Span says that files are read as a whole.
func (t *Text) Span() (from, to int64, ok bool) { return 0, math.MaxInt64, false }

// Skipped counts exemplars, which blocks cannot hold.
func (t *Text) Skipped() map[string]int64 { return t.skipped }

// Digest is that of the contents of all files.
func (t *Text) Digest() string { return string(t.o.Format) + " " + hex.EncodeToString(t.sum.Sum(nil)) }

// Close does nothing: files are closed when they are read.
func (t *Text) Close() error { return nil }

// Read reads one file after the other.
func (t *Text) Read(ctx context.Context, _ Query, take func(Stretch) error) error {
	for _, path := range t.o.Paths {
		if err := t.file(ctx, path, take); err != nil {
			return err
		}
	}
	return nil
}

func (t *Text) file(ctx context.Context, path string, take func(Stretch) error) error {
	var in io.Reader = t.o.Stdin
	name := path
	if path == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	if t.o.Bytes != nil {
		in = counted{in, t.o.Bytes}
	}
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer z.Close()
		in = z
	}
	r := reading{t: t, name: name, in: bufio.NewReaderSize(io.TeeReader(in, t.sum), lineMost), take: take, line: 1}
	return r.all(ctx)
}

// counted counts the bytes that pass.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// reading is one file under way.
type reading struct {
	t    *Text
	name string
	in   *bufio.Reader
	take func(Stretch) error
	text []byte // lines that wait to be parsed
	line int    // number of the first of them
	next int    // how many they are
	eof  bool   // # EOF was seen
	last byte   // of the file so far
}

var eofLine = []byte("# EOF")

func (r *reading) all(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := r.in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("%s:%d: want lines of at most %d bytes", r.name, r.line+r.next, lineMost)
		case err != nil && err != io.EOF:
			return fmt.Errorf("%s:%d: %w", r.name, r.line+r.next, err)
		}
		if len(line) > 0 {
			if err := r.add(line); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return r.end()
		}
	}
}

func (r *reading) add(line []byte) error {
	bare := bytes.TrimRight(line, "\r\n")
	if r.t.o.Format == OpenMetrics {
		if r.eof {
			return fmt.Errorf("%s:%d: want nothing after # EOF", r.name, r.line+r.next)
		}
		if bytes.Equal(bare, eofLine) {
			r.eof = true
			r.next++
			return nil
		}
	}
	r.text = append(append(r.text, bare...), '\n')
	r.next++
	if len(r.text) < segmentText {
		return nil
	}
	return r.flush()
}

func (r *reading) end() error {
	if err := r.flush(); err != nil {
		return err
	}
	if r.t.o.Format == OpenMetrics && !r.eof {
		return fmt.Errorf("%s:%d: want # EOF as the last line of OpenMetrics, so that a file which was cut off is noticed; add it if the file is whole, or say --format=prometheus for the Prometheus text format, whose times are in milliseconds", r.name, max(1, r.line-1))
	}
	return nil
}

// flush parses the lines that wait.
func (r *reading) flush() error {
	if len(r.text) > 0 {
		if err := r.t.parse(r.text, r.take); err != nil {
			if taken, is := errors.AsType[takeError](err); is {
				return taken.error
			}
			return r.locate(err)
		}
	}
	r.line += r.next
	r.text, r.next = r.text[:0], 0
	return nil
}

// locate finds the line that cannot be parsed: each is tried alone.
func (r *reading) locate(err error) error {
	n := r.line
	for line := range bytes.Lines(r.text) {
		if one := r.t.parse(line, func(Stretch) error { return nil }); one != nil {
			return fmt.Errorf("%s:%d: %w: %s", r.name, n, one, shown(line))
		}
		n++
	}
	return fmt.Errorf("%s: between line %d and %d: %w", r.name, r.line, n-1, err)
}

// shown quotes the beginning of a line.
func shown(line []byte) string {
	const most = 120
	line = bytes.TrimRight(line, "\r\n")
	if len(line) > most {
		return fmt.Sprintf("%.*q...", most, line)
	}
	return fmt.Sprintf("%q", line)
}
