package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/cardinality"
	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/alertmanager"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/store"
)

// openStores opens what keeps data and what every sample passes. The checkpoint of
// the detector is read while the log is replayed, since both take long and need
// nothing of each other. have says whether there was a usable one.
func (c *Core) openStores(ctx context.Context, o CoreOptions) (have bool, err error) {
	if c.state, err = store.OpenState(ctx, filepath.Join(o.Dir, "state.db")); err != nil {
		return false, err
	}
	c.undo.add("close state", c.state.Close)
	if c.bank, err = detector.NewBank(o.Config.Detector, detector.WithServices(c.owner.Service), detector.WithGroups(func(v detector.Verdict) { c.observer.tell(v) })); err != nil {
		return false, fmt.Errorf("make detector: %w", err)
	}
	c.bank.Expose(o.Metrics)
	if err := c.openInferring(o); err != nil {
		return false, err
	}
	c.gate = &gate{observer: &observer{bank: c.bank, infer: c.inferring, queue: make(chan detector.Verdict, verdictQueue), metrics: c.metrics}}
	c.observer = c.gate.observer
	c.growth = cardinality.New(cardinality.Options{Service: c.owner.Service, Now: o.Now, Metrics: o.Metrics})
	if err := c.loadCardinality(); err != nil {
		return false, err
	}
	o.stage("replaying the log of samples")
	var restored errgroup.Group
	restored.Go(func() (err error) {
		have, err = c.restoreCheckpoint()
		return err
	})
	c.tsdb, err = store.OpenTSDB(store.TSDBOptions{
		Dir: filepath.Join(o.Dir, "tsdb"), Config: o.Config.Storage,
		Logger: o.Logger.With("component", "tsdb"), Registerer: o.Registry, Stats: o.Replay, Now: o.Now,
		Reload: o.BlockReload, Lifecycle: c.growth, Block: o.Virtual.Block,
	})
	if err == nil {
		c.undo.add("close sample store", c.tsdb.Close)
		c.growth.Begin() // what the log told of is not new
	}
	if err := errors.Join(err, restored.Wait()); err != nil {
		return false, err
	}
	c.dropCutOff()
	c.starter = c.newStarter(o.Config.WarmStart)
	c.catalogue, err = store.NewCatalogue(ctx, store.CatalogueOptions{
		State: c.state, Config: o.Config.Storage, Now: o.Now, Metrics: o.Metrics, Logger: o.Logger.With("component", "store"),
	})
	if err != nil {
		return false, err
	}
	c.writer = store.NewWriter(store.WriterOptions{
		DB: c.tsdb, Catalogue: c.catalogue, Observer: c.gate, ToCome: c.bank.ToCome, Config: o.Config.Storage,
		Now: o.Now, Metrics: o.Metrics, Logger: o.Logger.With("component", "store"),
	})
	c.query = store.NewQueryEngine(store.QueryEngineOptions{
		Config: o.Config.Storage.Query, Logger: o.Logger.With("component", "query"), Registerer: o.Registry,
		SubqueryStep: o.Virtual.SubqueryStep,
	})
	c.undo.add("close query engine", c.query.Close)
	c.bands = bands.New(bands.Options{
		Stored: c.tsdb, Config: o.Config.Bands, Detector: o.Config.Detector, Share: c.shareOf, Start: c.startOf, Away: c.absences.list, Live: c.live, Now: o.Now,
		Lookback: o.Config.Storage.Query.Lookback.Std(),
	})
	o.stage("reading the log records that were not sealed")
	if err := c.openLogs(o); err != nil {
		return false, err
	}
	if err := c.openTopology(o); err != nil {
		return false, err
	}
	if err := c.openLogStore(o); err != nil {
		return false, err
	}
	return have, c.openScraping(o)
}

// openDeciders builds rules, incidents, root cause and the outbox.
func (c *Core) openDeciders(ctx context.Context, o CoreOptions) (err error) {
	c.incidents, err = incident.NewManager(ctx, incident.ManagerOptions{
		DB: c.state, Config: o.Config.Incidents, Logger: o.Logger.With("component", "incident"),
		Metrics: o.Metrics, Changed: c.signal,
		Topology: c.graphs.graph.Related, Suspect: c.related.suspect, Lagging: c.related.lagging,
	})
	if err != nil {
		return err
	}
	c.anomalies = incident.NewAnomalyLog(c.state, o.Metrics)
	c.feed = change.NewFeed(c.state, change.Options{Metrics: o.Metrics, RollbackWindow: o.Config.Changes.Feed.RollbackWindow.Std()})
	c.rankings = rca.NewStore(c.state)
	if err := c.openLearned(ctx, o); err != nil {
		return err
	}
	if err := c.resumeSuspects(ctx); err != nil {
		return err
	}
	c.gaps = journal.NewGaps(c.state)
	if err := c.absences.read(ctx, c.gaps); err != nil {
		return err
	}
	if c.alertLog, err = journal.NewLog(ctx, c.state, o.Metrics); err != nil {
		return err
	}
	external, err := url.Parse(cmp.Or(o.Virtual.ExternalURL, o.ExternalURL))
	if err != nil {
		return fmt.Errorf("external address %q: %w", o.ExternalURL, err)
	}
	c.engine, err = rules.NewEngine(rules.EngineOptions{
		Config: o.Config.Rules, Query: c.query, Queryable: c.bands, Appendable: c.writer.Appendable(),
		Owner: c.owner, Notify: c.onAlerts, Logger: o.Logger.With("component", "rules"),
		Metrics: o.Metrics, Registerer: o.Registry, ExternalURL: external, Now: o.Now,
		Foresight: foresight{c.bank}, Memory: rules.NewNotebook(c.state), Maintenance: c.inMaintenance,
		Virtual: o.Virtual.Rules, ExternalLabels: o.Virtual.ExternalLabels,
	})
	if err != nil {
		return err
	}
	if err := c.engine.Load(ctx, o.RuleSet); err != nil {
		return fmt.Errorf("load rules: %w", err)
	}
	next, err := c.prepare(o.Config, o.Channels, o.Alertmanager)
	if err != nil {
		return err
	}
	c.ranker, c.outbox = next.ranker, next.outbox
	c.setWindows(next.plan)
	return c.openRouting(ctx, o, next.plan)
}

// replaceable is what a reload makes anew.
type replaceable struct {
	ranker *rca.Ranker
	outbox *notify.Outbox
	plan   *alertmanager.Plan
}

// prepare builds what a reload replaces. It touches nothing that is live.
func (c *Core) prepare(cfg config.Config, channels []notify.Channel, conf amfile.Document) (replaceable, error) {
	ranker, err := rca.NewRanker(rca.Options{
		Config: cfg.RootCause, Changes: suspects{c.feed}, Series: evidence{c}, Graph: c.graphs.around, Guards: c.guards, Lines: newLines{c.lines.watch}, Logger: c.log.With("component", "rca"), Metrics: c.set,
	})
	if err != nil {
		return replaceable{}, fmt.Errorf("make ranker: %w", err)
	}
	plan, err := c.newPlan(cfg, conf)
	if err != nil {
		return replaceable{}, err
	}
	outbox, err := notify.NewOutbox(notify.Options{
		DB: c.state, Channels: c.withReceivers(channels, plan), Config: cfg.Notify,
		Logger: c.log, Metrics: c.set, Now: c.now, Mute: c.muted,
		Present: c.presentMessage, Escalated: c.noteEscalation,
	})
	if err != nil {
		return replaceable{}, err
	}
	return replaceable{ranker: ranker, outbox: outbox, plan: plan}, nil
}
