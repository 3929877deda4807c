package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/web"
)

// Times of the live loops.
const (
	tickEvery       = time.Second
	sweepEvery      = 10 * time.Second
	checkpointEvery = 5 * time.Minute
	pruneEvery      = time.Hour
	drainTimeout    = 10 * time.Second
)

// Run opens the stores, serves, and drives the core by the wall clock until ctx
// ends or a part fails, which stops all others and is named in the error. It then
// stops in the order: listener, loops, forwarding, detector checkpoint, stores.
func (a *App) Run(ctx context.Context) (err error) {
	defer func() {
		err = store.AdviseRoom(errors.Join(err, a.undo.run(a.log)), a.opts.StoragePath, a.loaded.config.Storage)
	}()
	server := &http.Server{
		Handler:           a,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	web.ForgetNewOnShutdown(server)
	serving := make(chan error, 1)
	go func() { serving <- server.Serve(a.listener) }()
	a.log.Info("listening", "address", a.Address(), "version", a.opts.Version)

	runErr := a.runCore(ctx, serving, func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		a.log.Info("stopping", "step", "drain requests")
		if err := server.Shutdown(drain); err != nil {
			a.log.Warn("requests were cut off", "error", err)
			server.Close()
		}
	})
	server.Close()
	return runErr
}

// runCore runs the loops over an open core. stopServing is called when they are
// to end, before anything that requests need is closed.
func (a *App) runCore(ctx context.Context, serving <-chan error, stopServing func()) error {
	core, err := a.openCore(ctx)
	if err != nil {
		stopServing()
		if ctx.Err() != nil { // told to end, and what was open is closed again
			a.log.Info("stopped while the stores were being opened", "reason", err)
			return nil
		}
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	watchForwarding, stopForwarding := core.startForwarding(ctx)
	// What loops need to finish their last work outlives the request to stop.
	g.Go(func() error {
		select {
		case err := <-serving:
			if !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("http server: %w", err)
			}
			return nil
		case <-gctx.Done():
			a.stopping.Store(true)
			stopServing()
			return nil
		}
	})
	named := func(name string, run func(context.Context) error) {
		g.Go(func() error {
			if err := run(gctx); err != nil && gctx.Err() == nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	named("collector", tendGarbage)
	named("store upkeep", core.writer.Run)
	named("metric metadata", core.catalogue.Run)
	named("log store", core.logStore.store.Run)
	named("rules", core.engine.Run)
	named("scraping", core.scrapes.Run)
	named("forwarding", watchForwarding)
	named("verdicts", func(ctx context.Context) error { return a.consumeLoop(ctx, core) })
	named("judging of changes", func(ctx context.Context) error { return a.judgeLoop(ctx, core) })
	named("clock", func(ctx context.Context) error { return a.tickLoop(ctx, core) })
	named("responder", func(ctx context.Context) error { return a.respondLoop(ctx, core) })
	named("alert groups", core.router.Run)
	named("outbox", a.outboxLoop)
	named("checkpoints", func(ctx context.Context) error { return a.upkeepLoop(ctx, core) })
	named("detector", func(ctx context.Context) error {
		if err := core.CatchUp(ctx); err != nil {
			return err
		}
		return core.learnLoop(ctx)
	})
	named("log templates", core.logsLoop)
	named("service graph", func(ctx context.Context) error { return a.topologyLoop(ctx, core) })
	named("live events", a.server.broker.Run)
	a.runReceivers(named)
	named("reloads", a.reloadLoop)
	named("service manager", a.systemdLoop)
	a.notifyReady()
	a.log.Info("ready", "url", a.URL(), "series", core.tsdb.NumSeries())
	err = g.Wait()
	a.notifyStopping()
	a.log.Info("stopping", "step", "forward what waits")
	err = errors.Join(err, stopForwarding())
	close(a.ending)
	a.callers.Lock() // who reads the memory of a store that is closed crashes the process
	a.callers.Unlock()
	a.stopping.Store(true)
	a.mu.Lock() // a reload that outlived the drain ends first, and none begins
	a.mu.Unlock()
	// The core is closed under a context of its own: the one given has ended.
	return errors.Join(err, core.Close(context.WithoutCancel(ctx), core.now()))
}

// consumeLoop folds verdicts into incidents as they come.
func (a *App) consumeLoop(ctx context.Context, c *Core) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case v := <-c.observer.queue:
			if err := c.Consume(ctx, c.now(), v); err != nil && ctx.Err() == nil {
				c.log.Error("anomalies could not be stored", "error", err)
			}
		}
	}
}

// tickLoop moves event time: silent series, recovery, new rankings.
func (a *App) tickLoop(ctx context.Context, c *Core) error {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	var swept time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := c.now()
		if err := c.Beat(ctx, now); err != nil && ctx.Err() == nil {
			c.log.Error("a time without detection may not be on record", "error", err)
		}
		if now.Sub(swept) >= sweepEvery {
			swept = now
			c.Sweep(now)
			if err := c.StepLogs(ctx, now); err != nil && ctx.Err() == nil {
				c.log.Error("log lines could not be judged", "error", err)
			}
			if err := c.StepInferred(ctx, now); err != nil && ctx.Err() == nil {
				c.log.Error("changes that telemetry shows could not be recorded", "error", err)
			}
			if err := c.Revisit(ctx, now); err != nil && ctx.Err() == nil {
				c.log.Error("held anomalies could not be looked at again", "error", err)
			}
			a.server.rates.note(sum(a.counters(), "tocsin_store_samples_total"))
		}
		if err := errors.Join(c.incidents.Tick(ctx, now), c.StepExpected(ctx, now), c.Rerank(ctx, now), c.reconcile(ctx, now)); err != nil && ctx.Err() == nil {
			c.log.Error("incidents could not be moved on", "error", err)
		}
		a.moved.Store(time.Now().UnixMilli())
	}
}

// every does something at each tick until the context ends.
func every(ctx context.Context, d time.Duration, do func()) error {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		do()
	}
}

// judgeLoop says verdicts on changes. It has a loop of its own, as reading the
// history of a service may take its time.
func (a *App) judgeLoop(ctx context.Context, c *Core) error {
	return every(ctx, judgeEvery, func() {
		if err := c.JudgeChanges(ctx, c.now()); err != nil && ctx.Err() == nil {
			c.log.Error("changes could not be judged", "error", err)
		}
		if err := c.StepRefit(ctx, c.now()); err != nil && ctx.Err() == nil {
			c.log.Error("the weights of rankings could not be refitted", "error", err)
		}
	})
}

// respondLoop works off the event log whenever something was added to it, and
// once at the start for what an earlier process left.
func (a *App) respondLoop(ctx context.Context, c *Core) error {
	retry := time.NewTicker(10 * time.Second)
	defer retry.Stop()
	for {
		if _, err := c.Respond(ctx); err != nil && ctx.Err() == nil {
			c.metrics.respondErrors.Inc()
			c.log.Error("responding to incident events", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
			a.server.broker.Wake()
		case <-retry.C:
		}
	}
}

// outboxLoop runs the outbox in use, and after a reload its successor.
func (a *App) outboxLoop(ctx context.Context) error {
	for ctx.Err() == nil {
		runCtx, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- a.runOutbox(runCtx) }()
		select {
		case err := <-done:
			stop()
			return err
		case <-a.restartOutbox:
			stop()
			if err := <-done; err != nil {
				return err
			}
		}
	}
	return nil
}

// upkeepLoop writes checkpoints and removes what is older than its retention.
func (a *App) upkeepLoop(ctx context.Context, c *Core) error {
	checkpoint := time.NewTicker(checkpointEvery)
	defer checkpoint.Stop()
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-checkpoint.C:
			if err := c.saveCardinality(); err != nil {
				c.log.Warn("counts of new series are not on disk", "error", err)
			}
			if err := c.saveLogWatch(); err != nil {
				c.log.Warn("what is normal of log lines is not on disk", "error", err)
			}
			if err := c.saveTopology(); err != nil {
				c.log.Warn("the service graph is not on disk", "error", err)
			}
			if err := c.Checkpoint(ctx, c.now()); err != nil && ctx.Err() == nil {
				c.log.Error("detector state is not on disk; a crash would forget what was learned since the last checkpoint, as far as the store does not hold it", "error", err)
			}
		case <-prune.C:
			if err := c.Prune(ctx, c.now()); err != nil && ctx.Err() == nil {
				c.log.Warn("old records could not be removed", "error", err)
			}
		}
	}
}
