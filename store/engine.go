package store

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store/head"
)

// QueryEngine is a PromQL engine that lets the store know when it will look at no more
// than the newest sample of each series. It is safe for concurrent use.
type QueryEngine struct {
	*promql.Engine
	lookback time.Duration // where a query names none
}

// NewInstantQuery returns a query at one time.
func (e *QueryEngine) NewInstantQuery(ctx context.Context, q storage.Queryable, opts promql.QueryOpts, qs string, ts time.Time) (promql.Query, error) {
	lookback := e.lookback
	if opts != nil && opts.LookbackDelta() > 0 {
		lookback = opts.LookbackDelta()
	}
	return e.Engine.NewInstantQuery(ctx, instantly{q, lookback}, opts, qs, ts)
}

// instantly is what an instant query asks.
type instantly struct {
	storage.Queryable
	lookback time.Duration
}

// Querier returns a querier.
func (i instantly) Querier(mint, maxt int64) (storage.Querier, error) {
	q, err := i.Queryable.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return instantQuerier{q, i.lookback}, nil
}

type instantQuerier struct {
	storage.Querier
	lookback time.Duration
}

// Select returns the series that match. A selector outside of ranges and subqueries is
// looked at once, at the end of its time, which then is as long as the engine looks back.
// One that is smoothed has a longer time, and looks beyond.
func (q instantQuerier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	if hints != nil && hints.Step == 0 && hints.Range == 0 && hints.End-hints.Start < q.lookback.Milliseconds() && hints.Func != "info" {
		ctx = head.OnlyNewest(ctx, hints)
	}
	return q.Querier.Select(ctx, sorted, hints, ms...)
}
