package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/tsdb/tombstones"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// repairLogs makes the logs readable to their ends. A damaged segment is put aside
// and replaced by one with all of its records that can be read, so that damage
// costs the records it is in and not, as the TSDB's own repair has it, all that
// come after. No TSDB may be open on the folder. prefix is put before the names of
// logs in what is told.
func repairLogs(o TSDBOptions, prefix string, aside *asideFolder) ([]Damage, error) {
	r := repairer{o: o, prefix: prefix}
	if err := r.lookAtAll(); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(r.damaged, func(d damagedSegment) bool { return d.found.Log != prefix+"wbl" }) {
		if err := r.reserve(); err != nil {
			return nil, err
		}
	}
	var found []Damage
	var err error
	for _, x := range r.damaged {
		if x.found.Kept, err = aside.keep(x.path, x.found.Log); err != nil {
			return found, err
		}
		if err := r.rewrite(x.segment); err != nil {
			return found, err
		}
		found = append(found, x.found)
	}
	return found, nil
}

// repairer repairs the folders of one store.
type repairer struct {
	o       TSDBOptions
	prefix  string
	decoder recordDecoder
	damaged []damagedSegment
}

type damagedSegment struct {
	segment
	found Damage
}

func (r *repairer) lookAtAll() error {
	wal := filepath.Join(r.o.Dir, "wal")
	err := eachCheckpoint(wal, func(dir string, _ int) error { return r.look(dir, "checkpoint") })
	for _, name := range logNames {
		if err == nil {
			err = r.look(filepath.Join(r.o.Dir, name), name)
		}
	}
	return err
}

// look notes the damaged segments in one folder.
func (r *repairer) look(dir, kind string) error {
	segments, err := segmentsIn(dir)
	if err != nil {
		return fmt.Errorf("repair the log: %w", err)
	}
	for _, s := range segments {
		scan, err := scanSegment(s.path, r.decoder.understands)
		if err != nil {
			return err
		}
		if scan.damaged() {
			d := Damage{At: r.o.now(), Log: r.prefix + kind, Segment: s.name, Records: scan.lost, Bytes: scan.bytes, Cut: scan.cut}
			r.damaged = append(r.damaged, damagedSegment{s, d})
		}
	}
	return nil
}

// rewrite replaces a segment by one with its whole records.
func (r *repairer) rewrite(s segment) error {
	err := r.write(s.path, s.size, func(w *wlog.WL) (err error) {
		_, serr := scanSegment(s.path, func(rec []byte) bool {
			if !r.decoder.understands(rec) {
				return false
			}
			err = errors.Join(err, w.Log(rec))
			return err == nil
		})
		return errors.Join(err, serr)
	})
	if err != nil {
		return fmt.Errorf("rewrite segment %s of the log: %w", s.path, err)
	}
	return nil
}

// reserve adds a segment that keeps the TSDB from giving a reference to a new series
// while the logs still have samples under it, whose own series is lost: samples of
// two series would be mixed. The TSDB gives none up to that of a tombstone.
func (r *repairer) reserve() error {
	if r.decoder.highest == 0 {
		return nil
	}
	dir := filepath.Join(r.o.Dir, "wal")
	segments, err := segmentsIn(dir)
	if err != nil {
		return fmt.Errorf("repair the log: %w", err)
	}
	next := 0
	if err := eachCheckpoint(dir, func(_ string, covers int) error { next = max(next, covers+1); return nil }); err != nil {
		return err
	}
	if len(segments) > 0 {
		next = max(next, segments[len(segments)-1].number+1)
	}
	err = r.write(filepath.Join(dir, fmt.Sprintf("%08d", next)), 0, func(w *wlog.WL) error {
		var e record.Encoder
		return w.Log(e.Tombstones([]tombstones.Stone{{
			Ref: storage.SeriesRef(r.decoder.highest), Intervals: tombstones.Intervals{{Mint: 1, Maxt: 1}},
		}}, nil))
	})
	if err != nil {
		return fmt.Errorf("reserve references of lost series: %w", err)
	}
	return nil
}

// write makes a segment of what do logs, about size bytes, and puts it at path,
// whatever was there.
func (r *repairer) write(path string, size int64, do func(*wlog.WL) error) error {
	tmp := filepath.Join(r.o.Dir, rewritingDir)
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	// Large enough that all goes into one file.
	bound := (int(size)/walPage + 2) * 2 * walPage
	w, err := wlog.NewSize(slog.New(slog.DiscardHandler), nil, tmp, bound, walCompressions[r.o.Config.WALCompression])
	if err != nil {
		return err
	}
	if err := errors.Join(do(w), w.Close()); err != nil {
		return err
	}
	written, err := segmentsIn(tmp)
	if err != nil {
		return err
	}
	if len(written) != 1 {
		return fmt.Errorf("it became %d files, want 1", len(written))
	}
	return os.Rename(written[0].path, path)
}

// recordDecoder tells whether the TSDB will understand a record, and remembers the
// highest reference of a series that it saw.
type recordDecoder struct{ highest chunks.HeadSeriesRef }

func (d *recordDecoder) saw(ref chunks.HeadSeriesRef) { d.highest = max(d.highest, ref) }

func (d *recordDecoder) understands(rec []byte) bool {
	dec := record.NewDecoder(labels.NewSymbolTable(), slog.New(slog.DiscardHandler))
	var err error
	switch dec.Type(rec) {
	case record.Series:
		var all []record.RefSeries
		all, err = dec.Series(rec, nil)
		for _, x := range all {
			d.saw(x.Ref)
		}
	case record.Samples, record.SamplesV2:
		var all []record.RefSample
		all, err = dec.Samples(rec, nil)
		for _, x := range all {
			d.saw(x.Ref)
		}
	case record.HistogramSamples, record.CustomBucketsHistogramSamples, record.HistogramSamplesV2:
		var all []record.RefHistogramSample
		all, err = dec.HistogramSamples(rec, nil)
		for _, x := range all {
			d.saw(x.Ref)
		}
	case record.FloatHistogramSamples, record.CustomBucketsFloatHistogramSamples, record.FloatHistogramSamplesV2:
		var all []record.RefFloatHistogramSample
		all, err = dec.FloatHistogramSamples(rec, nil)
		for _, x := range all {
			d.saw(x.Ref)
		}
	case record.Tombstones:
		_, err = dec.Tombstones(rec, nil)
	case record.Exemplars:
		_, err = dec.Exemplars(rec, nil)
	case record.Metadata:
		_, err = dec.Metadata(rec, nil)
	}
	return err == nil // records of types unknown to us are for a newer program
}

const (
	checkpointPrefix = "checkpoint."
	rewritingDir     = "wal-rewriting" // beside the logs, while a segment is rewritten
)

// eachCheckpoint hands over the checkpoints in a log's folder and the number of
// the last segment that each covers.
func eachCheckpoint(wal string, do func(dir string, covers int) error) error {
	entries, err := os.ReadDir(wal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list checkpoints of the log: %w", err)
	}
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), checkpointPrefix)
		if !ok || !e.IsDir() {
			continue
		}
		var covers int
		if _, err := fmt.Sscanf(digits+"\n", "%d\n", &covers); err != nil {
			continue
		}
		if err := do(filepath.Join(wal, e.Name()), covers); err != nil {
			return err
		}
	}
	return nil
}
