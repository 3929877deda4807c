package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/store/head"
)

// Compact moves to blocks what memory has held for long enough, merges blocks and
// deletes old ones. Nothing that it does not bring to its end is lost: it is done
// again the next time. Writer.Run does the first and the base itself the rest.
func (d *DB) Compact(ctx context.Context) error {
	g, err := d.acquire()
	if err != nil {
		return err
	}
	defer d.release(g)
	if err := d.emptyHead(ctx, g); err != nil {
		return err
	}
	if err := g.base.Compact(ctx); err != nil {
		return fmt.Errorf("compact blocks: %w", err)
	}
	return nil
}

// moveToBlocks moves what the head has held for long enough. It ends soon after ctx
// does, as it keeps the store from being closed.
func (d *DB) moveToBlocks(ctx context.Context) error {
	g, err := d.acquire()
	if err != nil {
		return err
	}
	defer d.release(g)
	err = d.emptyHead(ctx, g)
	if err != nil && ctx.Err() == nil {
		err = errors.Join(err, d.asideInUse(g))
	}
	return err
}

func (d *DB) emptyHead(ctx context.Context, g *generation) error {
	g.compacting.Lock()
	defer g.compacting.Unlock()
	for moved := false; ; moved = true {
		mint, maxt, ok := g.due()
		if !ok {
			if moved {
				d.image(g)
			}
			return nil
		}
		if err := d.compactHead(ctx, g, mint, maxt); err != nil {
			return fmt.Errorf("move samples from %s to %s into a block: %w", timeText(mint), timeText(maxt), err)
		}
	}
}

// Image writes an image of the head, so that the next start need not read the whole log.
// That it could not be written is logged and counted, and makes that start slower.
func (d *DB) Image() error {
	g, err := d.acquire()
	if err != nil {
		return err
	}
	defer d.release(g)
	d.image(g)
	return nil
}

// imageIfBehind does so if so many bytes were logged since the last one.
func (d *DB) imageIfBehind(most int64) error {
	g, err := d.acquire()
	if err != nil {
		return err
	}
	defer d.release(g)
	if g.head.Behind() >= most {
		d.image(g)
	}
	return nil
}

func (d *DB) image(g *generation) {
	if err := g.head.Image(); err != nil {
		d.o.Logger.Warn("the next start will take longer", "err", err)
	}
}

// due returns the range that is to leave the head next, to which nothing comes any more,
// false while there is none.
func (g *generation) due() (mint, maxt int64, ok bool) {
	if mint, maxt, ok = g.head.FreezeDue(); ok || g.floats {
		return mint, maxt, ok
	}
	// Nothing new comes to a head that takes no floats, but for the series of
	// exemplars.
	newest := g.maxTime()
	if newest == math.MinInt64 || g.head.NumSeries() == 0 {
		return 0, 0, false
	}
	border := floor(newest-g.blockRange/2, g.blockRange)
	if oldest := g.head.MinTime(); oldest < border {
		mint = floor(oldest, g.blockRange)
		return mint, mint + g.blockRange, true
	}
	return border - g.blockRange, border, border > g.written
}

// floor returns the border of a range at or before t.
func floor(t, width int64) int64 {
	n := t / width
	if t%width < 0 {
		n--
	}
	return n * width
}

// compactHead writes the head's samples from mint to before maxt into a block.
//
// The base first gives up what it has in order up to maxt, and takes nothing in order
// there any more. Blocks that were merged from several are to the base the limit of
// its own log: it reads nothing from it that is older.
func (d *DB) compactHead(ctx context.Context, g *generation, mint, maxt int64) error {
	g.head.Freeze(maxt)
	if err := g.compactBase(ctx, maxt); err != nil {
		return err
	}
	var wrote []ulid.ULID
	if maxt > g.written {
		var err error
		if wrote, err = g.writeBlock(mint, maxt); err != nil {
			return err
		}
		g.written = maxt
	}
	if err := g.base.CompactOOOHead(ctx); err != nil { // which also loads new blocks
		return err
	}
	if err := g.loaded(wrote); err != nil {
		g.written = math.MinInt64
		return err
	}
	return g.head.Truncate(ctx, maxt, func(gone []head.ID) { d.tellDropped(gone) })
}

// compactBase moves what the base has in order before maxt into blocks. What comes
// later for those times goes among the late samples.
func (g *generation) compactBase(ctx context.Context, maxt int64) error {
	h := g.base.Head()
	if err := g.settleBefore(ctx, h, maxt); err != nil {
		return err
	}
	for g.baseHasSeries() && h.MinTime() < maxt {
		from := h.MinTime()
		to := min(maxt, floor(from, g.blockRange)+g.blockRange)
		if err := g.base.CompactHead(tsdb.NewRangeHeadWithIsolationDisabled(h, from, to-1)); err != nil {
			return err
		}
		if h.MinTime() <= from {
			return errors.New("the TSDB keeps samples that are in a block")
		}
	}
	g.emptied.Store(max(g.emptied.Load(), maxt))
	return nil
}

// writeBlock writes a block and returns its name; none if it would be empty.
func (g *generation) writeBlock(mint, maxt int64) ([]ulid.ULID, error) {
	// The base must not take it for the limit of its own log.
	meta := &tsdb.BlockMeta{}
	meta.Compaction.SetOutOfOrder()
	return g.parts.compactor.Write(g.base.Dir(), g.head.Block(mint, maxt-1), mint, maxt, meta)
}

// loaded returns an error when a block is in the folder and cannot be read. One that
// is not there any more was older than the retention.
func (g *generation) loaded(wrote []ulid.ULID) error {
	for _, id := range wrote {
		if slices.ContainsFunc(g.base.Blocks(), func(b *tsdb.Block) bool { return b.Meta().ULID == id }) {
			continue
		}
		if _, err := os.Stat(filepath.Join(g.base.Dir(), id.String())); err == nil {
			return fmt.Errorf("block %s was written and is not read", id)
		}
	}
	return nil
}

// onDropped makes f be told which series the head has dropped, while no transaction is
// under way.
func (d *DB) onDropped(f func(idSet)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dropped = append(d.dropped, f)
}

func (d *DB) tellDropped(gone []head.ID) {
	if len(gone) == 0 {
		return
	}
	d.sources.droppedFromHead(gone)
	d.mu.Lock()
	told := slices.Clone(d.dropped)
	d.mu.Unlock()
	set := newIDSet(gone)
	for _, f := range told {
		f(set)
	}
}
