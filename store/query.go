package store

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// QueryEngineOptions say what queries may cost and which PromQL they may use.
type QueryEngineOptions struct {
	Config     QueryConfig
	Parser     parser.Parser         // nil is PromQL without experimental functions
	Logger     *slog.Logger          // required
	Registerer prometheus.Registerer // for the engine's own metrics; nil keeps none
	// SubqueryStep is the step of a subquery that names none, like [30m:]; 0 is that of
	// Config, or a minute.
	SubqueryStep time.Duration
}

// subqueryStep is that of PromQL where none is configured.
const subqueryStep = time.Minute

// defaultLookback is that of PromQL where none is configured.
const defaultLookback = 5 * time.Minute

// NewQueryEngine is the one place that makes a PromQL engine, so that rules,
// the query API and the pages obey the same limits and speak the same
// language: @ and negative offsets are on. The caller closes it.
func NewQueryEngine(o QueryEngineOptions) *QueryEngine {
	p := o.Parser
	if p == nil {
		p = parser.NewParser(parser.Options{})
	}
	step := cmp.Or(o.SubqueryStep, time.Duration(o.Config.SubqueryStep), subqueryStep)
	lookback := cmp.Or(time.Duration(o.Config.Lookback), defaultLookback)
	engine := promql.NewEngine(promql.EngineOpts{
		Logger:                   o.Logger,
		Reg:                      o.Registerer,
		MaxSamples:               o.Config.MaxSamples,
		Timeout:                  time.Duration(o.Config.Timeout),
		LookbackDelta:            lookback,
		NoStepSubqueryIntervalFn: func(int64) int64 { return step.Milliseconds() },
		EnableAtModifier:         true,
		EnableNegativeOffset:     true,
		EnablePerStepStats:       true,
		EnableDelayedNameRemoval: true,
		UseStartTimestamps:       true, // where samples have them; those of remote write 1.0 do not
		Parser:                   p,
	})
	return &QueryEngine{engine, lookback}
}
