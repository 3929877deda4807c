package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rules/journal"
)

// aliveCursor keeps when this daemon was last known to work, in milliseconds.
const aliveCursor = "alive"

const (
	beatEvery = 10 * time.Second // between two notes that the daemon is alive
	gapLeast  = time.Minute      // a time without detection that is worth a word
	gapGrace  = 2 * time.Minute  // that senders need to send again after it
)

// beats watches for times in which nothing could be detected. It belongs to the
// loop that moves the clock.
type beats struct {
	last    time.Time // of the last beat
	noted   time.Time // of the last beat that is on disk
	failing time.Time // since when nothing can be stored
}

// Beat says that the daemon works at t. Where the last beat is long past, or
// storing has failed for a while, there is a gap: it is noted, told on the
// timelines of open incidents, and taken into account by what looks for silence,
// so that it is not turned into alarms about data that could not come.
func (c *Core) Beat(ctx context.Context, t time.Time) error {
	// By the wall clock, as that of samples: the monotonic one, which Sub goes by where
	// both times have it, stands still while the machine is suspended.
	t = t.Round(0)
	least := max(gapLeast, 4*c.ruleInterval)
	if c.beats.last.IsZero() {
		at, err := c.incidents.Cursor(ctx, aliveCursor)
		if err != nil {
			return fmt.Errorf("read when the daemon last worked: %w", err)
		}
		if last := time.UnixMilli(at).UTC(); at > 0 && t.Sub(last) >= least {
			if err := c.noteGap(ctx, journal.Gap{From: last, To: t, Reason: journal.GapDown}); err != nil {
				return err
			}
		}
	} else if t.Sub(c.beats.last) >= least {
		if err := c.noteGap(ctx, journal.Gap{From: c.beats.last, To: t, Reason: journal.GapSuspended}); err != nil {
			return err
		}
	}
	c.beats.last = t
	if err := c.beatStorage(ctx, t, least); err != nil {
		return err
	}
	if since := t.Sub(c.beats.noted); since >= 0 && since < beatEvery {
		return nil
	}
	c.beats.noted = t
	if err := c.incidents.SetCursor(ctx, aliveCursor, t.UnixMilli()); err != nil {
		return fmt.Errorf("note that the daemon works: %w", err)
	}
	return nil
}

// beatStorage notes a time in which nothing could be stored, when it is over.
func (c *Core) beatStorage(ctx context.Context, t time.Time, least time.Duration) error {
	err := c.writer.Healthy()
	c.related.failing.Store(err != nil)
	switch since := c.beats.failing; {
	case err != nil && since.IsZero():
		c.beats.failing = t
	case err == nil && !since.IsZero():
		c.beats.failing = time.Time{}
		if t.Sub(since) >= least {
			return c.noteGap(ctx, journal.Gap{From: since, To: t, Reason: journal.GapStorage})
		}
	}
	return nil
}

// noteGap keeps a gap and tells those whom it concerns.
func (c *Core) noteGap(ctx context.Context, g journal.Gap) error {
	c.log.Warn(g.String())
	c.metrics.gap(g)
	c.bank.Away(g.From.UnixMilli(), g.To.UnixMilli())
	c.absences.add(g)
	c.engine.Blind(g.To.Add(gapGrace))
	c.related.blind.Store(g.To.Add(gapGrace).UnixMilli())
	if err := c.gaps.Record(ctx, g); err != nil {
		return err
	}
	open, err := c.incidents.List(ctx, incident.Filter{States: openStates, Limit: 1000})
	if err != nil {
		return fmt.Errorf("tell incidents of a detection gap: %w", err)
	}
	for _, inc := range open {
		_, _, err := c.incidents.AppendEvent(ctx, incident.Event{
			Incident: inc.ID, Kind: incident.EventGap, At: g.To, Actor: "tocsin", Text: g.String(),
			Key: fmt.Sprintf("gap %s %d", g.Reason, g.From.UnixMilli()),
		})
		if err != nil {
			return fmt.Errorf("tell incident %s of a detection gap: %w", inc.ID, err)
		}
	}
	return nil
}

// Gaps returns the newest times in which nothing could be detected.
func (c *Core) Gaps(ctx context.Context, since time.Time, most int) ([]journal.Gap, error) {
	return c.gaps.List(ctx, since, most)
}
