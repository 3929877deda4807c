package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/telemetry"
)

// sloGroups adds the groups of the objectives and returns their files in order of
// evaluation: the sums before those that read them.
func (e *Engine) sloGroups(files []slo.File, groups map[string]*rulefmt.RuleGroups) []string {
	steps := slo.StepsFor(e.cfg.Interval.Std())
	sums := slo.Sums(files, steps)
	if len(sums.Rules) == 0 {
		return nil
	}
	groups[objectivesFile] = &rulefmt.RuleGroups{Groups: []rulefmt.RuleGroup{sums}}
	order := []string{objectivesFile}
	for _, f := range files {
		groups[f.File] = &rulefmt.RuleGroups{Groups: f.Groups(steps)}
		order = append(order, f.File)
	}
	return order
}

// checkSLOs finds what is wrong between files of objectives and others: an
// objective's alerts have its name.
func (s RuleSet) checkSLOs(seen map[string]bool, alerts map[string]AlertRule) []error {
	var errs []error
	first := map[string]slo.Objective{}
	for _, f := range s.SLOs {
		if seen[f.File] {
			errs = append(errs, fmt.Errorf("%s: the file is given twice", f.File))
			continue
		}
		seen[f.File] = true
		for _, o := range f.Objectives {
			if other, twice := first[o.Name]; twice && other.File != f.File {
				errs = append(errs, fmt.Errorf("%s: objective %q: the name is taken at %s; names are unique over all files", o.Origin(), o.Name, other.Origin()))
			}
			if r, twice := alerts[o.Name]; twice {
				errs = append(errs, fmt.Errorf("%s: objective %q: the name is taken by the alert at %s; the alerts of an objective have its name", o.Origin(), o.Name, r.Source()))
			}
			first[o.Name] = o
		}
	}
	return errs
}

// objectivesByAlert finds the objective of an alert by file and name.
func objectivesByAlert(files []slo.File) map[string]*slo.Objective {
	out := map[string]*slo.Objective{}
	for _, f := range files {
		for i := range f.Objectives {
			out[f.File+"\x00"+f.Objectives[i].Name] = &f.Objectives[i]
		}
	}
	return out
}

// describeObjective shows, of the burns of the alert's severity, the first that is
// too fast.
func (e *Engine) describeObjective(ctx context.Context, o *slo.Objective, out *Alert, at time.Time) {
	out.Channels, out.Shadow = slices.Clone(o.Channels), o.Shadow
	own := matchersOf(out.Labels, "service", "environment")
	var shown *slo.Burn
	for i, b := range o.Burns {
		if b.Severity != out.Labels["severity"] {
			continue
		}
		if shown == nil {
			shown = &o.Burns[i]
		}
		mine := fmt.Sprintf("(%s) and on (service, environment) %s{%s}", o.Query(b), slo.TargetSeries, strings.Join(own, ","))
		if e.valueOf(ctx, mine, at, &out.Value) {
			shown = &o.Burns[i]
			break
		}
	}
	if shown == nil {
		return
	}
	out.Threshold = telemetry.Number(shown.Rate)
	out.Query = fmt.Sprintf("%s{%s}", slo.BurnSeries, strings.Join(append([]string{
		fmt.Sprintf("slo=%q", o.Name), fmt.Sprintf("window=%q", slo.WindowName(shown.Long))}, own...), ","))
}

// matchersOf returns matchers for those of the names that the labels have.
func matchersOf(l map[string]string, names ...string) []string {
	var out []string
	for _, n := range names {
		if l[n] != "" {
			out = append(out, fmt.Sprintf("%s=%q", n, l[n]))
		}
	}
	return out
}

// objectiveKnown reports whether what the objective counts still comes in for the
// service: sums over windows go on for as long as the windows, whatever became of
// the data.
func (e *Engine) objectiveKnown(ctx context.Context, o *slo.Objective, l map[string]string, at time.Time) bool {
	selector := o.Events.All.Metric() + "{" + strings.Join(matchersOf(l, "service", "environment"), ",") + "}"
	last, ok := e.newest(ctx, selector, at)
	return ok && at.Sub(last) <= 3*e.cfg.Interval.Std() && e.sourceFlows(ctx, o.Events.All, l, at)
}
