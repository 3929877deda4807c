package store

import (
	"context"
	"fmt"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// A start reads nothing from the base's log that is older than the newest block which is
// not of late samples alone. Blocks of late samples, and those of the head, may reach
// further than the base has moved what it has in order. Merged with another block one of
// these would be that limit, and what the base has in order before it be gone: it stays
// as it is until the base has come that far.

// mergeable reports whether a block may be merged with others by now.
func (g *generation) mergeable(b *tsdb.BlockMeta) bool {
	return !b.Compaction.FromOutOfOrder() || b.MaxTime <= g.baseLimit()
}

// baseLimit returns the time before which the base has nothing in order, nor ever will.
func (g *generation) baseLimit() int64 {
	limit := g.emptied.Load()
	db := g.opened.Load()
	if db == nil {
		return limit
	}
	for _, b := range db.Blocks() {
		if m := b.Meta(); !m.Compaction.FromOutOfOrder() {
			limit = max(limit, m.MaxTime)
		}
	}
	return limit
}

// resumeLimit makes the base go on from what is in blocks by now, before there are users: it
// forgets its limit with each start, as far as its own blocks do not tell it. The base may be
// writing a block already.
func (g *generation) resumeLimit() {
	to := max(g.head.Frozen(), g.baseLimit())
	if to == never {
		return
	}
	h := g.base.Head()
	g.limiting.Lock()
	g.moving = max(g.moving, to)
	if from, begun := h.AppendableMinValidTime(); !begun || from < g.moving {
		h.SetMinValidTime(g.moving)
	}
	g.limiting.Unlock()
	if g.baseHasSeries() {
		to = min(to, h.MinTime())
	}
	g.emptied.Store(to)
}

// baseAppender returns an appender of the base, for who has entered g.appenders. It takes
// nothing in order that has begun to move to a block or has moved: the base itself takes its
// limit back to the end of each block that it writes, however far that was.
func (g *generation) baseAppender(ctx context.Context) storage.AppenderV2 {
	g.limiting.Lock()
	defer g.limiting.Unlock()
	for {
		g.holdLimit()
		app := g.base.AppenderV2(ctx)
		if !g.holdLimit() {
			return app
		}
		_ = app.Rollback() // it has nothing
	}
}

// holdLimit raises the limit of the base to what moves to blocks, and reports whether it was
// lower. The caller holds limiting.
func (g *generation) holdLimit() bool {
	h := g.base.Head()
	if from, begun := h.AppendableMinValidTime(); !begun || from >= g.moving {
		return false
	}
	h.SetMinValidTime(g.moving)
	return true
}

// settleBefore makes the base take nothing in order before a time from now on, and returns when
// those who may have some for it have ended.
func (g *generation) settleBefore(ctx context.Context, h *tsdb.Head, maxt int64) error {
	g.limiting.Lock()
	g.moving = max(g.moving, maxt)
	if from, begun := h.AppendableMinValidTime(); !begun || from < g.moving {
		h.SetMinValidTime(max(g.moving, g.baseLimit()))
	}
	g.limiting.Unlock()
	if err := g.appenders.wait(ctx); err != nil { // they know the limit of before
		return fmt.Errorf("wait for transactions to end: %w", err)
	}
	return nil
}

// settledCompactor is a compactor that writes nothing of the base's head before those who may
// have something for it in order have ended. The base would wait for them itself if it kept
// account of who appends, which is turned off.
type settledCompactor struct {
	*tsdb.LeveledCompactor
	ctx context.Context
	g   *generation
}

// Write writes a block.
func (c settledCompactor) Write(dest string, b tsdb.BlockReader, mint, maxt int64, base *tsdb.BlockMeta) ([]ulid.ULID, error) {
	if _, ok := b.(*tsdb.RangeHead); ok {
		if db := c.g.opened.Load(); db != nil {
			if err := c.g.settleBefore(c.ctx, db.Head(), maxt); err != nil {
				return nil, err
			}
		}
	}
	return c.LeveledCompactor.Write(dest, b, mint, maxt, base)
}
