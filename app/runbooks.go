package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/report"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/web"
)

const (
	// runbookPast is how many past incidents a runbook is learned from, the newest.
	runbookPast = 50
	// runbookPath is where runbooks are served.
	runbookPath = "/runbooks/"
	// runbookLink is the annotation by which an alert names its runbook.
	runbookLink = "runbook_url"
)

// runbookFolder is the folder of the configuration, within the data folder unless it
// is absolute.
func (a *App) runbookFolder(cfg report.Config) report.Folder {
	dir := cfg.RunbooksDir
	if dir != "" && !filepath.IsAbs(dir) {
		dir = filepath.Join(a.opts.StoragePath, dir)
	}
	return report.Folder{Dir: dir}
}

// bindRunbooks gives every alert that names no runbook, and of which we have one, its
// address. It replaces what it alters, and leaves alone what it cannot read.
func (a *App) bindRunbooks(l *loaded) {
	names, err := a.runbookFolder(l.config.Reports).Names()
	if err != nil {
		a.log.Warn("alerts are not bound to runbooks", "error", err)
		return
	}
	have := map[string]bool{}
	for _, n := range names {
		have[n] = true
	}
	l.rules = bound(l.rules, func(alert string) string {
		if name := report.RunbookName(report.RunbookAlert, alert); have[name] {
			return a.url + runbookPath + name
		}
		return ""
	})
}

// bound returns the rules with the address of a runbook at each alert that has none.
func bound(set rules.RuleSet, address func(alert string) string) rules.RuleSet {
	with := func(name string, annotations map[string]string) map[string]string {
		u := address(name)
		if u == "" || annotations[runbookLink] != "" {
			return annotations
		}
		out := maps.Clone(annotations)
		if out == nil {
			out = map[string]string{}
		}
		out[runbookLink] = u
		return out
	}
	set.Alerts = slices.Clone(set.Alerts)
	for n, f := range set.Alerts {
		f.Alerts = slices.Clone(f.Alerts)
		for i := range f.Alerts {
			f.Alerts[i].Annotations = with(f.Alerts[i].Name, f.Alerts[i].Annotations)
		}
		set.Alerts[n] = f
	}
	set.SLOs = slices.Clone(set.SLOs)
	for n, f := range set.SLOs {
		f.Objectives = slices.Clone(f.Objectives)
		for i := range f.Objectives {
			f.Objectives[i].Annotations = with(f.Objectives[i].Name, f.Objectives[i].Annotations)
		}
		set.SLOs[n] = f
	}
	set.Files = slices.Clone(set.Files)
	for n, f := range set.Files {
		groups := *f.Groups
		groups.Groups = slices.Clone(groups.Groups)
		for g := range groups.Groups {
			list := slices.Clone(groups.Groups[g].Rules)
			for i := range list {
				if list[i].Alert != "" {
					list[i].Annotations = with(list[i].Alert, list[i].Annotations)
				}
			}
			groups.Groups[g].Rules = list
		}
		f.Groups = &groups
		set.Files[n] = f
	}
	return set
}

// learn writes runbooks: of alerts and services by their names or those of their
// runbooks, or of all when no name is given. When alerts got one that had none, the
// configuration is read again, so that they carry its address.
func (a *App) learn(ctx context.Context, c *Core, cfg report.Config, names []string) ([]web.RunbookWritten, error) {
	folder := a.runbookFolder(cfg)
	if folder.Dir == "" {
		return nil, &web.Error{Kind: web.KindConflict, Message: "runbooks are turned off: reports.runbooks_dir is empty"}
	}
	a.mu.Lock()
	set, ruleConfig := a.loaded.rules, a.loaded.config.Rules
	a.mu.Unlock()
	list, err := c.incidents.List(ctx, incident.Filter{Limit: page})
	if err != nil {
		return nil, err
	}
	subjects := runbookSubjects(set, list, ruleConfig)
	chosen := subjects
	if len(names) > 0 {
		chosen = nil
		for _, n := range names {
			i := slices.IndexFunc(subjects, func(s report.RunbookSubject) bool {
				return s.Subject == n || report.RunbookName(s.Kind, s.Subject) == n
			})
			if i < 0 {
				return nil, &web.Error{Kind: web.KindNotFound, Message: fmt.Sprintf("there is no alert and no service %.100q with an incident", n)}
			}
			chosen = append(chosen, subjects[i])
		}
	}
	before, err := folder.Names()
	if err != nil {
		return nil, err
	}
	written := []web.RunbookWritten{}
	fresh := false
	built := map[string]report.Postmortem{}
	for _, s := range chosen {
		s.BaseURL = a.url
		past, err := c.pastOf(ctx, s, list, cfg, built)
		if err != nil {
			return nil, err
		}
		r := report.Learn(s, past)
		text, changed, err := folder.Save(r)
		if err != nil {
			return nil, err
		}
		fresh = fresh || s.Kind == report.RunbookAlert && !slices.Contains(before, r.Name)
		written = append(written, web.RunbookWritten{Name: r.Name, Kind: string(s.Kind), Subject: s.Subject, Incidents: len(past), Changed: changed, Markdown: string(text)})
	}
	if fresh {
		a.RequestReload()
	}
	return written, nil
}

// pastOf returns the postmortems of the newest incidents of a subject that are over.
// Those built for other subjects are taken from built.
func (c *Core) pastOf(ctx context.Context, s report.RunbookSubject, list []incident.Incident, cfg report.Config, built map[string]report.Postmortem) ([]report.Postmortem, error) {
	var out []report.Postmortem
	for _, i := range list {
		if len(out) == runbookPast {
			break
		}
		if i.Resolved.IsZero() || !concernsSubject(i, s) {
			continue
		}
		p, have := built[i.ID]
		if !have {
			in, err := c.reportInput(ctx, i.ID)
			if err != nil {
				return nil, err
			}
			p = report.Build(in, cfg)
			built[i.ID] = p
		}
		out = append(out, p)
	}
	return out, nil
}

func concernsSubject(i incident.Incident, s report.RunbookSubject) bool {
	if s.Kind == report.RunbookService {
		return i.Service == s.Subject
	}
	return slices.ContainsFunc(i.Occurrences, func(o incident.Occurrence) bool {
		return o.Source == incident.SourceAlert && o.Name == s.Subject
	})
}

// runbookSubjects lists what a runbook can be written about: every alert of the rules,
// and every service that had an incident.
func runbookSubjects(set rules.RuleSet, list []incident.Incident, cfg rules.Config) []report.RunbookSubject {
	var out []report.RunbookSubject
	add := func(s report.RunbookSubject) {
		if !slices.ContainsFunc(out, func(x report.RunbookSubject) bool { return x.Kind == s.Kind && x.Subject == s.Subject }) {
			out = append(out, s)
		}
	}
	for _, f := range set.Alerts {
		for _, r := range f.Alerts {
			add(ofAlert(r))
		}
	}
	for _, f := range set.SLOs {
		for _, o := range f.Objectives {
			var b strings.Builder
			err := o.WriteExplanation(&b, slo.StepsFor(cfg.Interval.Std()))
			s := report.RunbookSubject{Kind: report.RunbookAlert, Subject: o.Name, Services: o.Services}
			if err == nil {
				s.Meaning = withoutPlace(b.String())
			}
			s.Checks = []report.Lookup{{Name: "share of bad events", Query: fmt.Sprintf("%s{slo=%q}", slo.RatioSeries, o.Name)}, {Name: "budget left", Query: fmt.Sprintf("%s{slo=%q}", slo.BudgetSeries, o.Name)}}
			add(s)
		}
	}
	for _, f := range set.Files {
		for _, g := range f.Groups.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" {
					add(ofRule(r))
				}
			}
		}
	}
	for _, i := range list {
		if i.Service != "" {
			add(report.RunbookSubject{Kind: report.RunbookService, Subject: i.Service, Services: []string{i.Service},
				Checks: []report.Lookup{{Name: "all signals of the service", Query: fmt.Sprintf("{__name__=~\"tocsin:.+\",service=%q}", i.Service)}}})
		}
	}
	return out
}

func ofAlert(r rules.AlertRule) report.RunbookSubject {
	s := report.RunbookSubject{Kind: report.RunbookAlert, Subject: r.Name, Services: r.Services}
	var b strings.Builder
	bare := r
	bare.Annotations = maps.Clone(r.Annotations)
	delete(bare.Annotations, runbookLink) // it would name this runbook
	if err := bare.WriteExplanation(&b); err == nil {
		s.Meaning = withoutPlace(b.String())
	}
	if r.Condition.Event == nil {
		s.Checks = append(s.Checks, report.Lookup{Name: r.Condition.Text, Query: r.Explain()})
		for _, x := range r.Signals() {
			s.Checks = append(s.Checks, report.Lookup{Name: x.Name, Query: x.Metric()})
		}
	}
	return s
}

func ofRule(r rulefmt.Rule) report.RunbookSubject {
	lines := []string{r.Expr}
	if r.For > 0 {
		lines = append(lines, "for "+r.For.String())
	}
	for _, name := range []string{"summary", "description"} {
		if text := r.Annotations[name]; text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	return report.RunbookSubject{Kind: report.RunbookAlert, Subject: r.Alert, Meaning: strings.Join(lines, "\n"), Checks: []report.Lookup{{Name: "what the rule asks", Query: r.Expr}}}
}

// withoutPlace cuts the first line of an explanation, which says in which file the rule
// stands on this machine.
func withoutPlace(s string) string {
	_, rest, _ := strings.Cut(s, "\n")
	var b strings.Builder
	for line := range strings.Lines(rest) {
		b.WriteString(strings.TrimPrefix(line, "  "))
	}
	return b.String()
}

// noRunbook says whether an error is that there is no such runbook.
func noRunbook(err error) bool { return errors.Is(err, report.ErrNoRunbook) }
