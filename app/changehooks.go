package app

import (
	"context"
	"errors"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/changes"
	"github.com/tocsinhq/tocsin/ingest/changes/sentrycli"
	"github.com/tocsinhq/tocsin/telemetry"
)

// newChangeHooks builds the receiver of change webhooks over the feed of an open core.
func (a *App) newChangeHooks(c *Core, o ingest.Options) *changes.Handler {
	return changes.NewHandler(changes.Options{
		Options: o, Config: a.loaded.config.Changes.Hooks,
		Record: func(ctx context.Context, ch telemetry.Change) (telemetry.Change, bool, error) {
			return c.RecordChange(ctx, ch, c.now())
		},
		Known: func(ctx context.Context, id string) (bool, error) {
			_, err := c.feed.Get(ctx, id)
			if errors.Is(err, change.ErrNotFound) {
				return false, nil
			}
			return err == nil, err
		},
		Releases: sentrycli.NewReleases(c.state),
		Invalid: func(err error) bool {
			_, ok := errors.AsType[*change.InvalidError](err)
			return ok
		},
	})
}

// pruneReleases forgets the releases of sentry-cli that are as old as changes may be.
func (c *Core) pruneReleases(ctx context.Context, before time.Time) error {
	return sentrycli.NewReleases(c.state).Prune(ctx, before)
}
