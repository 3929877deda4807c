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
	// below (above) or from above, the zero time if not within the horizon.
	Until(series labels.Labels, threshold float64, above bool, horizon time.Duration) (at time.Time, ok bool)
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
	if f.Until {
		at, ok := e.opts.Foresight.Until(series, f.Limit, f.Above, untilReach*f.Horizon)
		if !ok {
			return nil
		}
		seconds := math.Inf(1)
		if !at.IsZero() {
			seconds = max(0, at.Sub(slot).Seconds())
		}
		return add(condition.UntilMetric, seconds)
	}
	value, lower, upper, ok := e.opts.Foresight.Predict(series, slot.Add(f.Horizon))
	if !ok {
		return nil
	}
	lo, hi := c.Signal.Unit.Bounds()
	bound := func(v float64) float64 { return min(max(v, lo), hi) }
	return errors.Join(add(condition.ForecastMetric, bound(value)),
		add(condition.LowerMetric, bound(lower)), add(condition.UpperMetric, bound(upper)))
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

// foreseenFigures is the sentence with the figures of an alert on the future of
// what.
func foreseenFigures(what string, a Alert) string {
	v := float64(a.Value)
	limit, until := strings.CutPrefix(a.Foreseen, "until ")
	switch {
	case !until:
		return fmt.Sprintf("%s is expected to be %s %s", what, signal.Unit(a.Unit).Format(v), a.Foreseen)
	case math.IsInf(v, 1):
		return what + " is not expected to reach " + limit
	case v == 0:
		return what + " has reached " + limit
	}
	return fmt.Sprintf("%s is expected to reach %s in %s", what, limit, signal.Seconds.Format(v))
}
