package app

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/backfill"
	"github.com/tocsinhq/tocsin/telemetry"
)

// signalSource is a backfill.Source of the signals over the time of an import: a
// series that was recorded gets what lies before its first sample.
type signalSource struct {
	c        *Core
	mark     string
	from, to int64
	failed   error            // of who takes the samples
	first    map[uint64]int64 // by hash of labels: time of the first sample that is stored
}

// newSignalSource looks what signals have been recorded already.
func (c *Core) newSignalSource(ctx context.Context, m *backfill.Mark) (*signalSource, error) {
	s := &signalSource{c: c, mark: m.ID, from: m.From, to: m.To, first: map[uint64]int64{}}
	cat := c.engine.Catalogue()
	oldest, newest, ok := c.timeRange()
	if cat == nil || !ok {
		return s, nil
	}
	q, err := c.tsdb.Querier(oldest, newest)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	var it chunkenc.Iterator
	for _, sig := range cat.Signals() {
		set := q.Select(ctx, false, nil, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, sig.Metric()))
		for set.Next() {
			if it = set.At().Iterator(it); it.Next() != chunkenc.ValNone {
				s.first[set.At().Labels().Hash()] = it.AtT()
			}
		}
		if err := set.Err(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *signalSource) Name() string                    { return "signals of import " + s.mark }
func (s *signalSource) Span() (from, to int64, ok bool) { return s.from, s.to, true }
func (s *signalSource) Skipped() map[string]int64       { return nil }
func (s *signalSource) Close() error                    { return nil }

// Read computes the signals of a window.
func (s *signalSource) Read(ctx context.Context, q backfill.Query, take func(backfill.Stretch) error) error {
	step := s.c.ruleInterval
	// Steps are the same whichever the window.
	from := time.UnixMilli(q.From).Truncate(step)
	if from.UnixMilli() < q.From {
		from = from.Add(step)
	}
	_, _, err := s.c.engine.BackfillInto(ctx, &taking{s, take}, from, time.UnixMilli(q.To), step)
	return err
}

// taking gives samples on instead of storing them.
type taking struct {
	s    *signalSource
	take func(backfill.Stretch) error
}

func (t *taking) AppenderV2(context.Context) storage.AppenderV2 { return t }

var errRecorded = errors.New("was recorded")

func (t *taking) Append(ref storage.SeriesRef, l labels.Labels, _, at int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, _ storage.AppendV2Options) (storage.SeriesRef, error) {
	first, ok := t.s.first[l.Hash()]
	if !ok {
		first = math.MaxInt64
	}
	if at >= first || h != nil || fh != nil {
		return ref, errRecorded
	}
	err := t.take(backfill.Stretch{Labels: l, Floats: []telemetry.Sample{{T: at, V: v}}})
	if err != nil && t.s.failed == nil {
		t.s.failed = err
	}
	return ref, err
}

// Commit tells what went wrong on the way, which one refused sample does not.
func (t *taking) Commit() error   { return t.s.failed }
func (t *taking) Rollback() error { return nil }
