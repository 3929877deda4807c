package rules

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
)

// backfillSpan bounds the range of one query of a backfill, so that its memory
// does not grow with the length of the history.
const backfillSpan = 6 * time.Hour

// Backfill computes every signal over stored history from `from` to `to`, both
// included, one value per step, and stores and shows the results as if they had
// been recorded then: after an import, or when a signal is new, the detector
// need not wait days for its baseline. Rates are taken over the configured
// window or two and a half steps, whichever is longer. Values that the store
// refuses, as older than its out-of-order window or already there, are counted
// in the second result. It may take seconds and holds no lock of the engine.
func (e *Engine) Backfill(ctx context.Context, from, to time.Time, step time.Duration) (stored, refused int, err error) {
	return e.BackfillInto(ctx, e.opts.Appendable, from, to, step)
}

// BackfillInto is Backfill with another place for the results: what is older than
// the store takes as samples can go into blocks of its own.
func (e *Engine) BackfillInto(ctx context.Context, into storage.AppendableV2, from, to time.Time, step time.Duration) (stored, refused int, err error) {
	if step <= 0 || to.Before(from) {
		return 0, 0, fmt.Errorf("backfill signals: want a positive step and from before to, got step %s from %s to %s",
			step, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	e.view.RLock()
	cat := e.counted
	e.view.RUnlock()
	if cat == nil {
		return 0, 0, nil
	}
	compiled, err := cat.Compile(e.resolution(), max(e.cfg.RateWindow.Std(), step*5/2))
	if err != nil {
		return 0, 0, fmt.Errorf("backfill signals: %w", err)
	}
	into = excluding{into, e.opts.Maintenance}
	have, err := e.storedMetrics(ctx, compiled.Metrics(), from, to)
	if err != nil {
		return 0, 0, fmt.Errorf("backfill signals: look for their metrics: %w", err)
	}
	for _, s := range cat.Signals() {
		expr := compiled.Expr(s.Name, func(m string) bool { return slices.Contains(have, m) })
		if expr == "" {
			continue
		}
		for start := from; !start.After(to); start = start.Add(backfillSpan) {
			end := start.Add(backfillSpan - step)
			if end.After(to) {
				end = to
			}
			n, bad, err := e.backfill(ctx, into, s.Metric(), expr, span{start, end, step})
			stored, refused = stored+n, refused+bad
			if err != nil {
				return stored, refused, fmt.Errorf("backfill signal %s from %s: %w", s.Name, start.Format(time.RFC3339), err)
			}
		}
	}
	return stored, refused, nil
}

// span is a range of a query.
type span struct {
	from, to time.Time
	step     time.Duration
}

// backfill stores one signal over one span.
func (e *Engine) backfill(ctx context.Context, into storage.AppendableV2, metric, expr string, s span) (stored, refused int, err error) {
	q, err := e.opts.Query.NewRangeQuery(ctx, e.opts.Queryable, nil, expr, s.from, s.to, s.step)
	if err != nil {
		return 0, 0, err
	}
	defer q.Close()
	m, err := q.Exec(ctx).Matrix()
	if err != nil {
		return 0, 0, err
	}
	app := into.AppenderV2(ctx)
	for _, series := range m {
		n, bad := appendSeries(app, metric, series)
		stored, refused = stored+n, refused+bad
	}
	return stored, refused, app.Commit()
}

// appendSeries appends the points of a result under the metric's name. A point
// that is refused does not stop the others.
func appendSeries(app storage.AppenderV2, metric string, s promql.Series) (stored, refused int) {
	b := labels.NewBuilder(s.Metric)
	b.Set(labels.MetricName, metric)
	l := b.Labels()
	var ref storage.SeriesRef
	for _, p := range s.Floats {
		var none *histogram.Histogram
		got, err := app.Append(ref, l, 0, p.T, p.F, none, nil, storage.AppendV2Options{})
		if err != nil {
			refused++
			continue
		}
		ref = got
		stored++
	}
	return stored, refused
}
