package rules

import (
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// matchers narrows the recorded series to the services of the rule.
func (r AlertRule) matchers() []string {
	if len(r.Services) == 0 {
		return nil
	}
	if len(r.Services) == 1 && !strings.Contains(r.Services[0], "*") {
		return []string{fmt.Sprintf("service=%q", r.Services[0])}
	}
	globs := make([]string, len(r.Services))
	for i, s := range r.Services {
		globs[i] = globPattern(s)
	}
	return []string{fmt.Sprintf("service=~%q", strings.Join(globs, "|"))}
}

// Explain returns the PromQL that the rule evaluates or, for an event, the
// condition as written. That of an alert that lingers has two halves: what it
// fires on, and what it goes on under while it is among the series of
// StandingMetric.
func (r AlertRule) Explain() string {
	if r.Condition.Event != nil {
		return r.Condition.Text
	}
	fires := r.Condition.PromQL(r.matchers()...)
	if !r.Lingers() {
		return fires
	}
	if t := r.MinTraffic; t != nil {
		fires = fmt.Sprintf("(%s) and on (service, environment) %s >= %s", fires, t.selector(r.matchers()), number(t.Least))
	}
	return fmt.Sprintf("(%s) or ((%s) and on (%s) %s{alertname=%q})",
		fires, r.Stays().PromQL(r.matchers()...), strings.Join(r.Condition.Labels(), ", "), StandingMetric, r.Name)
}

func (t Traffic) selector(matchers []string) string {
	if len(matchers) == 0 {
		return t.Signal.Metric()
	}
	return t.Signal.Metric() + "{" + strings.Join(matchers, ",") + "}"
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// compile returns the rule as one of Prometheus.
func (r AlertRule) compile() rulefmt.Rule {
	l := map[string]string{"severity": r.Severity}
	maps.Copy(l, r.Labels)
	return rulefmt.Rule{
		Alert: r.Name, Expr: r.Explain(),
		For: model.Duration(r.Duration), KeepFiringFor: model.Duration(r.KeepFiringFor),
		Labels: l, Annotations: r.Annotations,
	}
}

// checkTemplates lets Prometheus itself read the rule, above all the templates
// in its labels and annotations.
func (r AlertRule) checkTemplates() error {
	rule := r.compile()
	if r.Condition.Event != nil {
		rule.Expr = "vector(1)"
	}
	text, err := yaml.Marshal(rulefmt.RuleGroups{Groups: []rulefmt.RuleGroup{{Name: "alert", Rules: []rulefmt.Rule{rule}}}})
	if err != nil {
		return err
	}
	_, errs := rulefmt.Parse(text, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		if one, ok := err.(*rulefmt.Error); ok {
			return one.Err.Unwrap()
		}
		return err
	}
	return nil
}

// Groups returns the alerts on signals as rule groups; alerts on events are
// not among them. There is no group when there are none.
func (f AlertFile) Groups() *rulefmt.RuleGroups {
	g := rulefmt.RuleGroup{Name: "alerts"}
	for _, r := range f.Alerts {
		if r.Condition.Event == nil {
			g.Rules = append(g.Rules, r.compile())
		}
	}
	if len(g.Rules) == 0 {
		return &rulefmt.RuleGroups{}
	}
	return &rulefmt.RuleGroups{Groups: []rulefmt.RuleGroup{g}}
}
