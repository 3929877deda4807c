package head

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/tsdb/wlog"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// cut makes the log shorter after samples older than maxt have become part of a block
// and series have been dropped; keep tells which references still have a series. The
// older two thirds of the segments become a checkpoint, as Prometheus has it: what is
// in them is mostly older than maxt, and what forwards samples is hardly ever so late.
// While there are less than three that are full it is not worth it.
//
// An error leaves the log as it was, longer than it need be. Writers are not held up.
func (j *journal) cut(maxt int64, keep func(chunks.HeadSeriesRef) bool) error {
	j.cutting.Lock()
	defer j.cutting.Unlock()
	if err := j.failed.Load(); err != nil {
		return *err
	}
	j.described.forget(keep)
	dir := j.wl.Dir()
	first, active, err := wlog.Segments(dir)
	if err == nil {
		err = j.turn()
	}
	if err != nil {
		return fmt.Errorf("cut the log %s: %w", dir, err)
	}
	if _, covered, err := wlog.LastCheckpoint(dir); err == nil {
		first = max(first, covered+1) // older ones could not be deleted
	}
	to := first + (active-1-first)*2/3
	if first < 0 || to <= first {
		return nil
	}
	c := checkpoint{journal: j, maxt: maxt, live: keep, to: to, active: active}
	if err := c.make(); err != nil {
		return fmt.Errorf("make checkpoint %d of the log %s: %w", to, dir, err)
	}
	j.gone.outlived(to)
	if err := errors.Join(j.wl.Truncate(to+1), wlog.DeleteCheckpoints(dir, to)); err != nil {
		return fmt.Errorf("delete what checkpoint %d of the log %s has: %w", to, dir, err)
	}
	return nil
}

// turn begins a segment unless the last one is empty, so that also a log that grows
// slowly can be cut.
func (j *journal) turn() error {
	_, size, err := j.wl.LastSegmentAndOffset()
	if err != nil || size == 0 {
		return err
	}
	_, err = j.wl.NextSegment()
	return err
}

// mark returns a segment that all that is logged from now on is in or behind, and
// whether nothing is in it yet that was logged before.
func (j *journal) mark() (segment int, fresh bool, err error) {
	j.cutting.Lock()
	defer j.cutting.Unlock()
	if err := j.failed.Load(); err != nil {
		return 0, false, *err
	}
	segment, size, err := j.wl.LastSegmentAndOffset()
	if err != nil || size == 0 {
		return segment, true, err
	}
	segment, err = j.wl.NextSegment()
	return segment, false, err
}

// settle logs the series that are not logged yet, and returns when all that was logged by
// now from a segment that mark returned on, and in the one before it, which was closed
// then, is on the disk.
func (j *journal) settle(segment int) error {
	if err := j.write(&Transaction{}, nil); err != nil {
		return err
	}
	_, last, err := wlog.Segments(j.wl.Dir())
	if err != nil {
		return err
	}
	for n := segment - 1; n <= last; n++ {
		if err := syncFile(wlog.SegmentName(j.wl.Dir(), n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// checkpoint is one that is being made.
type checkpoint struct {
	*journal
	maxt   int64
	live   func(chunks.HeadSeriesRef) bool
	to     int // the last segment that goes into it
	active int // the segment written to when the series that are gone had gone

	out     *wlog.WL
	e       encoder
	dec     logrecord.Decoder
	builder labels.ScratchBuilder
	goners  []chunks.HeadSeriesRef // seen for the first time

	metadata lastMetadata
}

var errLogClosed = errors.New("the log is closed")

// make writes the checkpoint beside the log and then gives it its name.
func (c *checkpoint) make() error {
	dir := c.wl.Dir()
	if err := wlog.DeleteTempCheckpoints(c.o.Logger, dir); err != nil {
		return err
	}
	files, err := openSegments(dir, 0)
	if err != nil {
		return err
	}
	defer files.close()
	name := wlog.CheckpointDir(dir, c.to)
	tmp := name + wlog.CheckpointTempFileSuffix
	defer os.RemoveAll(tmp) // there only after an error
	if c.out, err = wlog.NewSize(c.o.Logger, nil, tmp, c.o.SegmentSize, c.o.Compression); err != nil {
		return err
	}
	c.builder = recordLabels()
	c.dec = logrecord.NewDecoder(labels.NewSymbolTable(), slog.New(slog.DiscardHandler))
	err = c.copy(files)
	if err = errors.Join(err, c.out.Close()); err != nil {
		return err
	}
	if err := errors.Join(disk.SyncFolder(tmp), os.Rename(tmp, name)); err != nil {
		return err
	}
	c.gone.add(c.active, c.goners)
	return disk.SyncFolder(dir)
}

// copy takes over what is still needed.
func (c *checkpoint) copy(files segments) error {
	dir := filepath.Clean(c.wl.Dir())
	for _, f := range files {
		if filepath.Clean(f.Dir()) == dir && f.Index() > c.to {
			break
		}
		r := wlog.NewReader(wlog.NewSegmentBufReader(f))
		for r.Next() {
			if c.closing.Load() {
				return errLogClosed
			}
			if err := c.record(r.Record()); err != nil {
				return &wlog.CorruptionErr{Dir: f.Dir(), Segment: f.Index(), Offset: r.Offset(), Err: err}
			}
			if len(c.e.buf) >= recordBytes {
				if err := c.flush(); err != nil {
					return err
				}
			}
		}
		if err := r.Err(); err != nil {
			return err
		}
	}
	err := c.metadata.each(func(some []logrecord.RefMetadata) error {
		c.e.metadata(some)
		return c.flush()
	})
	if err != nil {
		return err
	}
	return c.flush()
}

func (c *checkpoint) flush() error {
	c.e.end()
	recs := c.e.records()
	if len(recs) == 0 {
		return nil
	}
	if err := c.out.Log(recs...); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	c.e.reset()
	return nil
}

// record takes over what is needed of one record. Of kinds that the head does not
// write nothing is.
func (c *checkpoint) record(rec []byte) error {
	switch c.dec.Type(rec) {
	case logrecord.Series:
		return unexpectedIn("series", c.series(rec))
	case logrecord.Samples, logrecord.SamplesV2:
		return unexpectedIn("samples", c.samples(rec))
	case logrecord.Exemplars:
		return unexpectedIn("exemplars", c.exemplars(rec))
	case logrecord.Metadata:
		return unexpectedIn("metadata", c.describe(rec))
	}
	return nil
}

// keeps reports whether the log must go on to have a series: it lives, or the segments
// that stay may have samples of it. These are in a block, but somebody may be
// forwarding them and have forgotten the labels that no checkpoint has.
func (c *checkpoint) keeps(ref chunks.HeadSeriesRef) bool {
	return c.live(ref) || c.gone.since(ref) > c.to
}

func (c *checkpoint) series(rec []byte) error {
	c.e.end()
	err := eachSeries(rec, &c.builder, func(ref chunks.HeadSeriesRef, ls labels.Labels) {
		if !c.live(ref) {
			switch since := c.gone.since(ref); {
			case since < 0:
				c.goners = append(c.goners, ref)
			case since <= c.to:
				return
			}
		}
		c.e.series(ref, ls)
	})
	c.e.end()
	return err
}

// samples keeps those that no block has. Most records have none of these, and nearly
// all others nothing else.
func (c *checkpoint) samples(rec []byte) error {
	if c.dec.Type(rec) == logrecord.Samples && !c.anyYoung(rec[1:]) {
		return nil
	}
	all, err := c.dec.Samples(rec, nil)
	if err != nil {
		return err
	}
	n := 0
	for _, s := range all {
		if s.T >= c.maxt && c.live(s.Ref) {
			all[n] = s
			n++
		}
	}
	if n > 0 {
		s := logrecord.Encoder{EnableSTStorage: c.dec.Type(rec) == logrecord.SamplesV2}
		c.e.buf = s.Samples(all[:n], c.e.buf)
		c.e.end()
	}
	return nil
}

// anyYoung reports whether a record of samples has one that no block has, or may be
// damaged.
func (c *checkpoint) anyYoung(b []byte) bool {
	if len(b) < 16 {
		return len(b) > 0
	}
	t0 := int64(binary.BigEndian.Uint64(b[8:]))
	for b = b[16:]; len(b) > 0; b = b[8:] {
		_, n := varint(b)
		if n <= 0 {
			return true
		}
		dt, m := varint(b[n:])
		if m <= 0 || t0+dt >= c.maxt || len(b) < n+m+8 {
			return true
		}
		b = b[n+m:]
	}
	return false
}

func (c *checkpoint) exemplars(rec []byte) error {
	var kept []logrecord.RefExemplar
	err := eachExemplar(rec, &c.builder, func(x logrecord.RefExemplar) {
		if x.T >= c.maxt && c.live(x.Ref) {
			kept = append(kept, x)
		}
	})
	if err == nil && len(kept) > 0 {
		c.e.buf = c.e.enc.Exemplars(kept, c.e.buf)
		c.e.end()
	}
	return err
}

func (c *checkpoint) describe(rec []byte) error {
	return eachMetadata(rec, func(m logrecord.RefMetadata) {
		if c.keeps(m.Ref) {
			c.metadata.set(m)
		}
	})
}
