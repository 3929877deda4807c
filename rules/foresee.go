package rules

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/rules/condition"
	"github.com/tocsinhq/tocsin/rules/signal"
)

// Foresight knows what series will be. Its methods answer false for series of
// which nothing can be said yet.
type Foresight interface {
	// Predict returns the value expected at a time and the bounds that hold it
	// in nine of ten cases.
	Predict(series labels.Labels, at time.Time) (value, lower, upper float64, ok bool)
	// Until returns when the series is expected to reach the threshold from
	// below (above) or from above.
	Until(series labels.Labels, threshold float64, above bool, horizon time.Duration) (at Crossing, ok bool)
}

// Crossing is when a threshold is reached; the times lie in eight of ten cases between
// Earliest and Latest. Each is the zero time if not within the horizon asked about.
type Crossing struct {
	Earliest, Likely, Latest time.Time
}

// foresees returns what the conditions of the alerts want to know of the future,
// each once.
func foresees(files []AlertFile) []condition.Comparison {
	var out []condition.Comparison
	at := map[string]int{} // index in out by recorded series
	for _, f := range files {
		for _, r := range f.Alerts {
			for _, c := range r.Condition.Comparisons() {
				if c.Future == nil {
					continue
				}
				key := c.Series()
				i, known := at[key]
				switch {
				case !known:
					at[key] = len(out)
					out = append(out, c)
				case c.Future.Horizon > out[i].Future.Horizon:
					out[i] = c
				}
			}
		}
	}
	return out
}

// foresee records, at the slot at which the signals were just recorded, what
// their series are expected to be, for every condition that asks. A signal
// without a fresh value has no forecast.
func (e *Engine) foresee(ctx context.Context, slot time.Time) error {
	if e.opts.Foresight == nil || len(e.foreseen) == 0 {
		return nil
	}
	app := e.opts.Appendable.AppenderV2(ctx)
	var errs []error
	for _, c := range e.foreseen {
		fresh := fmt.Sprintf("%s and timestamp(%[1]s) >= %s", c.Signal.Metric(), strconv.FormatFloat(float64(slot.UnixMilli())/1000, 'f', -1, 64))
		v, err := e.query(ctx, fresh, slot)
		if err != nil {
			errs = append(errs, fmt.Errorf("foresee %s: read its series: %w", c.Signal.Name, err))
		}
		for _, s := range v {
			if err := e.foreseeSeries(app, c, s.Metric, slot); err != nil {
				errs = append(errs, fmt.Errorf("foresee %s: store: %w", s.Metric, err))
			}
		}
	}
	if err := app.Commit(); err != nil {
		errs = append(errs, fmt.Errorf("foresee: store: %w", err))
	}
	return errors.Join(errs...)
}

// foreseeSeries appends what a comparison reads of one series.
func (e *Engine) foreseeSeries(app storage.AppenderV2, c condition.Comparison, series labels.Labels, slot time.Time) error {
	f := c.Future
	b := labels.NewBuilder(series)
	for _, l := range f.Labels(c.Signal) {
		b.Set(l[0], l[1])
	}
	add := func(metric string, v float64) error {
		b.Set(labels.MetricName, metric)
		_, err := app.Append(0, b.Labels(), 0, slot.UnixMilli(), v, nil, nil, storage.AppendV2Options{})
		return err
	}
	expected, near, far := f.Metrics()
	if f.Until {
		at, ok := e.opts.Foresight.Until(series, f.Limit, f.Above, untilReach*f.Horizon)
		if !ok {
			return nil
		}
		seconds := func(at time.Time) float64 {
			if at.IsZero() {
				return math.Inf(1)
			}
			return max(0, at.Sub(slot).Seconds())
		}
		return errors.Join(add(expected, seconds(at.Likely)), add(near, seconds(at.Earliest)), add(far, seconds(at.Latest)))
	}
	value, lower, upper, ok := e.opts.Foresight.Predict(series, slot.Add(f.Horizon))
	if !ok {
		return nil
	}
	lo, hi := c.Signal.Unit.Bounds()
	bound := func(v float64) float64 { return min(max(v, lo), hi) }
	return errors.Join(add(expected, bound(value)), add(near, bound(lower)), add(far, bound(upper)))
}

// untilReach is by how much farther than a condition asks its crossing is looked
// for, so that people see it come.
const untilReach = 2

// foreseen says in a few words what of a signal's future a comparison reads, as it
// stands in an alert.
func foreseen(c condition.Comparison) string {
	if c.Future.Until {
		return "until " + c.Signal.Unit.Format(c.Future.Limit)
	}
	return "in " + condition.Ahead(c.Future.Horizon)
}

// describeFuture tells what of the future is read, and how sure that is.
func (e *Engine) describeFuture(ctx context.Context, c condition.Comparison, out *Alert, at time.Time) {
	out.Foreseen = foreseen(c)
	near, far := c.Bounds(identity(c, out.Labels)...)
	bounds := Bounds{unknown, unknown}
	if e.valueOf(ctx, near, at, &bounds.Near) && e.valueOf(ctx, far, at, &bounds.Far) {
		out.Bounds = &bounds
	}
}

// foreseenFigures is the sentence with the figures of an alert on the future of
// what.
func foreseenFigures(what string, a Alert) string {
	v := float64(a.Value)
	limit, until := strings.CutPrefix(a.Foreseen, "until ")
	switch {
	case !until:
		return fmt.Sprintf("%s is expected to be %s %s%s", what, signal.Unit(a.Unit).Format(v), a.Foreseen, between(a.Bounds, signal.Unit(a.Unit)))
	case math.IsInf(v, 1):
		return what + " is not expected to reach " + limit
	case v == 0:
		return what + " has reached " + limit
	}
	return fmt.Sprintf("%s is expected to reach %s in %s%s", what, limit, signal.Seconds.Format(v), between(a.Bounds, signal.Seconds))
}

// between says in brackets within which bounds what is foreseen lies; "" when
// nobody knows.
func between(b *Bounds, unit signal.Unit) string {
	switch {
	case b == nil || math.IsNaN(float64(b.Near)):
		return ""
	case !(float64(b.Far) < math.Inf(1)): // JSON has no infinity, and gives none back
		return fmt.Sprintf(" (%s at the earliest)", unit.Format(float64(b.Near)))
	}
	return fmt.Sprintf(" (%s to %s)", unit.Format(float64(b.Near)), unit.Format(float64(b.Far)))
}
