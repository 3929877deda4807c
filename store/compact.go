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
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/store/head"
)

// Compact moves to blocks what memory has held for long enough, merges blocks and
// deletes old ones. Nothing that it does not bring to its end is lost: it is done
// again the next time.
func (d *DB) Compact(ctx context.Context) error {
	g, err := d.acquire()
	if err != nil {
		return err
	}
	defer d.release(g)
	g.compacting.Lock()
	defer g.compacting.Unlock()
	for {
		mint, maxt, ok := g.due()
		if !ok {
			break
		}
		if err := d.compactHead(ctx, g, mint, maxt); err != nil {
			return fmt.Errorf("move samples from %s to %s into a block: %w", timeText(mint), timeText(maxt), err)
		}
	}
	if err := g.base.Compact(ctx); err != nil {
		return fmt.Errorf("compact blocks: %w", err)
	}
	return nil
}

// due returns the range that is to leave the head next, false while there is none.
func (g *generation) due() (mint, maxt int64, ok bool) {
	if mint, maxt, ok = g.head.Compactable(); ok || g.floats {
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
	g.base.DisableCompactions() // waits for one that is under way
	defer g.base.EnableCompactions()
	g.head.Freeze(maxt)
	if err := g.compactBase(ctx, maxt); err != nil {
		return err
	}
	var wrote []ulid.ULID
	if maxt > g.written {
		var err error
		if wrote, err = d.writeBlock(ctx, g, mint, maxt); err != nil {
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
	g.inBlocks.Store(maxt)
	if err := g.readers.wait(ctx); err != nil {
		return fmt.Errorf("wait for queries to end: %w", err)
	}
	return g.head.Truncate(maxt, func(gone []head.ID) { d.tellDropped(gone) })
}

// compactBase moves what the base has in order before maxt into blocks. What comes
// later for those times goes among the late samples.
func (g *generation) compactBase(ctx context.Context, maxt int64) error {
	h := g.base.Head()
	if from, begun := h.AppendableMinValidTime(); !begun || from < maxt {
		h.SetMinValidTime(maxt)
	}
	if err := g.appenders.wait(ctx); err != nil { // they know the limit of before
		return fmt.Errorf("wait for transactions to end: %w", err)
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
	return nil
}

// writeBlock writes a block and returns its name; none if it would be empty.
func (d *DB) writeBlock(ctx context.Context, g *generation, mint, maxt int64) ([]ulid.ULID, error) {
	c, err := tsdb.NewLeveledCompactorWithOptions(ctx, nil, d.o.Logger, []int64{g.blockRange}, chunkenc.NewPool(), tsdb.LeveledCompactorOptions{
		MaxBlockChunkSegmentSize: blockSegment, EnableOverlappingCompaction: true,
	})
	if err != nil {
		return nil, err
	}
	// The base must not take it for the limit of its own log.
	meta := &tsdb.BlockMeta{}
	meta.Compaction.SetOutOfOrder()
	return c.Write(d.o.Dir, g.head.Block(mint, maxt-1), mint, maxt, meta)
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

// idSet is a set of series of the head.
type idSet struct {
	from head.ID
	bits []uint64
}

func newIDSet(ids []head.ID) (s idSet) {
	if len(ids) == 0 {
		return s
	}
	s.from = slices.Min(ids)
	s.bits = make([]uint64, (slices.Max(ids)-s.from)/64+1)
	for _, id := range ids {
		s.bits[(id-s.from)/64] |= 1 << ((id - s.from) % 64)
	}
	return s
}

func (s idSet) has(id head.ID) bool {
	i := (id - s.from) / 64 // far beyond the end if it is before
	return id >= s.from && int(i) < len(s.bits) && s.bits[i]&(1<<((id-s.from)%64)) != 0
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
