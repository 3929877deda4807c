package app

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/report"
	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// Changes are told of from changesBefore the onset to changesAfter the end.
const (
	changesBefore = 2 * time.Hour
	changesAfter  = 30 * time.Minute
	mostChanges   = 500
	mostGapsTold  = 100
)

// reports returns what the pages and the program may ask to be written.
func (a *App) reports(c *Core) web.Reports {
	cfg := a.loaded.config.Reports
	return web.Reports{
		Postmortem: func(ctx context.Context, id string) (report.Postmortem, error) { return c.Postmortem(ctx, id, cfg) },
		Runbook:    func(_ context.Context, name string) ([]byte, error) { return a.runbookFolder(cfg).Read(name) },
		Runbooks:   func(context.Context) ([]string, error) { return a.runbookFolder(cfg).Names() },
		Learn: func(ctx context.Context, names []string) ([]web.RunbookWritten, error) {
			return a.learn(ctx, c, cfg, names)
		},
		Week: func(ctx context.Context, from, to time.Time) (report.Week, error) {
			return a.week(ctx, c, cfg, from, to)
		},
		Capture: func(ctx context.Context, r web.CaptureRequest, w io.Writer) error { return a.capture(ctx, c, r, w) },
	}
}

// Postmortem writes down what is known of an incident; see report.Build.
func (c *Core) Postmortem(ctx context.Context, id string, cfg report.Config) (report.Postmortem, error) {
	in, err := c.reportInput(ctx, id)
	if err != nil {
		return report.Postmortem{}, err
	}
	if in.Similar, err = c.alike(ctx, in.Incident); err != nil {
		return report.Postmortem{}, err
	}
	if in.Charts, err = c.reportCharts(ctx, in); err != nil {
		return report.Postmortem{}, err
	}
	return report.Build(in, cfg), nil
}

// reportInput reads what a report on an incident is made of, but for charts and
// similar incidents.
func (c *Core) reportInput(ctx context.Context, id string) (in report.Input, err error) {
	in.BaseURL = c.externalURL
	if in.Incident, _, err = c.incidents.Get(ctx, id); err != nil {
		return in, err
	}
	if in.Records, err = c.incidents.Records(ctx, id); err != nil {
		return in, err
	}
	ranking, made, err := c.rankings.Latest(ctx, id)
	if err != nil {
		return in, err
	}
	if made {
		in.Ranking = &ranking
	}
	from, to := reportSpan(in.Incident)
	if in.Changes, err = c.reportChanges(ctx, in, from, to); err != nil {
		return in, err
	}
	if in.Told, err = c.Outbox().Deliveries(ctx, id); err != nil {
		return in, fmt.Errorf("who was told of incident %s: %w", id, err)
	}
	if in.Budgets, err = c.budgetsSpent(ctx, in.Incident, from, to); err != nil {
		return in, err
	}
	in.Gaps, err = c.gaps.List(ctx, from.Add(-time.Hour), mostGapsTold)
	slices.Reverse(in.Gaps)
	return in, err
}

// reportSpan is the time of an incident, up to its latest change while it goes on.
func reportSpan(i incident.Incident) (from, to time.Time) {
	to = i.Updated
	if !i.Resolved.IsZero() {
		to = i.Resolved
	}
	return onsetOf(i), to
}

// reportChanges returns the changes around the incident of its services and of those
// of its suspects, and the suspects themselves, each with the word on it.
func (c *Core) reportChanges(ctx context.Context, in report.Input, from, to time.Time) ([]report.Change, error) {
	services := map[string]bool{in.Incident.Service: true}
	for _, o := range in.Incident.Occurrences {
		services[o.Service] = true
	}
	list, err := c.feed.List(ctx, change.Filter{From: from.Add(-changesBefore), To: to.Add(changesAfter), Limit: mostChanges})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	var out []report.Change
	add := func(ch telemetry.Change) error {
		if known[ch.ID] {
			return nil
		}
		known[ch.ID] = true
		one := report.Change{Change: ch}
		v, _, judged, err := c.feed.Verdict(ctx, ch.ID)
		if judged {
			one.Verdict = &v
		}
		out = append(out, one)
		return err
	}
	if in.Ranking != nil {
		for n, f := range in.Ranking.Findings {
			if f.Change != nil && (n == 0 || f.Probability >= likelySuspect) {
				services[f.Change.Service] = true
			}
		}
	}
	for _, ch := range list {
		if services[ch.Service] {
			if err := add(ch); err != nil {
				return nil, err
			}
		}
	}
	if in.Ranking != nil && len(in.Ranking.Findings) > 0 && in.Ranking.Findings[0].Change != nil {
		if err := add(*in.Ranking.Findings[0].Change); err != nil { // it may have begun long before
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b report.Change) int {
		if d := a.Started.Compare(b.Started); d != 0 {
			return d
		}
		return compareText(a.ID, b.ID)
	})
	return out, nil
}

// likelySuspect is the probability from which the service of a suspect is told of.
const likelySuspect = 0.05

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// budgetsSpent returns what the incident cost each objective of its service.
func (c *Core) budgetsSpent(ctx context.Context, i incident.Incident, from, to time.Time) ([]report.Budget, error) {
	all, err := c.engine.Objectives(ctx, to)
	if err != nil {
		return nil, err
	}
	var out []report.Budget
	for _, o := range all {
		if o.Service != i.Service || o.Objective.Shadow || i.Environment != "" && o.Environment != "" && o.Environment != i.Environment {
			continue
		}
		query := fmt.Sprintf("%s{slo=%q,service=%q,environment=%q}", slo.BudgetSeries, o.Objective.Name, o.Service, o.Environment)
		b := report.Budget{Objective: o.Objective.Name, Target: o.Objective.Target, Window: o.Objective.Window}
		if b.Before, err = c.single(ctx, query, from); err == nil {
			b.After, err = c.single(ctx, query, to)
		}
		if err != nil {
			return nil, fmt.Errorf("budget of %s: %w", o.Objective.Name, err)
		}
		out = append(out, b)
	}
	return out, nil
}

// single returns the value of a query at a time, NaN when it has none.
func (c *Core) single(ctx context.Context, query string, at time.Time) (telemetry.Number, error) {
	v, err := c.Query(ctx, query, at)
	if err != nil || len(v) != 1 {
		return telemetry.Number(math.NaN()), err
	}
	return telemetry.Number(v[0].F), nil
}
