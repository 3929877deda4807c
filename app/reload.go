package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/notify/alertmanager"
	"github.com/tocsinhq/tocsin/web"
)

// RequestReload asks for a reload without waiting for it; the outcome is logged.
func (a *App) RequestReload() {
	select {
	case a.reloads <- struct{}{}:
	default: // one is asked for already
	}
}

func (a *App) reloadLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.reloads:
			if err := a.Reload(ctx); err != nil {
				a.log.Error("reload refused; the old configuration stays", "error", err)
			}
		}
	}
}

// Reload reads the configuration again and swaps the whole of it, or changes
// nothing and says why. Everything that can fail happens before anything live
// is touched.
func (a *App) Reload(ctx context.Context) (err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	core := a.Core()
	if core == nil {
		return errors.New("the daemon is still starting; reload when it is ready")
	}
	if a.stopping.Load() {
		return errors.New("the daemon is stopping; it reads its configuration at the next start")
	}
	a.notifyReloading()
	defer a.notifyReady()
	defer func() {
		a.last = web.ReloadStatus{OK: err == nil, At: time.Now()}
		core.metrics.reloadOK.Set(1)
		if err != nil {
			a.last.Error = err.Error()
			core.metrics.reloadOK.Set(0)
		} else {
			core.metrics.reloadTime.Set(float64(a.last.At.Unix()))
		}
	}()
	next, err := a.load()
	if err != nil {
		return err
	}
	if err := needsRestart(a.loaded.config, next.config); err != nil {
		return err
	}
	a.bindRunbooks(&next)
	if err := a.checkLoop(ctx, next); err != nil {
		return err
	}
	parts, err := core.prepare(next.config, next.channels, next.alertmanager)
	if err != nil {
		return err
	}
	if err := core.engine.Load(ctx, next.rules); err != nil {
		return fmt.Errorf("rules:\n%w", err)
	}
	if err := core.applyScraping(next.jobs, next.targets); err != nil {
		return errors.Join(fmt.Errorf("scraping and forwarding:\n%w", err), core.engine.Load(ctx, a.loaded.rules))
	}
	// From here on nothing fails.
	core.mu.Lock()
	core.ranker, core.outbox = parts.ranker, parts.outbox
	core.mu.Unlock()
	core.setWindows(parts.plan)
	core.stages.Store(&next.stages)
	core.inferring.watch.Configure(next.config.Changes.Feed.Inferred)
	if err := core.router.Replace(ctx, parts.plan, core.now()); err != nil {
		a.log.Error("the new routes are in force", "error", err) // what is not on disk is written by the next look
	}
	a.server.alertmanager.Update()
	a.loaded = next
	a.serve(core)
	a.note(next)
	a.log.Info("configuration reloaded", "file", a.opts.ConfigFile)
	select {
	case a.restartOutbox <- struct{}{}:
	default: // the one who runs outboxes is told already, and takes the latest
	}
	return nil
}

// needsRestart refuses a configuration whose changes cannot be made to a running
// process, because to take a part of it would be worse than to take nothing.
func needsRestart(old, next config.Config) error {
	var sections []string
	for _, s := range []struct {
		name      string
		old, next any
	}{
		{"storage", old.Storage, next.Storage},
		{"ingest", old.Ingest, next.Ingest},
		{"otlp", old.OTLP, next.OTLP},
		{"statsd", old.Statsd, next.Statsd},
		{"syslog", old.Syslog, next.Syslog},
		{"tail", old.Tail, next.Tail},
		{"journal", old.Journal, next.Journal},
		{"services", old.Services, next.Services},
		{"topology", old.Topology, next.Topology},
		{"detector", old.Detector, next.Detector},
		{"bands", old.Bands, next.Bands},
		{"warm_start", old.WarmStart, next.WarmStart},
		{"changes.rollback_window", old.Changes.Feed.RollbackWindow, next.Changes.Feed.RollbackWindow},
		{"incidents", old.Incidents, next.Incidents},
		{"rules.interval and the other settings of rules that are not files", withoutFiles(old), withoutFiles(next)},
		{"alertmanager, but for config_file", withoutFile(old.Alertmanager), withoutFile(next.Alertmanager)},
		{"web.max_connections", old.Web.MaxConnections, next.Web.MaxConnections},
		{"web.external_url", old.Web.ExternalURL, next.Web.ExternalURL},
	} {
		if !reflect.DeepEqual(s.old, s.next) {
			sections = append(sections, s.name)
		}
	}
	if len(sections) == 0 {
		return nil
	}
	return fmt.Errorf("%s: these settings take effect only at a start; nothing was changed. Restart the daemon, or set them back and reload", strings.Join(sections, ", "))
}

func withoutFiles(c config.Config) any {
	r := c.Rules
	r.AlertFiles, r.RuleFiles, r.SignalFiles, r.SLOFiles = nil, nil, nil, nil
	return r
}

func withoutFile(c alertmanager.Config) alertmanager.Config {
	c.ConfigFile = ""
	return c
}
