package backfill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	// commitEvery bounds the samples that wait in an appender.
	commitEvery = 20_000
	// lateMost bounds the samples that came after newer ones of their series and
	// wait for a block of their own; 40 bytes each.
	lateMost = 2_000_000
	// MaxSeries is how many series one block may have; those beyond get another of
	// the same time. About two kilobytes of memory each while it is written.
	MaxSeries = 250_000
)

// newest is what is known of the newest sample of a series in the block at hand.
type newest struct {
	t    int64
	bits uint64
}

// ranger writes the blocks of one range of time.
type ranger struct {
	dir      string
	width    int64
	most     int                 // series of one block
	over     func(Stretch) error // takes what is of further series
	log      *slog.Logger
	report   *Report
	w        *tsdb.BlockWriter
	app      storage.AppenderV2
	waiting  int // samples in the appender
	known    map[uint64]newest
	late     map[uint64]*Stretch
	lateness int
	blocks   []ulid.ULID
}

func newRanger(dir string, width int64, most int, over func(Stretch) error, r *Report) *ranger {
	return &ranger{dir: dir, width: width, most: most, over: over, report: r, log: slog.New(slog.NewTextHandler(io.Discard, nil)), late: map[uint64]*Stretch{}}
}

func (r *ranger) open(ctx context.Context) (err error) {
	// A head takes no sample that is older than its newest by half its width, so
	// it is made twice as wide as what it gets.
	if r.w, err = tsdb.NewBlockWriter(r.log, r.dir, 2*r.width); err != nil {
		return fmt.Errorf("begin a block: %w", err)
	}
	r.app, r.known = r.w.AppenderV2(ctx), map[uint64]newest{}
	return nil
}

// add takes a stretch. Samples of a series that are older than what the block has
// of it wait for a later one.
func (r *ranger) add(ctx context.Context, s Stretch) error {
	if r.w == nil {
		if err := r.open(ctx); err != nil {
			return err
		}
	}
	key := s.Labels.Hash()
	at, known := r.known[key]
	if !known {
		if len(r.known) >= r.most {
			return r.over(s)
		}
		at.t = math.MinInt64
	}
	slices.SortStableFunc(s.Floats, func(a, b telemetry.Sample) int { return cmp.Compare(a.T, b.T) })
	slices.SortStableFunc(s.Histograms, func(a, b telemetry.HistogramSample) int { return cmp.Compare(a.T, b.T) })
	var ref storage.SeriesRef
	for i, j := 0, 0; i < len(s.Floats) || j < len(s.Histograms); {
		if j == len(s.Histograms) || i < len(s.Floats) && s.Floats[i].T <= s.Histograms[j].T {
			p := s.Floats[i]
			i++
			bits := math.Float64bits(p.V)
			switch {
			case p.T < at.t:
				r.wait(key, s.Labels, p, telemetry.HistogramSample{})
				continue
			case p.T == at.t && bits == at.bits:
				r.report.Repeated++
				continue
			case p.T == at.t:
				r.report.Conflicts++
				continue
			}
			if err := r.append(ctx, &ref, s.Labels, p.T, p.V, telemetry.HistogramSample{}); err != nil {
				return err
			}
			at = newest{p.T, bits}
			continue
		}
		h := s.Histograms[j]
		j++
		switch {
		case h.T < at.t:
			r.wait(key, s.Labels, telemetry.Sample{}, h)
			continue
		case h.T == at.t:
			r.report.Repeated++
			continue
		}
		if err := r.append(ctx, &ref, s.Labels, h.T, 0, h); err != nil {
			return err
		}
		at = newest{t: h.T}
	}
	r.known[key] = at
	if r.lateness >= lateMost {
		return r.flush(ctx)
	}
	return nil
}

func (r *ranger) append(ctx context.Context, ref *storage.SeriesRef, l labels.Labels, t int64, v float64, h telemetry.HistogramSample) error {
	got, err := r.app.Append(*ref, l, 0, t, v, h.Int, h.Float, storage.AppendV2Options{})
	if err != nil {
		return fmt.Errorf("sample of %s at %s: %w", l, stamp(t), err)
	}
	*ref = got
	if r.waiting++; r.waiting < commitEvery {
		return nil
	}
	r.waiting = 0
	if err := r.app.Commit(); err != nil {
		return fmt.Errorf("write a block: %w", err)
	}
	r.app = r.w.AppenderV2(ctx)
	return nil
}

// wait keeps a sample, h or p if there is no histogram, for a later block.
func (r *ranger) wait(key uint64, l labels.Labels, p telemetry.Sample, h telemetry.HistogramSample) {
	s := r.late[key]
	for s != nil && !labels.Equal(s.Labels, l) { // two series with one hash
		key++
		s = r.late[key]
	}
	if s == nil {
		s = &Stretch{Labels: l}
		r.late[key] = s
	}
	if h.Int != nil || h.Float != nil {
		s.Histograms = append(s.Histograms, h)
	} else {
		s.Floats = append(s.Floats, p)
	}
	r.lateness++
}

// finish writes what there is and returns the blocks, none if there was nothing.
func (r *ranger) finish(ctx context.Context) ([]ulid.ULID, error) {
	if err := r.flush(ctx); err != nil {
		return nil, err
	}
	return r.blocks, nil
}

// flush ends the block at hand, and writes those of the samples that wait: now
// they are in order.
func (r *ranger) flush(ctx context.Context) error {
	if r.w == nil {
		return nil
	}
	if err := r.app.Commit(); err != nil {
		return fmt.Errorf("write a block: %w", err)
	}
	id, err := r.w.Flush(ctx)
	if err = errors.Join(err, r.w.Close()); err != nil {
		return fmt.Errorf("write a block: %w", err)
	}
	r.w, r.app, r.waiting, r.known = nil, nil, 0, nil
	if id != (ulid.ULID{}) {
		r.blocks = append(r.blocks, id)
	}
	if r.lateness == 0 {
		return nil
	}
	late := r.late
	r.late, r.lateness = map[uint64]*Stretch{}, 0
	for _, s := range late {
		if err := r.add(ctx, *s); err != nil {
			return err
		}
	}
	return r.flush(ctx)
}

// abandon gives back what a block that is not to be written holds.
func (r *ranger) abandon() error {
	if r.w == nil {
		return nil
	}
	err := errors.Join(r.app.Rollback(), r.w.Close())
	r.w = nil
	return err
}
