package rules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	prules "github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/rules/condition"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/topology"
)

// EngineOptions is what an Engine needs. Queryable, Appendable and Query are
// required.
type EngineOptions struct {
	Queryable  storage.Queryable    // read by rules and signals
	Appendable storage.AppendableV2 // takes recorded series, ALERTS and ALERTS_FOR_STATE
	Query      promql.QueryEngine
	Owner      topology.Owner // the zero value asks the default labels
	Config     Config
	// Notify is handed every change of an alert, and values of firing alerts
	// from time to time, in order of fingerprint within one evaluation. It is
	// called by the goroutine that calls EvalDue, Load or Change, never by two
	// at once; it may call the methods that only read (Alerts, SignalSeries,
	// RuleGroups) and none that evaluates, loads or changes.
	Notify         func(ctx context.Context, alerts []Alert)
	ExternalURL    *url.URL      // for templates; may be nil
	ExternalLabels labels.Labels // for templates
	Logger         *slog.Logger  // nil discards
	Metrics        *metrics.Set  // nil keeps them to itself
	// Registerer takes the metrics of the embedded rule manager; may be nil.
	Registerer prometheus.Registerer
	// Foresight is asked by conditions on the future; without one they have no
	// data. It is called during evaluations, for one series at a time.
	Foresight Foresight
	// Maintenance says whether something with these labels (service, environment)
	// is in a maintenance window; events of then count for no objective. nil: never.
	Maintenance func(l map[string]string, at time.Time) bool
	// Memory keeps standing alerts over restarts; nil: only Resume tells of them.
	Memory  Memory
	Virtual Virtual // zero for a live engine
	// Now is the wall clock of Run; nil means time.Now.
	Now func() time.Time
}

// Engine evaluates rules. Its methods are safe for concurrent use; evaluations,
// loads and changes happen one at a time.
type Engine struct {
	opts   EngineOptions
	cfg    Config
	parser parser.Parser
	query  prules.QueryFunc
	loader *setLoader
	man    *prules.Manager
	log    *slog.Logger
	gauges *gauges

	mu       sync.Mutex // held during an evaluation, load or change
	set      RuleSet
	recorded *signal.Catalogue // the set's, and what objectives count
	compiled *signal.Compiled
	have     map[string]bool // metrics of the catalogue that the store was seen to have
	groups   []*scheduled
	leaving  []leaving
	rules    map[*prules.AlertingRule]*ruleInfo
	named    map[string][]*ruleInfo
	entries  ledger
	records  map[string][]parser.Expr // expressions of recording rules by name
	events   []AlertRule
	foreseen []condition.Comparison // what the conditions ask of the future, each once
	latest   map[string]seen        // by fingerprint of event alert
	pending  map[string]*pendingEvent
	noted    map[string]noted // what the memory has, by fingerprint
	blind    time.Time        // until when what is absent may only not have come yet

	view      sync.RWMutex // guards what the read methods see
	current   []Alert
	listed    []*prules.Group
	catalogue *signal.Catalogue
	counted   *signal.Catalogue // the catalogue, and what objectives count
	slos      []slo.File
}

// NewEngine returns an engine without rules; Load gives it some.
func NewEngine(o EngineOptions) (*Engine, error) {
	if o.Queryable == nil || o.Appendable == nil || o.Query == nil {
		return nil, errors.New("rule engine: want Queryable, Appendable and Query, got nil")
	}
	var errs []error
	o.Config.Validate(func(path, format string, args ...any) {
		errs = append(errs, fmt.Errorf("rules.%s: "+format, append([]any{path}, args...)...))
	})
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(o.Owner.Labels()) == 0 {
		o.Owner = topology.NewOwner(nil)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Notify == nil {
		o.Notify = func(context.Context, []Alert) {}
	}
	if o.Now == nil {
		o.Now = wallClock
	}
	if o.ExternalURL == nil {
		o.ExternalURL = &url.URL{}
	}
	p := parser.NewParser(parser.Options{})
	e := &Engine{
		opts: o, cfg: o.Config, parser: p, log: o.Logger,
		query:   prules.EngineQueryFunc(o.Query, untrimmed{o.Queryable}),
		loader:  &setLoader{parser: p},
		gauges:  newGauges(o.Metrics),
		rules:   map[*prules.AlertingRule]*ruleInfo{},
		latest:  map[string]seen{},
		pending: map[string]*pendingEvent{},
		entries: ledger{},
		have:    map[string]bool{},
		noted:   map[string]noted{},
	}
	e.man = prules.NewManager(&prules.ManagerOptions{
		ExternalURL: o.ExternalURL,
		QueryFunc:   e.query,
		// The tracker reads the alerts of a rule after its evaluation, also
		// those that ended, so what the rules themselves would send is unused.
		NotifyFunc:             func(context.Context, string, ...*prules.Alert) {},
		Context:                context.Background(),
		AppendableV2:           excluding{o.Appendable, o.Maintenance},
		Queryable:              o.Queryable,
		Logger:                 o.Logger,
		Registerer:             o.Registerer,
		OutageTolerance:        o.Config.OutageTolerance.Std(),
		GroupLoader:            e.loader,
		DefaultRuleQueryOffset: func() time.Duration { return o.Config.QueryOffset.Std() },
		Parser:                 p,
	})
	e.gauges.watch(e)
	return e, nil
}

// RuleGroups returns all groups that are loaded, sorted by file and name as
// Prometheus sorts them, for its API.
func (e *Engine) RuleGroups() []*prules.Group {
	e.view.RLock()
	defer e.view.RUnlock()
	return slices.Clone(e.listed)
}

// AlertingRules returns the alerting rules of all groups, for the Prometheus
// API. Alerts on events are not among them.
func (e *Engine) AlertingRules() []*prules.AlertingRule {
	var out []*prules.AlertingRule
	for _, g := range e.RuleGroups() {
		out = append(out, g.AlertingRules()...)
	}
	return out
}

// Alerts returns the alerts that are firing or held, sorted by fingerprint.
// One that was firing before a restart counts as held until its rule was
// evaluated.
func (e *Engine) Alerts() []Alert {
	e.view.RLock()
	defer e.view.RUnlock()
	return slices.Clone(e.current)
}

// publish lets the read methods see what an evaluation, load or change left.
func (e *Engine) publish() {
	out := []Alert{}
	for x := range e.entries.all() {
		a := x.alert
		if x.resumed && !x.event {
			if a.State == AlertFiring {
				a.State = AlertHeld
			}
		}
		out = append(out, a)
	}
	sortAlerts(out)
	listed := make([]*prules.Group, 0, len(e.groups))
	for _, s := range e.groups {
		listed = append(listed, s.group)
	}
	slices.SortStableFunc(listed, func(a, b *prules.Group) int {
		return cmp.Or(cmp.Compare(a.File(), b.File()), cmp.Compare(a.Name(), b.Name()))
	})
	e.view.Lock()
	defer e.view.Unlock()
	e.current, e.listed, e.catalogue = out, listed, e.set.Catalogue
	e.counted, e.slos = e.recorded, e.set.SLOs
}

// Catalogue returns the signals that are known, or nil before the first Load.
func (e *Engine) Catalogue() *signal.Catalogue {
	e.view.RLock()
	defer e.view.RUnlock()
	return e.catalogue
}

func (e *Engine) resolution() signal.Resolution {
	return signal.Resolution{Service: e.opts.Owner.Labels(), Environment: e.cfg.EnvironmentLabels}
}
