package backfill

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/klauspost/compress/s2"
)

const (
	// segmentBytes is how much of one range is gathered before it is written, and
	// pendingBytes how much of all ranges.
	segmentBytes = 256 << 10
	pendingBytes = 64 << 20
)

// spool keeps stretches by their range of time in one temporary file, so that a
// source which tells series by series is read once and not once for each block.
type spool struct {
	file    *os.File
	room    func() error // asked before something is written
	size    int64
	ranges  map[int64]*spooled // by start
	pending int
	packed  []byte
}

// spooled is what there is of one range.
type spooled struct {
	pending  []byte
	segments []segment
}

type segment struct {
	at     int64
	length int
}

// newSpool makes its file in a folder; Close removes it.
func newSpool(dir string, room func() error) (*spool, error) {
	f, err := os.CreateTemp(dir, "spool.*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	return &spool{file: f, room: room, ranges: map[int64]*spooled{}}, nil
}

func (s *spool) Close() error {
	err := s.file.Close()
	if rerr := os.Remove(s.file.Name()); err == nil {
		err = rerr
	}
	return err
}

// reset forgets all.
func (s *spool) reset() error {
	s.size, s.pending = 0, 0
	clear(s.ranges)
	return s.file.Truncate(0)
}

// add takes a stretch that lies in the range with this start.
func (s *spool) add(start int64, x Stretch) error {
	r := s.ranges[start]
	if r == nil {
		r = new(spooled)
		s.ranges[start] = r
	}
	had := len(r.pending)
	r.pending = encode(r.pending, x)
	s.pending += len(r.pending) - had
	if len(r.pending) >= segmentBytes {
		return s.write(r)
	}
	if s.pending < pendingBytes {
		return nil
	}
	for _, start := range s.starts() {
		if err := s.write(s.ranges[start]); err != nil {
			return err
		}
		s.ranges[start].pending = nil // many ranges with little each
	}
	return nil
}

func (s *spool) write(r *spooled) error {
	if len(r.pending) == 0 {
		return nil
	}
	if err := s.room(); err != nil {
		return err
	}
	s.packed = s2.Encode(s.packed[:cap(s.packed)], r.pending)
	if _, err := s.file.WriteAt(s.packed, s.size); err != nil {
		return fmt.Errorf("write %s, where samples wait to be sorted by time: %w", s.file.Name(), err)
	}
	r.segments = append(r.segments, segment{s.size, len(s.packed)})
	s.size += int64(len(s.packed))
	s.pending -= len(r.pending)
	r.pending = r.pending[:0]
	return nil
}

// has says whether there is anything of a range.
func (s *spool) has(start int64) bool { return s.ranges[start] != nil }

// starts returns the starts of all ranges in order of time.
func (s *spool) starts() []int64 { return slices.Sorted(maps.Keys(s.ranges)) }

// each hands over the stretches of one range in the order in which they came.
func (s *spool) each(start int64, do func(Stretch) error) error {
	r := s.ranges[start]
	var packed, raw []byte
	for _, at := range r.segments {
		packed = slices.Grow(packed[:0], at.length)[:at.length]
		if _, err := s.file.ReadAt(packed, at.at); err != nil && err != io.EOF {
			return fmt.Errorf("read %s: %w", s.file.Name(), err)
		}
		var err error
		if raw, err = s2.Decode(raw[:cap(raw)], packed); err != nil {
			return fmt.Errorf("read %s: %w", s.file.Name(), err)
		}
		if err := decode(raw, do); err != nil {
			return err
		}
	}
	return decode(r.pending, do)
}

func decode(raw []byte, do func(Stretch) error) error {
	for d := newDecoder(raw); d.more(); {
		x, err := d.next()
		if err != nil {
			return err
		}
		if err := do(x); err != nil {
			return err
		}
	}
	return nil
}
