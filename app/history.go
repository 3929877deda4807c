package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
)

// HistoryOptions are what a History is made of.
type HistoryOptions struct {
	Config  config.Config
	RuleSet rules.RuleSet
	Past    storage.Queryable // what was stored then; nothing in it is changed
	Dir     string            // an empty folder for what the rules record
	// Store, in place of Past and Dir, holds the samples and takes what the rules
	// record, as live. It is closed with the History.
	Store  *store.DB
	Notify func(ctx context.Context, alerts []rules.Alert)
	Logger *slog.Logger
}

// History is a rule engine over the past: the engine of a Core with a store of its
// own for what rules record and a detector that watches that, over samples that
// were stored before. What was recorded then under a name that the rules record
// is not seen. It is for one goroutine.
type History struct {
	now    time.Time
	engine *rules.Engine
	bank   *detector.Bank
	undo   undo
	log    *slog.Logger
}

// NewHistory builds a History. The caller closes it.
func NewHistory(ctx context.Context, o HistoryOptions) (_ *History, err error) {
	h := &History{log: o.Logger}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.undo.run(o.Logger))
		}
	}()
	now := func() time.Time { return h.now }
	owner := topology.NewOwner(o.Config.Services.Labels)
	if h.bank, err = detector.NewBank(o.Config.Detector, detector.WithServices(owner.Service)); err != nil {
		return nil, fmt.Errorf("make detector: %w", err)
	}
	db := o.Store
	var stored storage.SampleAndChunkQueryable = db
	if db == nil {
		if db, err = store.OpenTSDB(store.TSDBOptions{Dir: o.Dir, Config: o.Config.Storage, Logger: o.Logger, Now: now}); err != nil {
			return nil, err
		}
		stored = overPast{recorded: db, past: o.Past, isRecorded: o.RuleSet.Recorded()}
	}
	h.undo.add("close store of recorded series", db.Close)
	writer := store.NewWriter(store.WriterOptions{
		DB: db, Observer: watching{h.bank}, Config: o.Config.Storage, Now: now, Metrics: metrics.NewSet(), Logger: o.Logger,
	})
	query := store.NewQueryEngine(store.QueryEngineOptions{Config: o.Config.Storage.Query, Logger: o.Logger})
	h.undo.add("close query engine", query.Close)
	seen := bands.New(bands.Options{
		Stored: stored, Config: o.Config.Bands, Detector: o.Config.Detector,
		Share: func(l labels.Labels) float64 {
			s, _ := h.bank.Service(owner.Service(l), h.now.UnixMilli())
			return s.Share
		},
		Live:     func(l labels.Labels) (detector.Verdict, bool) { return h.bank.Last(h.bank.Lookup(l)) },
		Now:      now,
		Lookback: o.Config.Storage.Query.Lookback.Std(),
	})
	external, err := url.Parse(o.Config.Web.ExternalURL)
	if err != nil {
		return nil, fmt.Errorf("web.external_url: %w", err)
	}
	h.engine, err = rules.NewEngine(rules.EngineOptions{
		Config: o.Config.Rules, Query: query, Queryable: seen, Appendable: writer.Appendable(), Owner: owner, Notify: o.Notify,
		Logger: o.Logger, ExternalURL: external, Now: now, Foresight: foresight{h.bank},
	})
	if err != nil {
		return nil, err
	}
	if err := h.engine.Load(ctx, o.RuleSet); err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	return h, nil
}

// Eval moves the clock to t, evaluates what is due and returns when the next group
// is. The error names the rules that failed; the others were evaluated.
func (h *History) Eval(ctx context.Context, t time.Time) (next time.Time, err error) {
	h.now = t
	next, err = h.engine.EvalDue(ctx, t)
	h.bank.Sweep(t.UnixMilli(), func(detector.Verdict) {})
	return next, err
}

// Change tells the rules of a change, as it became known at t.
func (h *History) Change(ctx context.Context, c telemetry.Change, t time.Time) {
	h.now = t
	h.engine.Change(ctx, c, t)
}

// Rules returns how many rules there are, signals included.
func (h *History) Rules() int {
	n := 0
	for _, g := range h.engine.RuleGroups() {
		n += len(g.Rules())
	}
	return n
}

// Close closes the store of recorded series; the folder stays.
func (h *History) Close() error { return h.undo.run(h.log) }

// watching shows what rules record to the detector, whose word is asked for and
// never told.
type watching struct{ bank *detector.Bank }

// Register returns the bank's slot of a series, 0 when it is not watched.
func (w watching) Register(l labels.Labels) uint64 { return uint64(w.bank.Register(l)) }

// Observe feeds samples.
func (w watching) Observe(all []telemetry.Observation, from, to int) int {
	return w.bank.ObserveAll(all, from, to, func(detector.Verdict) {})
}

// RegisterHistogram returns the bank's slot of a native histogram.
func (w watching) RegisterHistogram(l labels.Labels) uint64 {
	return uint64(w.bank.RegisterHistogram(l))
}

// ObserveHistogram feeds one native histogram.
func (w watching) ObserveHistogram(slot uint64, s telemetry.HistogramSample) bool {
	return w.bank.FeedHistogram(detector.Slot(slot), s, func(detector.Verdict) {})
}
