package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/ingest/scrape"
	"github.com/tocsinhq/tocsin/store/forward"
	"github.com/tocsinhq/tocsin/web"
)

// ReadPrometheus reads what a configuration takes from Prometheus' own: the jobs
// to scrape, with those of the files that it names, relative ones from the folder
// base, and the servers to forward to.
func ReadPrometheus(c config.Config, base string) (scrape.Jobs, forward.Targets, error) {
	jobs, err := scrape.Read(c.Scrape, c.Prometheus, base)
	targets, terr := forward.Read(c.Prometheus)
	return jobs, targets, errors.Join(err, terr)
}

// openScraping builds what fetches samples and what sends them on. Both are idle
// until they run.
func (c *Core) openScraping(o CoreOptions) (err error) {
	c.scrapes, err = scrape.New(scrape.Options{
		Appendable: c.writer.ScrapeAppendable(), StartTimes: o.Config.Storage.StartTimestamps,
		Logger: o.Logger.With("component", "scrape"), Registerer: o.Registry,
	})
	if err != nil {
		return err
	}
	base, head := c.tsdb.LogDirs()
	c.forwarder, err = forward.New(forward.Options{
		Logs:   []forward.Log{{Name: "base", Dir: base}, {Name: "head", Dir: head}},
		Logger: o.Logger.With("component", "forward"), Registerer: o.Registry, Metadata: c.scrapes,
		Progress: func() ([]uint64, int64) {
			base, head := c.writer.Stored()
			return []uint64{base, head}, c.tsdb.MaxTime()
		},
	})
	if err != nil {
		return err
	}
	c.tsdb.SetWriteNotified(c.forwarder)
	return c.applyScraping(o.Jobs, o.Targets)
}

// applyScraping makes jobs and targets the ones in use. On an error those before
// stay.
func (c *Core) applyScraping(jobs scrape.Jobs, targets forward.Targets) error {
	if err := c.scrapes.Apply(jobs); err != nil {
		return err
	}
	if err := c.forwarder.Apply(targets); err != nil {
		return errors.Join(err, c.scrapes.Apply(c.jobs))
	}
	c.jobs, c.targets = jobs, targets
	return nil
}

// checkLoop refuses to forward to this daemon itself.
func (a *App) checkLoop(ctx context.Context, l loaded) error {
	if err := l.targets.CheckLoop(ctx, a.Address(), a.url); err != nil {
		return fmt.Errorf("configuration:\n%w", err)
	}
	return nil
}

// note says in the log what of the files that were read has no effect.
func (a *App) note(l loaded) {
	for _, n := range l.jobs.Notes {
		a.log.Warn(n)
	}
}

// failingTargets is how many targets that are down the status page names.
const failingTargets = 20

// scrapeStatus says how scraping goes.
func (c *Core) scrapeStatus() web.ScrapeStatus {
	sum := c.scrapes.Summary(failingTargets)
	s := web.ScrapeStatus{Jobs: sum.Jobs, Up: sum.Up, Down: sum.Down, Unknown: sum.Unknown, Failing: []web.FailingTarget{}}
	for _, t := range sum.Failing {
		s.Failing = append(s.Failing, web.FailingTarget{Job: t.Job, URL: t.URL, Error: t.Error, Scraped: t.Scraped})
	}
	return s
}

// forwardStatus says how the sending to other servers goes.
func (c *Core) forwardStatus() []web.ForwardStatus {
	out := []web.ForwardStatus{}
	for _, q := range c.forwarder.Queues() {
		out = append(out, web.ForwardStatus{
			Name: q.Name, URL: q.URL, Sent: q.Sent, Pending: q.Pending, Failed: q.Failed, Retried: q.Retried, Dropped: q.Dropped,
		})
	}
	return out
}

// startForwarding runs the forwarder, which ends after all that writes, so that it
// sends on what comes last: stop ends it, and watch returns what ends it before.
func (c *Core) startForwarding(ctx context.Context) (watch func(context.Context) error, stop func() error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- c.forwarder.Run(ctx) }()
	watch = func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return nil
		case err := <-done:
			done <- nil // for stop
			return err
		}
	}
	stop = func() error {
		cancel()
		return <-done
	}
	return watch, stop
}
