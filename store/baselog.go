package store

import (
	"context"
	"errors"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// The base writes a transaction to its log and only then to memory, the record of a series
// with the transaction that made it. Where two transactions have samples of one series,
// the second may so come before the first in the log: samples before the record that
// says whose they are, or late ones behind newer ones while in memory they were in order.
// A replay passes over both. So transactions end one after another, and a series is in the
// log before a transaction with its samples ends.

// baseLogError is an error of the base's log, which leaves it in doubt.
type baseLogError struct{ error }

func (e baseLogError) Unwrap() error { return e.error }

// appendBase puts a sample into a transaction of the base, which is to end in commitBase or
// in Rollback, and returns the reference of its series. It is errNoLabels where the
// reference is not known and no labels are given.
func (g *generation) appendBase(ctx context.Context, app storage.AppenderV2, ref storage.SeriesRef, ls labels.Labels, st, at int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AppendV2Options) (storage.SeriesRef, error) {
	if ref != 0 {
		// Without labels it makes no series.
		have, err := app.Append(ref, labels.EmptyLabels(), st, at, v, h, fh, opts)
		if !errors.Is(err, tsdb.ErrInvalidSample) {
			return have, err
		}
	}
	if ls.IsEmpty() {
		return 0, errNoLabels
	}
	ref, err := g.baseSeries(ctx, ls, st, at, v, h, fh)
	if err != nil {
		return 0, err
	}
	return app.Append(ref, ls, st, at, v, h, fh, opts)
}

// baseSeries returns the base's reference of the series of a sample. One that the base
// has not is made; it is in the log when the next commitBase begins.
func (g *generation) baseSeries(ctx context.Context, ls labels.Labels, st, at int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram) (storage.SeriesRef, error) {
	if ref := g.baseRef(ls); ref != 0 {
		return ref, nil
	}
	g.baseLog.Lock()
	defer g.baseLog.Unlock()
	if ref := g.baseRef(ls); ref != 0 {
		return ref, nil
	}
	// What is rolled back leaves its series, and logs them.
	app := g.base.AppenderV2(ctx)
	ref, err := app.Append(0, ls, st, at, v, h, fh, storage.AppendV2Options{})
	if rollback := app.Rollback(); rollback != nil {
		return 0, errors.Join(err, baseLogError{rollback})
	}
	if err != nil {
		return 0, err
	}
	g.refs.saw(ref)
	return ref, nil
}

// commitBase ends a transaction of the base whose series are those that baseSeries has
// returned.
func (g *generation) commitBase(app storage.AppenderV2) error {
	g.baseLog.Lock()
	defer g.baseLog.Unlock()
	return app.Commit()
}
