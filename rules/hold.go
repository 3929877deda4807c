package rules

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/rules/condition"
	"github.com/tocsinhq/tocsin/rules/signal"
)

// known reports whether the data behind an alert that its rule no longer has
// still come in, so that its absence is a recovery and not a silence.
func (e *Engine) known(ctx context.Context, info *ruleInfo, x *entry, at time.Time) bool {
	if info.objective != nil {
		return e.objectiveKnown(ctx, info.objective, x.alert.Labels, at)
	}
	if info.alert == nil {
		f := flow{engine: e, ctx: ctx, labels: resultLabels(info.rule, x.alert.Labels), lastTrue: x.lastTrue.Add(-info.offset), at: at}
		return f.of(info.rule.Query(), false)
	}
	holds, known := info.alert.Stays().Judge(func(c condition.Comparison) (bool, bool) {
		return e.judge(ctx, c, x.alert.Labels, at)
	})
	return known && !holds
}

// judge decides one comparison for the series of an alert. It is known when
// the recorded series has a fresh value and the series that the value was made
// of still come in: a rate goes on being recorded, and falls, for the length of
// its window after its counter stopped.
func (e *Engine) judge(ctx context.Context, c condition.Comparison, l map[string]string, at time.Time) (holds, known bool) {
	own := identity(c, l)
	v, err := e.query(ctx, c.PromQL(own...), at)
	if err != nil {
		return false, false
	}
	last, ok := e.newest(ctx, c.Series(own...), at)
	if !ok || at.Sub(last) > 3*e.cfg.Interval.Std() {
		return false, false
	}
	if len(v) > 0 {
		return true, true
	}
	return false, e.sourceFlows(ctx, c.Signal, l, at)
}

// newest returns the time of the newest sample that the selector finds.
func (e *Engine) newest(ctx context.Context, selector string, at time.Time) (time.Time, bool) {
	v, err := e.query(ctx, "max(timestamp("+selector+"))", at)
	if err != nil || len(v) == 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(math.Round(v[0].F * 1000))), true
}

// lookback is how far PromQL looks for the newest sample of a series.
const lookback = 5 * time.Minute

// flows reports whether the selector finds series and their newest sample is
// no older than two and a half times the distance at which they came.
func (e *Engine) flows(ctx context.Context, selector string, at time.Time) (flowing, found bool) {
	last, ok := e.newest(ctx, selector, at)
	if !ok {
		return false, false
	}
	limit := lookback
	v, err := e.query(ctx, fmt.Sprintf("max(count_over_time(%s[%s]))", selector, "5m"), last)
	if err == nil && len(v) > 0 && v[0].F >= 2 {
		limit = max(time.Duration(2.5*float64(lookback)/v[0].F), 2*time.Second)
	}
	return at.Sub(last) <= limit, true
}

// sourceFlows reports whether any series that the signal is made of still
// comes in for the service of an alert. When none can be found by the labels
// that name services, the recorded series alone is believed.
func (e *Engine) sourceFlows(ctx context.Context, s signal.Signal, l map[string]string, at time.Time) bool {
	names, keys := e.sources(s)
	if l["service"] == "" || len(names) == 0 {
		return true
	}
	anyFound := false
	for _, k := range keys {
		sel := fmt.Sprintf("{__name__=~%q,%s=%q", strings.Join(names, "|"), k, l["service"])
		if i := l["instance"]; i != "" && s.PerInstance {
			sel += fmt.Sprintf(",instance=%q", i)
		}
		flowing, found := e.flows(ctx, sel+"}", at)
		if flowing {
			return true
		}
		anyFound = anyFound || found
	}
	return !anyFound
}

// sources returns the metric names that the signal is made of and the labels
// in which they may name the service.
func (e *Engine) sources(s signal.Signal) (names, keys []string) {
	keys = e.opts.Owner.Labels()
	for _, v := range s.Variants {
		for _, k := range v.ServiceLabels {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	return e.compiled.MetricsOf(s.Name), keys
}
