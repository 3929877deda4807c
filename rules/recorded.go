package rules

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	prules "github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
)

// followMetrics looks which metrics of the catalogue the store has and, when
// there are new ones, makes the recording rules of the signals anew with the
// variants that read them. What was recorded keeps its state. A metric that
// disappears keeps its place until the program is started anew.
func (e *Engine) followMetrics(ctx context.Context, s *scheduled, slot time.Time) error {
	found, err := e.metricsInStore(ctx, slot)
	if err != nil {
		return fmt.Errorf("look for the metrics of signals: %w", err)
	}
	grown := false
	for _, name := range found {
		if !e.have[name] {
			e.have[name], grown = true, true
		}
	}
	if !grown {
		return nil
	}
	e.loader.groups = map[string]*rulefmt.RuleGroups{signalsFile: e.signalGroups()}
	fresh, errs := e.man.LoadGroups(e.cfg.Interval.Std(), e.opts.ExternalLabels, e.opts.ExternalURL.String(), nil, false, signalsFile)
	if len(errs) > 0 {
		return fmt.Errorf("record signals: %w", errs[0])
	}
	now := fresh[prules.GroupKey(signalsFile, signalsGroup)]
	now.CopyState(s.group)
	s.group = now
	return nil
}

// signalGroups returns the recording rules for the metrics that were found.
func (e *Engine) signalGroups() *rulefmt.RuleGroups {
	g := e.compiled.Group(signalsGroup, func(m string) bool { return e.have[m] })
	return &rulefmt.RuleGroups{Groups: []rulefmt.RuleGroup{g}}
}

func (e *Engine) metricsInStore(ctx context.Context, slot time.Time) ([]string, error) {
	from := slot.Add(-e.cfg.QueryOffset.Std() - lookback)
	return e.storedMetrics(ctx, e.compiled.Metrics(), from, slot)
}

// storedMetrics returns those of the metrics that have a series in the range.
func (e *Engine) storedMetrics(ctx context.Context, metrics []string, from, to time.Time) ([]string, error) {
	if len(metrics) == 0 {
		return nil, nil
	}
	q, err := e.opts.Queryable.Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer q.Close()
	m, err := labels.NewMatcher(labels.MatchRegexp, model.MetricNameLabel, strings.Join(metrics, "|"))
	if err != nil {
		return nil, err
	}
	names, _, err := q.LabelValues(ctx, model.MetricNameLabel, &storage.LabelHints{}, m)
	for i := range names {
		names[i] = strings.Clone(names[i]) // those of a block are unmapped with it
	}
	return names, err
}
