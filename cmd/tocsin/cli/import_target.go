package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/web/client"
)

// target is the data folder of an import: of a daemon that runs, which is asked
// and told, or of one that does not, which is kept from starting meanwhile.
type target struct {
	data      string         // the folder
	url       string         // of the daemon
	daemon    *client.Client // nil when none is running
	retention time.Duration
	size      uint64 // bytes of the store of a running daemon
	minFree   uint64 // bytes of the disk to leave
	release   func() error
}

const askLearned = 500 * time.Millisecond

// target finds out whether a daemon has the folder.
func (c *importFlags) target(ctx context.Context) (target, error) {
	if c.DryRun { // touches nothing, so there is nothing to lock
		if to, err := c.running(ctx); err == nil {
			return to, nil
		}
		return c.stopped(func() error { return nil })
	}
	release, locked := store.LockDir(c.StoragePath)
	if locked == nil {
		to, err := c.stopped(release)
		if err != nil {
			return to, errors.Join(err, release())
		}
		return to, nil
	}
	to, err := c.running(ctx)
	if err != nil {
		return to, fmt.Errorf("import: %w; and no daemon answers there: %w; name the address of the daemon by --url", locked, err)
	}
	return to, nil
}

func (c *importFlags) stopped(release func() error) (target, error) {
	settings := config.Default()
	if c.ConfigFile != "" {
		read, errs := config.Load(c.ConfigFile)
		if err := errs.Err(); err != nil {
			return target{}, fmt.Errorf("configuration:\n%w", err)
		}
		settings = read
	}
	return target{data: c.StoragePath, retention: settings.Storage.Retention.Std(), minFree: uint64(settings.Storage.MinFreeDisk), release: release}, nil
}

func (c *importFlags) running(ctx context.Context) (target, error) {
	daemon, err := client.New(c.URL)
	if err != nil {
		return target{}, err
	}
	status, err := daemon.Status(ctx)
	if err != nil {
		return target{}, err
	}
	return target{
		data: c.StoragePath, url: c.URL,
		daemon: daemon, retention: time.Duration(status.Store.RetentionSeconds * float64(time.Second)),
		size: status.Store.Bytes, minFree: uint64(store.DefaultConfig().MinFreeDisk), release: func() error { return nil },
	}, nil
}

// steps says in words what the daemon is doing.
var steps = map[string]string{
	"":           "waits for its turn",
	"blocks":     "the store reads the new blocks, which takes up to a minute",
	"signals":    "signals are computed over the history",
	"series":     "the detector learns series",
	"histograms": "the detector learns histograms",
}

// learn tells the daemon and waits until its detector has learned.
func (t target) learn(ctx context.Context, s streams, some, wait bool) error {
	if t.daemon == nil {
		if !some {
			return nil
		}
		_, err := fmt.Fprintln(s.out, "the daemon reads it, and its detector learns from it, at the next start")
		return err
	}
	list, err := t.daemon.LearnImports(ctx)
	if err != nil {
		return fmt.Errorf("the history is in the store, but the daemon could not be told; POST /api/v1/tocsin/warm or a restart has it learn: %w", err)
	}
	if some && len(list.Waiting) == 0 {
		return fmt.Errorf("the history is in the store %s, but the daemon at %s knows nothing of it: is that the daemon of another folder? POST /api/v1/tocsin/warm has the right one learn", t.data, t.url)
	}
	if !wait || len(list.Waiting) == 0 {
		return nil
	}
	m := &meter{noun: "imports learned", unit: "series warmed"}
	stop := m.show(s.err)
	defer stop()
	tick := time.NewTicker(askLearned)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return withDone(ctx.Err(), "the history is in the store, and the daemon goes on learning from it")
		case <-tick.C:
		}
		if list, err = t.daemon.Imports(ctx); err != nil {
			return withDone(fmt.Errorf("the history is in the store; ask how far the daemon is with it: %w", err), "the history is in the store, and the daemon goes on learning from it")
		}
		doing := steps[list.Step]
		m.doing.Store(&doing)
		m.rows.Store(int64(list.Learned))
		m.units.Store(list.Done)
		switch {
		case len(list.Waiting) == 0:
			_, err := fmt.Fprintln(s.out, "the daemon has learned from it")
			return err
		case list.Error != "":
			return fmt.Errorf("the history is in the store, but the daemon did not learn from it: %s", list.Error)
		}
	}
}
