package slo

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// The recorded series of an objective.
const (
	Prefix       = signal.Prefix + "slo:"
	EventsSeries = Prefix + "events"      // events in the window
	RatioSeries  = Prefix + "error_ratio" // share of bad ones
	BurnSeries   = Prefix + "burn_rate"   // 1 uses up the budget in exactly the objective's window
	ProofSeries  = Prefix + "evidence"    // see Evidence
	BudgetSeries = Prefix + "budget_left" // 1 untouched, 0 used up, negative overdrawn
	TargetSeries = Prefix + "objective"   // the target, for dashboards
	SpanSeries   = Prefix + "observed_seconds"

	sumAll = Prefix + "sum:events:"
	sumBad = Prefix + "sum:bad:"
	// ExcludedSeries begin the names of what was counted during maintenance, and
	// so for no objective.
	ExcludedSeries = Prefix + "excluded:"
)

// quick is the longest window that is summed at every evaluation from what was
// recorded at each.
const quick = time.Hour

// long is from where sums are taken of those of five minutes.
const long = 6 * time.Hour

// Steps are the distances of evaluations that the groups are made for.
type Steps struct {
	Record time.Duration // at which signals are recorded
	Slow   time.Duration // at which windows over an hour are summed
	Sum    time.Duration // over which the sums for long windows are taken
}

// StepsFor returns the steps that go with an interval of recording.
func StepsFor(interval time.Duration) Steps {
	up := func(least time.Duration) time.Duration {
		return (least + interval - 1) / interval * interval
	}
	return Steps{Record: interval, Slow: up(time.Minute), Sum: up(5 * time.Minute)}
}

// Sources returns the signals that the objectives count, each once.
func Sources(files []File) []signal.Signal {
	var out []signal.Signal
	seen := map[string]bool{}
	for _, f := range files {
		for _, o := range f.Objectives {
			if !seen[o.Source] {
				seen[o.Source] = true
				out = append(out, o.Events.All, o.Events.Bad)
			}
		}
	}
	return out
}

// Sums returns the group that sums up what is counted for long windows.
func Sums(files []File, steps Steps) rulefmt.RuleGroup {
	g := rulefmt.RuleGroup{Name: "sums", Interval: model.Duration(steps.Sum)}
	seen := map[string]bool{}
	for _, f := range files {
		for _, o := range f.Objectives {
			if seen[o.Source] {
				continue
			}
			seen[o.Source] = true
			for _, x := range []struct{ record, of string }{{sumAll, o.Events.All.Metric()}, {sumBad, o.Events.Bad.Metric()}} {
				g.Rules = append(g.Rules, rulefmt.Rule{
					Record: x.record + o.Source,
					Expr:   fmt.Sprintf("sum_over_time(%s[%s]) * %s", x.of, model.Duration(steps.Sum), seconds(steps.Record)),
				})
			}
		}
	}
	return g
}

// Groups returns what the objectives of a file record and alert on: one group for
// the windows up to an hour and one, which is evaluated less often, for the rest.
func (f File) Groups(steps Steps) []rulefmt.RuleGroup {
	fast := rulefmt.RuleGroup{Name: "objectives"}
	slow := rulefmt.RuleGroup{Name: "objectives over long windows", Interval: model.Duration(steps.Slow)}
	for _, o := range f.Objectives {
		for _, w := range o.windows() {
			g := &slow
			if w <= quick {
				g = &fast
			}
			g.Rules = append(g.Rules, o.record(w, steps)...)
		}
		slow.Rules = append(slow.Rules, o.budget(steps)...)
		for _, severity := range []string{"critical", "warning", "info"} {
			// Alerts come after what they read, in the group that is evaluated
			// more often if any of their windows is in it.
			if r, ok := o.Alert(severity); ok {
				g := &slow
				if slices.ContainsFunc(o.Burns, func(b Burn) bool { return b.Severity == severity && b.Long <= quick }) {
					g = &fast
				}
				g.Rules = append(g.Rules, r)
			}
		}
	}
	var out []rulefmt.RuleGroup
	for _, g := range []rulefmt.RuleGroup{slow, fast} {
		if len(g.Rules) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func (o Objective) labels(w time.Duration) map[string]string {
	l := map[string]string{"slo": o.Name}
	if w > 0 {
		l["window"] = WindowName(w)
	}
	return l
}

// own selects a series of the objective.
func (o Objective) own(metric string, w time.Duration) string {
	return fmt.Sprintf("%s{slo=%q,window=%q}", metric, o.Name, WindowName(w))
}

// counted returns the sums of all and of bad events over a window.
func (o Objective) counted(w time.Duration, steps Steps) (all, bad string) {
	m := o.matchers()
	if w > long {
		sum := func(metric string) string {
			return fmt.Sprintf("sum_over_time(%s%s%s[%s])", metric, o.Source, m, model.Duration(w))
		}
		return sum(sumAll), sum(sumBad)
	}
	sum := func(metric string) string {
		return fmt.Sprintf("sum_over_time(%s%s[%s]) * %s", metric, m, model.Duration(w), seconds(steps.Record))
	}
	return sum(o.Events.All.Metric()), sum(o.Events.Bad.Metric())
}

// record returns what is recorded of one window.
func (o Objective) record(w time.Duration, steps Steps) []rulefmt.Rule {
	all, bad := o.counted(w, steps)
	budget := number(o.Budget())
	events, ratio := o.own(EventsSeries, w), o.own(RatioSeries, w)
	rule := func(name, expr string) rulefmt.Rule {
		return rulefmt.Rule{Record: name, Expr: expr, Labels: o.labels(w)}
	}
	out := []rulefmt.Rule{
		rule(EventsSeries, all),
		rule(RatioSeries, fmt.Sprintf("clamp_max((%s) / (%s > 0), 1)", bad, all)),
		rule(BurnSeries, fmt.Sprintf("%s / %s", ratio, budget)),
	}
	if slices.ContainsFunc(o.Burns, func(b Burn) bool { return b.Long == w }) {
		share := func(of string) string { return fmt.Sprintf("clamp_min(%s, 1e-12)", of) }
		good := "(1 - " + ratio + ")"
		out = append(out, rule(ProofSeries, fmt.Sprintf("%s * (%s * ln(%s / %s) + %s * ln(%s / %s))",
			events, ratio, share(ratio), budget, good, share(good), number(o.Target))))
	}
	return out
}

// budget returns what is recorded of the objective's own window.
func (o Objective) budget(steps Steps) []rulefmt.Rule {
	rule := func(name, expr string) rulefmt.Rule {
		return rulefmt.Rule{Record: name, Expr: expr, Labels: o.labels(0)}
	}
	whole := func(metric string) string {
		return fmt.Sprintf("max without (window) (%s)", o.own(metric, o.Window))
	}
	return []rulefmt.Rule{
		rule(BudgetSeries, "1 - "+whole(BurnSeries)),
		rule(TargetSeries, fmt.Sprintf("%s * 0 + %s", whole(EventsSeries), number(o.Target))),
		rule(SpanSeries, fmt.Sprintf("count_over_time(%s%s%s[%s]) * %s", sumAll, o.Source, o.matchers(), model.Duration(o.Window), seconds(steps.Sum))),
	}
}

// Youngest is the part of a long window that must have data for it to speak: a
// daemon that starts in the middle of a bad minute knows nothing of three days.
const Youngest = 0.1

// Query returns the PromQL of one burn: the budget burns too fast over the long
// window, by more than chance, and the short one shows no end of it. Sums go on
// for as long as their windows, so what they are made of must still come in.
func (o Objective) Query(b Burn) string {
	bad := o.own(EventsSeries, b.Long) + " * " + o.own(RatioSeries, b.Long)
	seen := fmt.Sprintf("ignoring (window) %s{slo=%q} >= %s", SpanSeries, o.Name, seconds(time.Duration(Youngest*float64(b.Long)).Truncate(time.Second)))
	fresh := "on (service, environment) " + o.Events.All.Metric() + o.matchers()
	return fmt.Sprintf("(%s > %s and %s >= %s and %s > %s and %s and %s) unless ignoring (window) %s <= %s",
		o.own(BurnSeries, b.Long), number(b.Rate), bad, number(o.LowTraffic.MinBad),
		o.own(ProofSeries, b.Long), number(o.LowTraffic.Proof()), seen, fresh, o.own(BurnSeries, b.Short), number(b.Rate))
}

// Proof returns the Evidence that the confidence takes.
func (l LowTraffic) Proof() float64 { return -math.Log(1 - l.Confidence) }

// Alert returns the rule of all burns of a severity; false when there is none.
func (o Objective) Alert(severity string) (rulefmt.Rule, bool) {
	var parts []string
	var wait time.Duration
	for _, b := range o.Burns {
		if b.Severity == severity {
			parts = append(parts, "max without (window) ("+o.Query(b)+")")
			wait = max(wait, b.For)
		}
	}
	if len(parts) == 0 {
		return rulefmt.Rule{}, false
	}
	l := map[string]string{"severity": severity, "slo": o.Name}
	maps.Copy(l, o.Labels)
	notes := map[string]string{
		"summary": fmt.Sprintf("{{ $labels.service }} burns the error budget of %s {{ $value | printf \"%%.1f\" }} times as fast as it lasts (%s of %s)",
			o.Name, percent(o.Target), WindowName(o.Window)),
	}
	maps.Copy(notes, o.Annotations)
	return rulefmt.Rule{Alert: o.Name, Expr: strings.Join(parts, " or "), For: model.Duration(wait), Labels: l, Annotations: notes}, true
}

func percent(v float64) string { return strconv.FormatFloat(math.Round(v*1e8)/1e6, 'f', -1, 64) + "%" }

// matchers narrows what is counted to the services of the objective.
func (o Objective) matchers() string {
	if len(o.Services) == 0 {
		return ""
	}
	if len(o.Services) == 1 && !strings.Contains(o.Services[0], "*") {
		return fmt.Sprintf("{service=%q}", o.Services[0])
	}
	globs := make([]string, len(o.Services))
	for i, s := range o.Services {
		parts := strings.Split(s, "*")
		for j := range parts {
			parts[j] = regexp.QuoteMeta(parts[j])
		}
		globs[i] = strings.Join(parts, ".*")
	}
	return fmt.Sprintf("{service=~%q}", strings.Join(globs, "|"))
}

func number(v float64) string { return strconv.FormatFloat(math.Round(v*1e12)/1e12, 'g', -1, 64) }

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
