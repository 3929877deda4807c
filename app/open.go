package app

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/web"
)

// openCore opens the stores and lets the pages answer.
func (a *App) openCore(ctx context.Context) (*Core, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	begun := time.Now()
	if m := a.loaded.config.Storage.Limits.Memory; m > 0 {
		debug.SetMemoryLimit(int64(m))
	}
	defer a.start.collectLess()()
	defer a.start.logUntilDone(a.log)()
	c, err := NewCore(ctx, CoreOptions{
		Config: a.loaded.config, RuleSet: a.loaded.rules, Jobs: a.loaded.jobs, Targets: a.loaded.targets, Dir: a.opts.StoragePath, Channels: a.loaded.channels, Alertmanager: a.loaded.alertmanager,
		ExternalURL: a.URL(), Now: time.Now, Logger: a.log, Metrics: a.set, Registry: a.registry,
		BlockReload: a.opts.BlockReload, Logs: a.opts.Logs,
		Stages: a.loaded.stages, Replay: a.start.replay, Stage: a.start.reach, CatchUpLater: true,
	})
	if err != nil {
		return nil, err
	}
	c.metrics.reloadOK.Set(1)
	c.metrics.reloadTime.Set(float64(a.started.Unix()))
	for _, w := range Warnings(a.loaded.config, a.loaded.rules) {
		a.log.Warn(w)
	}
	a.note(a.loaded)
	if a.server, err = a.newServerParts(c); err != nil {
		return nil, errors.Join(err, c.Close(ctx, c.now()))
	}
	a.core.Store(c)
	a.serve(c)
	a.log.Info("stores are open", "took", time.Since(begun).Round(time.Millisecond))
	return c, nil
}

// WarmSignals computes the signals over history that was written before the
// daemon could record them, so that they have a baseline at once; see
// rules.Engine.Backfill. It returns how many values were stored.
func (a *App) WarmSignals(ctx context.Context, from, to time.Time, step time.Duration) (int, error) {
	c := a.Core()
	if c == nil {
		return 0, errors.New("warm signals: the daemon is still starting")
	}
	a.callers.RLock()
	defer a.callers.RUnlock()
	select {
	case <-a.ending:
		return 0, errors.New("warm signals: the daemon is stopping")
	default:
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-a.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	stored, refused, err := c.engine.Backfill(ctx, from, to, step)
	if refused > 0 {
		a.log.Warn("some values of signals could not be stored; storage.out_of_order_window says how old they may be", "refused", refused, "stored", stored)
	}
	return stored, err
}

// Times after which records are removed.
const (
	keepAnomalies = 90 * 24 * time.Hour
	keepChanges   = 2 * 365 * 24 * time.Hour
	keepAlertLog  = 365 * 24 * time.Hour
)

// Prune removes anomalies and changes that are older than their retention. The
// outbox prunes itself.
func (c *Core) Prune(ctx context.Context, now time.Time) error {
	_, err := c.anomalies.Prune(ctx, now.Add(-keepAnomalies))
	if serr := c.silences.Prune(ctx, now); serr != nil {
		err = errors.Join(err, serr)
	}
	if _, cerr := c.feed.Prune(ctx, now.Add(-keepChanges)); cerr != nil {
		err = errors.Join(err, fmt.Errorf("prune changes: %w", cerr))
	}
	err = errors.Join(err, c.pruneReleases(ctx, now.Add(-keepChanges)))
	_, lerr := c.alertLog.Prune(ctx, now.Add(-keepAlertLog))
	err = errors.Join(err, lerr, c.gaps.Prune(ctx, now.Add(-keepAlertLog)))
	return err
}

// detectorStatus looks at every watched series once.
func (c *Core) detectorStatus(ctx context.Context) (web.DetectorStatus, error) {
	s := web.DetectorStatus{Watched: c.bank.Len(), CatchingUp: c.CatchingUp()}
	for _, slot := range c.bank.Slots() {
		v, ok := c.bank.Last(slot)
		switch {
		case !ok || v.Expected != v.Expected:
			s.Warming++
		case v.Phase == detector.PhaseOngoing:
			s.Open++
		}
	}
	c.budgetStatus(&s)
	p := c.starter.Progress()
	s.WarmStart = web.WarmStart{Active: p.Active, Series: p.Series, Done: p.Done, Failed: p.Failed}
	at, err := c.incidents.Cursor(ctx, checkpointCursor)
	if at > 0 {
		s.Checkpoint = time.UnixMilli(at).UTC()
	}
	return s, err
}

// channelStatus says what each channel has delivered.
func (c *Core) channelStatus(ctx context.Context) ([]web.Channel, error) {
	tallies, err := c.Outbox().Tallies(ctx)
	out := make([]web.Channel, len(tallies))
	for i, t := range tallies {
		out[i] = web.Channel{Name: t.Channel, Waiting: t.Waiting, Failed: t.Failed, Sent: t.Sent, Last: t.Last, Error: t.Error}
	}
	return out, err
}

// openStates are those of incidents that are not over.
var openStates = incident.ActiveStates()
