package store

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// held is a hold on the TSDB that is given up once.
type held struct {
	d    *DB
	g    *generation
	done atomic.Bool
}

func (h *held) drop() {
	if !h.done.Swap(true) {
		h.d.release(h.g)
	}
}

type heldAppenderV2 struct {
	storage.AppenderV2
	held
	epoch int
}

// Append keeps the head's series meanwhile; see baseLife.
func (a *heldAppenderV2) Append(ref storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AppendV2Options) (storage.SeriesRef, error) {
	a.g.head.Begin()
	defer a.g.head.End()
	return a.g.appendBase(context.Background(), a.AppenderV2, ref, ls, st, t, v, h, fh, opts)
}

func (a *heldAppenderV2) Commit() error {
	defer a.end()
	return a.g.commitBase(a.AppenderV2)
}

func (a *heldAppenderV2) Rollback() error {
	defer a.end()
	return a.AppenderV2.Rollback()
}

func (a *heldAppenderV2) end() {
	if !a.done.Swap(true) {
		a.g.appenders.leave(a.epoch)
		a.d.release(a.g)
	}
}

// noAppender stands for an appender while no TSDB is open.
type noAppender struct{ err error }

func (a noAppender) Append(storage.SeriesRef, labels.Labels, int64, int64, float64, *histogram.Histogram, *histogram.FloatHistogram, storage.AppendV2Options) (storage.SeriesRef, error) {
	return 0, a.err
}
func (a noAppender) Commit() error   { return a.err }
func (a noAppender) Rollback() error { return nil }
