package rules

import (
	"context"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// untrimmed asks a store for whole chunks. PromQL passes over samples outside of
// the times that it asks for by itself; the store would look at each of them once
// more to cut them off.
type untrimmed struct{ storage.Queryable }

// Querier returns a querier over a range of time in milliseconds.
func (u untrimmed) Querier(mint, maxt int64) (storage.Querier, error) {
	q, err := u.Queryable.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return untrimmedQuerier{q}, nil
}

type untrimmedQuerier struct{ storage.Querier }

// Select returns the series that the matchers select.
func (q untrimmedQuerier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	if hints != nil {
		whole := *hints
		whole.DisableTrimming = true
		hints = &whole
	}
	return q.Querier.Select(ctx, sorted, hints, ms...)
}
