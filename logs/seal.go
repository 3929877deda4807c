package logs

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	day       = 24 * time.Hour
	blockRows = 48 << 10
	blockText = 16 << 20 // bytes of a block, all of its records together
)

// sealer turns heads into segments. It keeps the memory of its encoder.
type sealer struct {
	s    *Store
	enc  *segment.Encoder
	rows []segment.Row
	// What rows point into.
	spans      []segment.Span
	attributes []telemetry.Pair
}

func (s *Store) newSealer(thorough bool) (*sealer, error) {
	enc, err := segment.NewEncoder(thorough)
	return &sealer{s: s, enc: enc}, err
}

// Flush seals everything that is in memory. It is for tests and tools; Run seals by itself.
func (s *Store) Flush() error {
	s.mu.Lock()
	if len(s.active.rows) > 0 {
		if err := s.turnLocked(); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	s.mu.Unlock()
	z, err := s.newSealer(false)
	if err != nil {
		return err
	}
	return z.sealAll()
}

// sealAll seals the heads that are full, oldest first.
func (z *sealer) sealAll() error {
	z.s.sealMu.Lock()
	defer z.s.sealMu.Unlock()
	for {
		z.s.mu.Lock()
		if len(z.s.sealing) == 0 || z.s.closed {
			z.s.mu.Unlock()
			return nil
		}
		h := z.s.sealing[0]
		z.s.mu.Unlock()
		if err := z.seal(h); err != nil {
			z.s.metrics.sealErrors.Inc()
			return fmt.Errorf("seal log records of write-ahead log %d: %w", h.seq, err)
		}
	}
}

// seal writes a head's records into files, one for each day, shows these to queries in
// its place, and removes its log.
func (z *sealer) seal(h *head) error {
	begun := z.s.now()
	v := h.view()
	order := make([]int, len(v.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(v.rows[a].at, v.rows[b].at), cmp.Compare(a, b)) })
	var made []*file
	undo := func(err error) error {
		for _, f := range made {
			err = errors.Join(err, f.close(), os.Remove(f.path))
		}
		return err
	}
	for len(order) > 0 {
		of := dayOf(v.rows[order[0]].at)
		n := 1
		for n < len(order) && dayOf(v.rows[order[n]].at) == of {
			n++
		}
		f, err := z.writeDay(h, &v, of, order[:n])
		if err != nil {
			return undo(err)
		}
		made = append(made, f)
		order = order[n:]
	}
	z.s.mu.Lock()
	z.s.sealing = slices.DeleteFunc(z.s.sealing, func(x *head) bool { return x == h })
	z.s.files = append(z.s.files, made...)
	z.s.wakeLocked()
	z.s.mu.Unlock()
	z.s.metrics.seals.Inc()
	z.s.metrics.sealSeconds.Update(z.s.now().Sub(begun).Seconds())
	if err := z.s.dropLog(h); err != nil {
		return err // the next start makes the files again
	}
	for _, f := range made {
		f.settled.Store(true)
	}
	return nil
}

func dayOf(at int64) int64 { return at - mod(at, int64(day)) }

func mod(a, b int64) int64 {
	if m := a % b; m < 0 {
		return m + b
	} else {
		return m
	}
}

func dayName(at int64) string { return time.Unix(0, at).UTC().Format(time.DateOnly) }

// writeDay writes the records of one day, which are in the order of time.
func (z *sealer) writeDay(h *head, v *view, of int64, order []int) (*file, error) {
	return z.s.writeFile(dayName(of), fmt.Sprintf("%012d.seg", h.seq), nil, func(w *segment.Writer) error {
		for len(order) > 0 {
			n, size := 0, 0
			for n < len(order) && n < blockRows && size < blockText {
				size += z.sizeOf(v, order[n])
				n++
			}
			if err := z.fill(v, order[:n]); err != nil {
				return err
			}
			block, info, err := z.enc.Append(nil, z.rows, v.streams)
			if err != nil {
				return err
			}
			if err := w.Add(block, info, v.streams); err != nil {
				return err
			}
			order = order[n:]
		}
		return nil
	})
}

// sizeOf is about the memory of a record: from its place to that of its text, and the text.
func (z *sealer) sizeOf(v *view, i int) int {
	r := &v.rows[i]
	return int(r.body-r.from) + int(r.size)
}

// fill makes rows of records.
func (z *sealer) fill(v *view, order []int) error {
	z.rows, z.spans, z.attributes = z.rows[:0], z.spans[:0], z.attributes[:0]
	type bounds struct{ spans, attributes int }
	ends := make([]bounds, 0, len(order))
	var p rowReader
	for _, i := range order {
		r := &v.rows[i]
		if err := p.read(v, r); err != nil {
			return err
		}
		z.spans = append(z.spans, p.spans...)
		z.attributes = append(z.attributes, p.attributes...)
		ends = append(ends, bounds{len(z.spans), len(z.attributes)})
		z.rows = append(z.rows, segment.Row{
			Time: r.at, Severity: p.severity, Stream: r.stream, Trace: p.trace, SpanID: p.span, Template: p.template, Body: p.body,
		})
	}
	var last bounds
	for i, end := range ends { // the slices have stopped moving
		z.rows[i].Spans, z.rows[i].Attributes = z.spans[last.spans:end.spans], z.attributes[last.attributes:end.attributes]
		last = end
	}
	return nil
}

// writeFile makes a segment: under a name that no one takes for one, and renamed when
// all of it is on the disk.
func (s *Store) writeFile(dayName, name string, replaces []string, fill func(*segment.Writer) error) (_ *file, err error) {
	dir := filepath.Join(s.dir, dayName)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name)
	out, err := os.OpenFile(path+tmpSuffix, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			out.Close() // may be closed
			err = errors.Join(err, removeLog(path+tmpSuffix))
		}
	}()
	buffered := bufio.NewWriterSize(out, 1<<20)
	w, err := segment.NewWriter(buffered)
	if err != nil {
		return nil, err
	}
	if err := fill(w); err != nil {
		return nil, err
	}
	index, size, err := w.Finish(replaces)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(buffered.Flush(), out.Sync()); err != nil {
		return nil, fmt.Errorf("write log segment %q: %w", path, err)
	}
	if err := os.Rename(path+tmpSuffix, path); err != nil {
		return nil, err
	}
	if err := errors.Join(out.Close(), syncDir(dir), syncDir(s.dir)); err != nil {
		return nil, errors.Join(err, removeLog(path))
	}
	return newFile(path, size, index), nil
}

// dropLog removes the log of a head that is sealed, or hands it to those who forward.
func (s *Store) dropLog(h *head) error {
	var err error
	if h.log != nil {
		err = h.log.Close()
	}
	return errors.Join(err, s.releaseLog(h.seq), syncDir(s.walDir()))
}
