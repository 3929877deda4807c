package store

import (
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

type heldQuerier struct {
	storage.Querier
	held
}

func (q *heldQuerier) Close() error {
	defer q.drop()
	return q.Querier.Close()
}

type heldChunkQuerier struct {
	storage.ChunkQuerier
	held
}

func (q *heldChunkQuerier) Close() error {
	defer q.drop()
	return q.ChunkQuerier.Close()
}

type heldAppenderV2 struct {
	storage.AppenderV2
	held
}

func (a *heldAppenderV2) Commit() error {
	defer a.drop()
	return a.AppenderV2.Commit()
}

func (a *heldAppenderV2) Rollback() error {
	defer a.drop()
	return a.AppenderV2.Rollback()
}

// noAppender stands for an appender while no TSDB is open.
type noAppender struct{ err error }

func (a noAppender) Append(storage.SeriesRef, labels.Labels, int64, int64, float64, *histogram.Histogram, *histogram.FloatHistogram, storage.AppendV2Options) (storage.SeriesRef, error) {
	return 0, a.err
}
func (a noAppender) Commit() error   { return a.err }
func (a noAppender) Rollback() error { return nil }
