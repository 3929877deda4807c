package backfill

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Stored is a Source of a TSDB on this machine: a data folder of Prometheus or of
// a daemon, with its log, also while that is running; a folder of blocks; or one
// block.
type Stored struct {
	dir      string
	from, to int64
	ok       bool
	q        storage.Querier
	close    func() error
}

// OpenStored opens a folder for reading. Nothing in it is changed, but see
// store.OpenReadOnly.
func OpenStored(dir string, now time.Time, log *slog.Logger) (*Stored, error) {
	s := &Stored{dir: dir, from: math.MaxInt64, to: math.MinInt64}
	if abs, err := filepath.Abs(dir); err == nil {
		s.dir = abs
	}
	metas, log0, err := describe(dir)
	if err != nil {
		return nil, err
	}
	for _, m := range metas {
		s.from, s.to, s.ok = min(s.from, m.MinTime), max(s.to, m.MaxTime-1), true
	}
	if log0 {
		s.to = max(s.to, now.UnixMilli())
		s.q, s.close, err = store.OpenReadOnly(dir, math.MinInt64, math.MaxInt64, log)
		return s, err
	}
	if len(metas) == 0 {
		return nil, fmt.Errorf("no blocks in %q: want a data folder of Prometheus, a folder of blocks, or one block, which has a file meta.json", dir)
	}
	if err := s.openBlocks(metas, log); err != nil {
		return nil, err
	}
	return s, nil
}

// described is the description of a block and where it is.
type described struct {
	tsdb.BlockMeta
	dir string
}

// describe finds the blocks of a folder and says whether it has a log beside them.
func describe(dir string) (found []described, hasLog bool, err error) {
	if m, err := readMeta(dir); err == nil {
		return []described{m}, false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	at := dir
	if is(filepath.Join(dir, "tsdb", "wal")) {
		at = filepath.Join(dir, "tsdb")
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		return nil, false, err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		m, err := readMeta(filepath.Join(at, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		found = append(found, m)
	}
	return found, is(filepath.Join(at, "wal")), nil
}

func is(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// openBlocks opens blocks without a log.
func (s *Stored) openBlocks(metas []described, log *slog.Logger) (err error) {
	var closers []func() error
	s.close = func() error {
		var errs []error
		for i := len(closers) - 1; i >= 0; i-- {
			errs = append(errs, closers[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	var queriers []storage.Querier
	for _, m := range metas {
		b, err := tsdb.OpenBlock(log, m.dir, nil, nil)
		if err != nil {
			return fmt.Errorf("open block %s: %w", m.dir, err)
		}
		closers = append(closers, b.Close)
		q, err := tsdb.NewBlockQuerier(b, math.MinInt64, math.MaxInt64)
		if err != nil {
			return fmt.Errorf("open block %s: %w", m.dir, err)
		}
		closers = append(closers, q.Close)
		queriers = append(queriers, q)
	}
	s.q = storage.NewMergeQuerier(queriers, nil, storage.ChainedSeriesMerge)
	return nil
}

// Name is the folder.
func (s *Stored) Name() string { return s.dir }

// Span is that of the blocks, up to now with a log. A log alone is read as a whole.
func (s *Stored) Span() (from, to int64, ok bool) { return s.from, s.to, s.ok }

// Skipped is empty: what blocks hold can be taken over. They hold no exemplars.
func (s *Stored) Skipped() map[string]int64 { return nil }

// Close gives the folder back.
func (s *Stored) Close() error { return s.close() }

// Read hands over series by series.
func (s *Stored) Read(ctx context.Context, q Query, take func(Stretch) error) error {
	selectors := q.Selectors
	if len(selectors) == 0 {
		selectors = [][]*labels.Matcher{{labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+")}}
	}
	hints := &storage.SelectHints{Start: q.From, End: q.To}
	for i, ms := range selectors {
		before := Query{Selectors: selectors[:i]}
		set := s.q.Select(ctx, false, hints, ms...)
		var it chunkenc.Iterator
		for set.Next() {
			l := set.At().Labels()
			if i > 0 && before.matches(l) {
				continue // was among those of an earlier selector
			}
			it = set.At().Iterator(it)
			if err := each(l, it, take); err != nil {
				return fmt.Errorf("%s: %s: %w", s.dir, l, err)
			}
		}
		if err := set.Err(); err != nil {
			return fmt.Errorf("%s: %w", s.dir, err)
		}
	}
	return nil
}

// each hands over the samples of one series.
func each(l labels.Labels, it chunkenc.Iterator, take func(Stretch) error) error {
	s := Stretch{Labels: l}
	for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
		switch vt {
		case chunkenc.ValFloat:
			t, v := it.At()
			s.Floats = append(s.Floats, telemetry.Sample{T: t, V: v})
		case chunkenc.ValHistogram:
			t, h := it.AtHistogram(nil)
			s.Histograms = append(s.Histograms, telemetry.HistogramSample{T: t, Int: h})
		case chunkenc.ValFloatHistogram:
			t, h := it.AtFloatHistogram(nil)
			s.Histograms = append(s.Histograms, telemetry.HistogramSample{T: t, Float: h})
		}
		if len(s.Floats)+len(s.Histograms) == stretchMost {
			if err := take(s); err != nil {
				return err
			}
			s.Floats, s.Histograms = s.Floats[:0], s.Histograms[:0]
		}
	}
	if err := it.Err(); err != nil {
		return err
	}
	if len(s.Floats)+len(s.Histograms) == 0 {
		return nil
	}
	return take(s)
}
