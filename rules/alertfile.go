package rules

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rules/condition"
	"github.com/tocsinhq/tocsin/rules/signal"
)

// AlertFile is one parsed file with a top-level `alerts:` list.
type AlertFile struct {
	File   string
	Alerts []AlertRule
}

// AlertRule is one entry of an AlertFile. It is immutable.
type AlertRule struct {
	Name          string
	File          string
	Line          int
	Condition     condition.Condition
	Recovery      *condition.Condition // that ends a firing alert; nil: as soon as Condition no longer holds
	MinTraffic    *Traffic             // below which no alert begins; nil: none asked
	Shadow        bool                 // evaluated and counted, told to nobody
	Duration      time.Duration        // how long the condition must hold, 0 for at once
	KeepFiringFor time.Duration
	Severity      string
	Channels      []string
	Labels        map[string]string
	Annotations   map[string]string // with runbook_url when the rule has a runbook
	Services      []string          // names or globs with *; empty for all
}

// Traffic is a least value of the signal that counts a service's requests.
type Traffic struct {
	Signal signal.Signal
	Least  float64 // in the signal's unit
}

// Source returns where the rule stands, as file:line.
func (r AlertRule) Source() string { return fmt.Sprintf("%s:%d", r.File, r.Line) }

// alertDefinition is an entry as it is written.
type alertDefinition struct {
	Name          string            `yaml:"name"`
	Condition     string            `yaml:"condition"`
	Conditions    []string          `yaml:"conditions"`
	Recovery      string            `yaml:"recovery"`
	MinTraffic    string            `yaml:"min_traffic"`
	Shadow        bool              `yaml:"shadow"`
	Duration      yamldoc.Duration  `yaml:"duration"`
	KeepFiringFor yamldoc.Duration  `yaml:"keep_firing_for"`
	Severity      string            `yaml:"severity"`
	Channels      []string          `yaml:"channels"`
	Labels        map[string]string `yaml:"labels"`
	Annotations   map[string]string `yaml:"annotations"`
	Runbook       string            `yaml:"runbook"`
	Service       yamldoc.Names     `yaml:"service"`
}

// Severities in rising order.
var severities = []string{"info", "warning", "critical"}

// ParseAlerts reads an alerts file. All errors are returned at once, each with
// its line; the result is only of use when there are none.
func ParseAlerts(file string, src []byte, cat *signal.Catalogue) (AlertFile, yamldoc.Errors) {
	doc, errs := yamldoc.Parse(file, src, yamldoc.WithNoun("alerts", "alert"))
	if len(errs) > 0 {
		return AlertFile{}, errs
	}
	var raw struct {
		Alerts []alertDefinition `yaml:"alerts"`
	}
	errs = doc.Decode(&raw)
	out := AlertFile{File: file}
	lines := map[string]int{}
	report := doc.Report(&errs)
	for i, d := range raw.Alerts {
		at := indexed("alerts", i)
		line := doc.Line(at)
		r := d.rule(cat, func(field, format string, args ...any) { report(at+field, format, args...) })
		r.File, r.Line = file, line
		if first, twice := lines[d.Name]; twice && d.Name != "" {
			report(at+".name", "the name is taken by the alert at line %d; names are unique", first)
		}
		lines[d.Name] = line
		if len(errs) == 0 {
			if err := r.checkTemplates(); err != nil {
				report(at, "%v", err)
			}
		}
		out.Alerts = append(out.Alerts, r)
	}
	return out, errs
}

var alertName = regexp.MustCompile(`^[\pL_][\pL\pN_ .:/-]*$`)

func (d alertDefinition) rule(cat *signal.Catalogue, report func(field, format string, args ...any)) AlertRule {
	r := AlertRule{
		Name: d.Name, Severity: d.Severity, Channels: d.Channels, Services: d.Service,
		Shadow: d.Shadow, Duration: d.Duration.Std(), KeepFiringFor: d.KeepFiringFor.Std(),
		Labels: d.Labels, Annotations: map[string]string{},
	}
	for k, v := range d.Annotations {
		r.Annotations[k] = v
	}
	switch {
	case d.Name == "":
		report(".name", "want a name, got none")
	case !alertName.MatchString(d.Name):
		report(".name", "want letters, digits, _ . : / - and spaces beginning with a letter, got %q", d.Name)
	}
	d.readConditions(&r, cat, report)
	if r.Severity == "" {
		r.Severity = "warning"
	}
	if !slices.Contains(severities, r.Severity) {
		report(".severity", "want info, warning or critical, got %q", d.Severity)
	}
	if r.Duration == 0 {
		r.Duration = r.Condition.For
	} else if r.Condition.For > 0 && r.Condition.For != r.Duration {
		report(".duration", "want duration or a for at the end of the condition, got both: %s and %s", d.Duration, yamldoc.Duration(r.Condition.For))
	}
	d.checkTimes(&r, report)
	d.checkNames(&r, report)
	return r
}

func (d alertDefinition) checkTimes(r *AlertRule, report func(field, format string, args ...any)) {
	if r.Duration < 0 {
		report(".duration", "want a positive duration, got %q", d.Duration)
	}
	if r.KeepFiringFor < 0 {
		report(".keep_firing_for", "want a positive duration, got %q", d.KeepFiringFor)
	}
	if r.KeepFiringFor > 0 && r.Condition.Event != nil {
		report(".keep_firing_for", "has no meaning for an event, which stays until a later change succeeds or is rolled back")
	}
	if r.Duration%time.Millisecond != 0 || r.KeepFiringFor%time.Millisecond != 0 {
		report(".duration", "want whole milliseconds")
	}
}

func (d alertDefinition) checkNames(r *AlertRule, report func(field, format string, args ...any)) {
	for i, c := range d.Channels {
		switch {
		case strings.TrimSpace(c) == "":
			report(indexed(".channels", i), "want the name of a channel, got %q", c)
		case slices.Contains(d.Channels[:i], c):
			report(indexed(".channels", i), "channel %q is named twice", c)
		}
	}
	for k := range d.Labels {
		switch {
		case !model.LegacyValidation.IsValidLabelName(k):
			report(".labels."+k, "want a label name, got %q", k)
		case slices.Contains([]string{"alertname", "severity", "service", "environment", "instance"}, k):
			report(".labels."+k, "the label %s is set by the alert itself; choose another", k)
		}
	}
	if d.Runbook != "" {
		if r.Annotations["runbook_url"] != "" {
			report(".runbook", "want runbook or the annotation runbook_url, got both")
		}
		r.Annotations["runbook_url"] = d.Runbook
	}
	for i, s := range d.Service {
		if strings.TrimSpace(s) == "" {
			report(".service", "want the name of a service or a glob such as shop-*, got %q at place %d", s, i+1)
		} else if _, err := path.Match(s, ""); err != nil {
			report(".service", "want the name of a service or a glob such as shop-*, got %q", s)
		}
	}
}

// Concerns reports whether the rule is about the service.
func (r AlertRule) Concerns(service string) bool {
	if len(r.Services) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Services, func(glob string) bool {
		return globExpression(glob).MatchString(service)
	})
}

// globExpression reads * as any run of characters and all else as itself.
func globExpression(glob string) *regexp.Regexp {
	return regexp.MustCompile("^(?s:" + globPattern(glob) + ")$")
}

func globPattern(glob string) string {
	parts := strings.Split(glob, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return strings.Join(parts, ".*")
}

func indexed(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
