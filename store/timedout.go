package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/annotations"
)

// timedOut makes an error that comes of the end of a query's time one that the API knows
// for that: it answers 503 then, and else that the query cannot be executed. The query engine
// does so only for what it finds out itself between two series.
func timedOut(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", promql.ErrQueryTimeout("reading series"), err)
	}
	return err
}

// timedSet is a set whose error may be that.
type timedSet struct{ storage.SeriesSet }

// Err returns the first error.
func (s timedSet) Err() error { return timedOut(s.SeriesSet.Err()) }

// Select returns the series that match.
func (q *heldQuerier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	return timedSet{q.Querier.Select(ctx, sorted, hints, ms...)}
}

// LabelValues returns the values of a label.
func (q *heldQuerier) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	values, warnings, err := q.Querier.LabelValues(ctx, name, hints, ms...)
	return values, warnings, timedOut(err)
}

// LabelNames returns the names of labels.
func (q *heldQuerier) LabelNames(ctx context.Context, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	names, warnings, err := q.Querier.LabelNames(ctx, hints, ms...)
	return names, warnings, timedOut(err)
}
