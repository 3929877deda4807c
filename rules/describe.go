package rules

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	prules "github.com/prometheus/prometheus/rules"

	"github.com/tocsinhq/tocsin/rules/condition"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// describe makes an Alert of a firing alert of a rule. drawn is its Query if that
// is known from before, which is more work to find than the alert is to evaluate.
func (e *Engine) describe(ctx context.Context, info *ruleInfo, a *prules.Alert, drawn string, ts time.Time) Alert {
	l := a.Labels.Map()
	out := Alert{
		Fingerprint: Fingerprint(l),
		Name:        info.rule.Name(),
		Service:     e.opts.Owner.Service(a.Labels),
		Environment: e.environment(l),
		Severity:    severityOf(l["severity"]),
		State:       AlertFiring,
		Since:       a.ActiveAt,
		At:          ts,
		Value:       telemetry.Number(a.Value),
		Threshold:   unknown,
		Expr:        info.rule.Query().String(),
		Labels:      l,
		Annotations: a.Annotations.Map(),
		Source:      info.source,
	}
	at := ts.Add(-info.offset)
	switch {
	case info.alert != nil:
		e.describeSignal(ctx, info.alert, &out, at)
	case info.objective != nil:
		e.describeObjective(ctx, info.objective, &out, at)
	default:
		e.describePlain(ctx, info.rule, &out, drawn, at)
	}
	if drawn != "" {
		out.Query = drawn
	}
	out.Summary = summary(out)
	return out
}

// describeSignal fills in what the condition of an alerts.yml rule says. Of
// several comparisons the first that holds is the one shown, else the first.
func (e *Engine) describeSignal(ctx context.Context, r *AlertRule, out *Alert, at time.Time) {
	out.Channels, out.Shadow = slices.Clone(r.Channels), r.Shadow
	if r.Recovery != nil {
		out.Recovery = r.Recovery.Text
	}
	all := r.Condition.Comparisons()
	shown := all[0]
	if len(all) > 1 || r.Lingers() {
		holds := slices.IndexFunc(all, func(c condition.Comparison) bool {
			return e.valueOf(ctx, c.PromQL(identity(c, out.Labels)...), at, &out.Value)
		})
		if holds >= 0 {
			shown = all[holds]
		} else {
			e.valueOf(ctx, shown.Series(identity(shown, out.Labels)...), at, &out.Value)
		}
	}
	if len(all) == 1 && !shown.Relative() {
		out.Threshold = telemetry.Number(shown.Threshold)
	}
	if shown.Anomaly != nil {
		e.describeAnomaly(ctx, shown, out, at)
	}
	out.Below = shown.Op == condition.Less || shown.Op == condition.LessEqual
	out.Signal, out.Unit = shown.Signal.Name, string(shown.Signal.Unit)
	out.Query = shown.Series(identity(shown, out.Labels)...)
	if f := shown.Future; f != nil {
		e.describeFuture(ctx, shown, out, at)
		if f.Until {
			out.Unit = string(signal.Seconds)
		}
	}
}

// describeAnomaly tells the value itself, with what the detector says of it.
func (e *Engine) describeAnomaly(ctx context.Context, c condition.Comparison, out *Alert, at time.Time) {
	own := identity(c, out.Labels)
	e.valueOf(ctx, c.Series(own...), at, &out.Value)
	odd := Oddness{unknown, unknown}
	e.valueOf(ctx, c.Band(telemetry.BandExpected, own...), at, &odd.Expected)
	if e.valueOf(ctx, c.Band(telemetry.BandAnomaly, own...), at, &odd.Score) {
		odd.Score = telemetry.Number(math.Abs(float64(odd.Score)))
	}
	out.Oddness = &odd
}

// valueOf sets v to the first value of a query, if it has one.
func (e *Engine) valueOf(ctx context.Context, query string, at time.Time, v *telemetry.Number) bool {
	found, err := e.query(ctx, query, at)
	if err != nil || len(found) == 0 {
		return false
	}
	*v = telemetry.Number(found[0].F)
	return true
}

// identity narrows the recorded series of a comparison to those of an alert.
func identity(c condition.Comparison, l map[string]string) []string {
	var out []string
	for _, n := range c.Signal.Labels() {
		if l[n] != "" {
			out = append(out, fmt.Sprintf("%s=%q", n, l[n]))
		}
	}
	return out
}

// describePlain reads threshold and series from `series > number`, the series only
// if nothing is drawn yet.
func (e *Engine) describePlain(ctx context.Context, r *prules.AlertingRule, out *Alert, drawn string, at time.Time) {
	series := r.Query()
	if b, ok := unwrap(series).(*parser.BinaryExpr); ok && b.Op.IsComparisonOperator() {
		out.Below = b.Op == parser.LSS || b.Op == parser.LTE
		if n, ok := unwrap(b.RHS).(*parser.NumberLiteral); ok {
			out.Threshold = telemetry.Number(n.Val)
			series = b.LHS
		}
	}
	if drawn == "" {
		out.Query = e.narrowed(ctx, series, resultLabels(r, out.Labels), at)
	}
}

// unknown is a figure that an alert does not have.
var unknown = telemetry.Number(math.NaN())

func unwrap(e parser.Expr) parser.Expr {
	for {
		p, ok := e.(*parser.ParenExpr)
		if !ok {
			return e
		}
		e = p.Expr
	}
}

// revalue gives an alert that is about to be resolved its present value.
func (e *Engine) revalue(ctx context.Context, info *ruleInfo, x *entry, at time.Time) {
	if info.alert == nil || x.alert.Query == "" {
		return
	}
	x.alert.Oddness, x.alert.Bounds = nil, nil
	if c := info.alert.Condition.Comparisons(); len(c) == 1 && c[0].Future != nil {
		e.describeFuture(ctx, c[0], &x.alert, at) // one from before a restart does not know
	}
	if v, err := e.query(ctx, x.alert.Query, at); err == nil && len(v) == 1 {
		x.alert.Value = telemetry.Number(v[0].F)
	}
}

func (e *Engine) environment(l map[string]string) string {
	for _, n := range e.cfg.EnvironmentLabels {
		if l[n] != "" {
			return l[n]
		}
	}
	return ""
}

// severityOf reads the common words for severities; what it does not know is
// a warning.
func severityOf(word string) string {
	switch strings.ToLower(word) {
	case "info", "information", "informational", "notice", "none", "low", "debug":
		return "info"
	case "critical", "crit", "page", "error", "high", "emergency", "fatal", "disaster", "sev1", "p1":
		return "critical"
	}
	return "warning"
}

// summary is the rule's own sentence, or one with the figures.
func summary(a Alert) string {
	for _, n := range []string{"summary", "description", "message"} {
		if s := strings.TrimSpace(a.Annotations[n]); s != "" {
			return s
		}
	}
	return figures(a)
}

func figures(a Alert) string {
	what, unit := a.Signal, signal.Unit(a.Unit)
	if what == "" {
		what = a.Name
	}
	if a.Service != "" {
		what += " of " + a.Service
	}
	if a.Environment != "" {
		what += " in " + a.Environment
	}
	if i := a.Labels["instance"]; i != "" {
		what += " on " + i
	}
	s := what + " is " + unit.Format(float64(a.Value))
	if a.Foreseen != "" {
		s = foreseenFigures(what, a)
	}
	if o := a.Oddness; o != nil {
		s += fmt.Sprintf(" against an expected %s, anomaly score %.3f", unit.Format(float64(o.Expected)), float64(o.Score))
	}
	limit := ""
	if !math.IsNaN(float64(a.Threshold)) {
		limit = "limit " + unit.Format(float64(a.Threshold))
	}
	if a.Recovery != "" {
		limit = strings.TrimPrefix(limit+", ends at "+a.Recovery, ", ")
	}
	if limit != "" {
		s += " (" + limit + ")"
	}
	return s
}

func heldSummary(a Alert) string {
	return fmt.Sprintf("%s is held: its data stopped, so nobody knows whether it recovered; last known: %s", a.Name, figures(a))
}

func resolvedSummary(a Alert, why string) string {
	if why != "" {
		return a.Name + " " + why
	}
	if a.Foreseen != "" {
		return figures(a)
	}
	if a.Signal != "" {
		return figures(a) + " again"
	}
	return a.Name + " is no longer true"
}
