package trial

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// maxSteps bounds the evaluations of one group, so that a slip in a duration is
// told at once and not after hours.
const maxSteps = 5_000_000

func (f *File) check(report func(path, format string, args ...any)) {
	if f.EvaluationInterval < span(time.Millisecond) {
		report("evaluation_interval", "want a positive duration, got %s", f.EvaluationInterval)
	}
	for i, name := range f.GroupEvalOrder {
		if slices.Contains(f.GroupEvalOrder[:i], name) {
			report(fmt.Sprintf("group_eval_order[%d]", i), "the group %q is named twice", name)
		}
	}
}

func (g *Group) check(report func(path, format string, args ...any)) {
	if g.Interval < span(time.Millisecond) {
		report("interval", "want a positive duration, got %s", g.Interval)
	}
	for i, t := range g.AlertRuleTests {
		if t.Alertname == "" {
			report(at("alert_rule_test", i)+".alertname", "want the name of an alert")
		}
	}
	for i, in := range g.InputSeries {
		in.check(func(field, format string, args ...any) { report(at("input_series", i)+field, format, args...) })
	}
	for i, c := range g.Changes {
		if c.Service == "" {
			report(at("changes", i)+".service", "want the service that is changed")
		}
	}
	g.checkGaps(report)
	for i, t := range g.AlertStateTests {
		path := at("alert_state_test", i)
		t.check(path, report)
		if t.Alertname == "" {
			report(path+".alertname", "want the name of an alert")
		}
		oneOf(report, path+".state", t.State, "none", "pending", "firing", "held", "stale_source")
	}
	for i, t := range g.AnomalyTests {
		path := at("anomaly_test", i)
		t.check(path, report)
		if t.Service == "" && t.Name == "" {
			report(path, "want a service, a name or both")
		}
	}
	for i, t := range g.IncidentTests {
		path := at("incident_test", i)
		t.check(path, report)
		if t.State != "" {
			oneOf(report, path+".state", t.State, "none", "open", "acknowledged", "resolved")
		}
		if t.Severity != "" {
			oneOf(report, path+".severity", t.Severity, "info", "warning", "critical")
		}
		if t.Count == nil && t.State == "" && t.Severity == "" && t.Title == "" && t.Suspect == "" && t.Timeline == "" {
			report(path, "want at least one of state, severity, title, suspect, timeline and count")
		}
	}
	for i, t := range g.NotificationTests {
		path := at("notification_test", i)
		t.check(path, report)
		if t.EvalTime != nil {
			report(path+".eval_time", "want from and to: a message is sent in a while and not at a time")
		}
		if t.Count != nil && t.Never {
			report(path+".never", "want count or never, got both")
		}
	}
}

func (g *Group) checkGaps(report func(path, format string, args ...any)) {
	p := parser.NewParser(parser.Options{})
	for i, gap := range g.Gaps {
		path := at("gaps", i)
		if gap.To < gap.From {
			report(path+".to", "want a time not before %s, got %s", gap.From, gap.To)
		}
		if gap.Series != "" {
			if _, err := p.ParseMetricSelector(gap.Series); err != nil {
				report(path+".series", "want a selector such as {service=\"pay\"}: %v", err)
			}
		}
		switch {
		case gap.Tocsin && (gap.Series != "" || gap.Stale):
			report(path+".tocsin", "the daemon is down for all series; want no series and no stale with it")
		case gap.Late && !gap.Tocsin:
			report(path+".late", "want tocsin: true with it; a sender that is silent sends nothing later")
		}
	}
}

func (w Window) check(path string, report func(path, format string, args ...any)) {
	switch {
	case w.EvalTime != nil && (w.From != nil || w.To != nil):
		report(path+".eval_time", "want eval_time, or from and to, got both")
	case w.From != nil && w.To != nil && *w.To < *w.From:
		report(path+".to", "want a time not before %s, got %s", *w.From, *w.To)
	}
}

func oneOf(report func(path, format string, args ...any), path, got string, known ...string) {
	if !slices.Contains(known, got) {
		report(path, "want one of %s, got %q", strings.Join(known, ", "), got)
	}
}

func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// end returns the last time at which something is wanted.
func (g *Group) end() time.Duration {
	var end time.Duration
	for _, t := range g.AlertRuleTests {
		end = max(end, t.EvalTime.std())
	}
	for _, t := range g.PromqlTests {
		end = max(end, t.EvalTime.std())
	}
	for _, t := range g.AlertStateTests {
		end = max(end, t.last())
	}
	for _, t := range g.AnomalyTests {
		end = max(end, t.last())
	}
	for _, t := range g.IncidentTests {
		end = max(end, t.last())
	}
	for _, t := range g.NotificationTests {
		end = max(end, t.last())
	}
	return end
}
