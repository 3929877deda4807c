package app

import (
	"context"
	"errors"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// overPast lays what rules record over what was stored before: a name that they
// record is read from there alone, any other from the past.
type overPast struct {
	recorded   storage.Queryable
	past       storage.Queryable
	isRecorded func(metric string) bool
}

// Querier returns a querier over both.
func (o overPast) Querier(mint, maxt int64) (storage.Querier, error) {
	r, err := o.recorded.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	p, err := o.past.Querier(mint, maxt)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	p = &hiding{Querier: p, hidden: o.isRecorded}
	return &eitherQuerier{
		Querier:  storage.NewMergeQuerier([]storage.Querier{r, p}, nil, storage.ChainedSeriesMerge),
		recorded: r, past: p, isRecorded: o.isRecorded,
	}, nil
}

// ChunkQuerier is not asked for by rules.
func (overPast) ChunkQuerier(int64, int64) (storage.ChunkQuerier, error) {
	return nil, errors.New("chunks of the past cannot be read")
}

// eitherQuerier asks one side where the name of the metric says which, and else
// both together.
type eitherQuerier struct {
	storage.Querier
	recorded, past storage.Querier
	isRecorded     func(metric string) bool
}

// Select returns the series that the matchers select.
func (q *eitherQuerier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	for _, m := range ms {
		if m.Name != labels.MetricName || m.Type != labels.MatchEqual || m.Value == "" {
			continue
		}
		if q.isRecorded(m.Value) {
			return q.recorded.Select(ctx, sorted, hints, ms...)
		}
		return q.past.Select(ctx, sorted, hints, ms...)
	}
	return q.Querier.Select(ctx, sorted, hints, ms...)
}

// hiding leaves out the series of some metrics.
type hiding struct {
	storage.Querier
	hidden func(metric string) bool
}

// Select returns the series that are not hidden.
func (h *hiding) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	return &shownSet{SeriesSet: h.Querier.Select(ctx, sorted, hints, ms...), hidden: h.hidden}
}

// LabelValues returns the values of a label; of metric names only those that are
// not hidden.
func (h *hiding) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	all, notes, err := h.Querier.LabelValues(ctx, name, hints, ms...)
	if name != labels.MetricName {
		return all, notes, err
	}
	shown := make([]string, 0, len(all))
	for _, v := range all {
		if !h.hidden(v) {
			shown = append(shown, v)
		}
	}
	return shown, notes, err
}

// shownSet passes over series that are hidden.
type shownSet struct {
	storage.SeriesSet
	hidden func(metric string) bool
}

// Next moves to the next series that is not hidden.
func (s *shownSet) Next() bool {
	for s.SeriesSet.Next() {
		if !s.hidden(s.At().Labels().Get(labels.MetricName)) {
			return true
		}
	}
	return false
}
