package rules

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	prules "github.com/prometheus/prometheus/rules"

	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/rules/slo"
)

// The file and group under which the signals are recorded.
const (
	signalsFile  = "tocsin"
	signalsGroup = "signals"
)

// objectivesFile is where the sums for long windows of objectives are recorded.
const objectivesFile = "tocsin objectives"

// setLoader hands the rule manager groups that are already parsed.
type setLoader struct {
	parser parser.Parser
	groups map[string]*rulefmt.RuleGroups
}

// Load returns the groups of a file of the rule set that is being loaded.
func (l *setLoader) Load(identifier string, _ bool, _ model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	g, ok := l.groups[identifier]
	if !ok {
		return nil, []error{fmt.Errorf("%s: no such file in the rule set", identifier)}
	}
	return g, nil
}

// Parse reads PromQL.
func (l *setLoader) Parse(query string) (parser.Expr, error) { return l.parser.ParseExpr(query) }

// scheduled is a loaded group and when it was last evaluated.
type scheduled struct {
	group    *prules.Group
	last     time.Time // slot of the last evaluation; zero before the first
	runs     int
	restored bool // the `for` of its alerts was read back from the store
	// marked are the series of StandingMetric that it wrote last; nil before it
	// knows what it wrote before a restart.
	marked map[string]labels.Labels
}

// leaving is a removed group whose series are still to be marked stale.
type leaving struct {
	tombstone *prules.Group
	last      time.Time // its last evaluation
}

// ruleInfo is what the engine knows of an alerting rule beyond Prometheus.
type ruleInfo struct {
	rule      *prules.AlertingRule
	alert     *AlertRule     // nil for a rule that is not of an alert file
	objective *slo.Objective // nil for a rule that is not of an objective
	source    string
	offset    time.Duration   // how much older than the evaluation its data are
	fixed     labels.Labels   // the rule's labels that hold no template
	produced  map[string]bool // fingerprints of its last evaluation
	evaluated bool
}

// concerns reports whether an alert can be one of the rule.
func (i *ruleInfo) concerns(a Alert) bool {
	if a.Name != i.rule.Name() {
		return false
	}
	same := true
	i.fixed.Range(func(l labels.Label) { same = same && a.Labels[l.Name] == l.Value })
	return same
}

// Load replaces the whole rule set. Groups that are the same keep all of their
// state, changed ones that of the rules that are still in them. On any error
// the old set stays and all errors are returned.
func (e *Engine) Load(_ context.Context, set RuleSet) (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() { e.gauges.load(err) }()
	if set.Catalogue == nil {
		if set.Catalogue, err = signal.Default(); err != nil {
			return err
		}
	}
	if errs := set.check(); len(errs) > 0 {
		return errors.Join(errs...)
	}
	recorded, err := set.Catalogue.With(slo.Sources(set.SLOs)...)
	if err != nil {
		return err
	}
	compiled, err := recorded.Compile(e.resolution(), e.cfg.RateWindow.Std())
	if err != nil {
		return err
	}
	was := e.compiled
	e.compiled = compiled
	order := e.prepare(set)
	fresh, errs := e.man.LoadGroups(e.cfg.Interval.Std(), e.opts.ExternalLabels, e.opts.ExternalURL.String(), nil, false, order...)
	if len(errs) > 0 {
		e.compiled = was
		return errors.Join(errs...)
	}
	groups := e.merge(order, fresh)
	inOrder(groups, set.Order)
	e.swap(set, recorded, groups)
	return nil
}

// prepare gives the loader the groups of the set and returns the files in order
// of evaluation.
func (e *Engine) prepare(set RuleSet) []string {
	groups := map[string]*rulefmt.RuleGroups{signalsFile: e.signalGroups()}
	order := []string{signalsFile}
	for _, f := range set.Alerts {
		groups[f.File] = f.Groups()
		order = append(order, f.File)
	}
	order = append(order, e.sloGroups(set.SLOs, groups)...)
	for _, f := range set.Files {
		groups[f.File] = f.Groups
		order = append(order, f.File)
	}
	e.loader.groups = groups
	return order
}

// merge puts the new groups in order and carries the state of the old ones over.
func (e *Engine) merge(order []string, fresh map[string]*prules.Group) []*scheduled {
	old := make(map[string]*scheduled, len(e.groups))
	started := false
	for _, s := range e.groups {
		old[prules.GroupKey(s.group.File(), s.group.Name())] = s
		started = started || s.runs > 0
	}
	var out []*scheduled
	for _, file := range order {
		for _, g := range e.loader.groups[file].Groups {
			key := prules.GroupKey(file, g.Name)
			now := fresh[key]
			was, ok := old[key]
			delete(old, key)
			if ok && was.group.Equals(now) {
				out = append(out, was)
				continue
			}
			// A group that is new while the engine runs has nothing in the
			// store to take up; one that is new at the start may have.
			s := &scheduled{group: now, restored: started || e.opts.Virtual.Fresh}
			if ok {
				now.CopyState(was.group)
				s.last, s.runs, s.restored, s.marked = was.last, was.runs, was.restored, was.marked
				if now.Interval() != was.group.Interval() {
					s.last = time.Time{}
				}
			}
			for _, r := range now.AlertingRules() {
				r.SetRestored(s.restored)
			}
			out = append(out, s)
		}
	}
	for _, s := range old {
		e.leaving = append(e.leaving, leaving{e.tombstone(s.group), s.last})
	}
	return out
}

// tombstone returns an empty group that, evaluated once, marks the series of
// the removed group as stale.
func (e *Engine) tombstone(g *prules.Group) *prules.Group {
	empty := prules.NewGroup(prules.GroupOptions{
		Name: g.Name(), File: g.File(), Interval: g.Interval(),
		Opts: &prules.ManagerOptions{
			AppendableV2: e.opts.Appendable, Queryable: e.opts.Queryable, QueryFunc: e.query,
			Logger: e.log, Metrics: prules.NewGroupMetrics(nil),
			DefaultRuleQueryOffset: g.QueryOffset,
		},
	})
	empty.CopyState(g)
	return empty
}

// swap makes the new set the current one.
func (e *Engine) swap(set RuleSet, recorded *signal.Catalogue, groups []*scheduled) {
	known, named := map[*prules.AlertingRule]*ruleInfo{}, map[string][]*ruleInfo{}
	records := map[string][]parser.Expr{}
	e.set, e.recorded, e.groups, e.events = set, recorded, groups, nil
	objectives := objectivesByAlert(set.SLOs)
	e.foreseen = foresees(set.Alerts)
	own := map[string]*AlertRule{}
	for _, f := range set.Alerts {
		for i := range f.Alerts {
			r := &f.Alerts[i]
			own[f.File+"\x00"+r.Name] = r
			if r.Condition.Event != nil {
				e.events = append(e.events, *r)
			}
		}
	}
	for _, s := range groups {
		for i, r := range s.group.Rules() {
			a, ok := r.(*prules.AlertingRule)
			if !ok && s.group.File() != signalsFile {
				records[r.Name()] = append(records[r.Name()], r.Query())
			}
			if !ok {
				continue
			}
			info := &ruleInfo{rule: a, fixed: fixedLabels(a), alert: own[s.group.File()+"\x00"+a.Name()], objective: objectives[s.group.File()+"\x00"+a.Name()]}
			if was := e.rules[a]; was != nil {
				info.produced, info.evaluated = was.produced, was.evaluated
			}
			info.source = e.sourceOf(s.group, i, info)
			info.offset = s.group.QueryOffset()
			known[a] = info
			named[a.Name()] = append(named[a.Name()], info)
		}
	}
	e.rules, e.named, e.records = known, named, records
	e.publish()
}

func (e *Engine) sourceOf(g *prules.Group, index int, info *ruleInfo) string {
	switch {
	case info.alert != nil:
		return info.alert.Source()
	case info.objective != nil:
		return info.objective.Origin()
	}
	i := slices.IndexFunc(e.set.Files, func(f RuleFile) bool { return f.File == g.File() })
	if i < 0 {
		return g.File()
	}
	return fmt.Sprintf("%s:%d", g.File(), e.set.Files[i].Line(g.Name(), index))
}
