package promapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
)

// timedEngine makes every query whose time is over fail as one. The engine does so where it
// finds that out itself; while it gathers series the error is that of the context, which the API
// takes for one of the query and answers with 422 instead of 503.
type timedEngine struct{ promql.QueryEngine }

// NewInstantQuery returns a query at one time.
func (e timedEngine) NewInstantQuery(ctx context.Context, q storage.Queryable, opts promql.QueryOpts, qs string, ts time.Time) (promql.Query, error) {
	query, err := e.QueryEngine.NewInstantQuery(ctx, q, opts, qs, ts)
	if err != nil {
		return nil, err
	}
	return timedQuery{query}, nil
}

// NewRangeQuery returns a query over a range of time.
func (e timedEngine) NewRangeQuery(ctx context.Context, q storage.Queryable, opts promql.QueryOpts, qs string, start, end time.Time, interval time.Duration) (promql.Query, error) {
	query, err := e.QueryEngine.NewRangeQuery(ctx, q, opts, qs, start, end, interval)
	if err != nil {
		return nil, err
	}
	return timedQuery{query}, nil
}

type timedQuery struct{ promql.Query }

// Exec executes the query.
func (q timedQuery) Exec(ctx context.Context) *promql.Result {
	r := q.Query.Exec(ctx)
	var timeout promql.ErrQueryTimeout
	if errors.Is(r.Err, context.DeadlineExceeded) && !errors.As(r.Err, &timeout) {
		r.Err = fmt.Errorf("%w: %w", promql.ErrQueryTimeout("gathering series"), r.Err)
	}
	return r
}
