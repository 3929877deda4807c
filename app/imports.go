package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/backfill"
	"github.com/tocsinhq/tocsin/web"
)

const (
	// blocksWait is how long blocks that were put into the store may take to be
	// seen there, which it looks for each minute.
	blocksWait  = 5 * time.Minute
	blocksCheck = 500 * time.Millisecond
)

// imports is what is known of histories that were put into the store and that the
// detector has yet to learn from.
type imports struct {
	wake chan struct{}

	mu      sync.Mutex
	waiting []backfill.Mark
	step    string // what is being done with the first of them, "" for nothing
	failed  string // what went wrong last, until the next success
	learned int    // marks since the start
}

type webImports struct{ c *Core }

func (s webImports) Learn(ctx context.Context) (web.ImportList, error) { return s.c.LearnImports(ctx) }
func (s webImports) List(context.Context) (web.ImportList, error)      { return s.c.Imports(), nil }

// LearnImports asks for what was imported to be learned now and says what waits.
// It is done by learnLoop.
func (c *Core) LearnImports(context.Context) (web.ImportList, error) {
	marks, err := backfill.Marks(c.dir)
	if err != nil {
		return web.ImportList{}, err
	}
	c.imports.mu.Lock()
	c.imports.waiting = marks
	if len(marks) > 0 {
		c.imports.failed = ""
	}
	c.imports.mu.Unlock()
	select {
	case c.imports.wake <- struct{}{}:
	default:
	}
	return c.Imports(), nil
}

// Imports says what waits to be learned and how far that has come.
func (c *Core) Imports() web.ImportList {
	p := c.starter.Progress()
	c.imports.mu.Lock()
	defer c.imports.mu.Unlock()
	out := web.ImportList{Waiting: []web.Import{}, Step: c.imports.step, Error: c.imports.failed, Learned: c.imports.learned}
	if c.imports.step != "" {
		out.Series, out.Done, out.Failed = p.Series, p.Done, p.Failed
	}
	for _, m := range c.imports.waiting {
		out.Waiting = append(out.Waiting, web.Import{
			ID: m.ID, Source: m.Source, From: time.UnixMilli(m.From).UTC(), To: time.UnixMilli(m.To).UTC(), Blocks: len(m.Blocks), Made: m.Made,
		})
	}
	return out
}

// learnLoop does the warm start and then, whenever it is asked for, learns from
// what was imported. A mark of before the start that the warm start covers gets
// only its signals, and those before it.
func (c *Core) learnLoop(ctx context.Context) error {
	marks := c.marks()
	if c.cold {
		c.eachMark(ctx, marks, func(m *backfill.Mark) error { return c.fillSignals(ctx, m) })
	}
	err := c.Warm(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil: // imports are learned all the same, and say what goes wrong with them
		c.log.Error("warm start of the detector ended before its time; a restart tries again", "error", err)
	}
	if err == nil && c.cold && !c.starter.Progress().Incomplete {
		c.eachMark(ctx, marks, func(m *backfill.Mark) error { return c.learned(m) })
	} else {
		c.eachMark(ctx, marks, func(m *backfill.Mark) error { return c.learn(ctx, m) })
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.imports.wake:
		}
		c.eachMark(ctx, c.marks(), func(m *backfill.Mark) error { return c.learn(ctx, m) })
	}
}

// marks returns what waits, as it is on the disk.
func (c *Core) marks() []backfill.Mark {
	marks, err := backfill.Marks(c.dir)
	if err != nil {
		c.log.Error("some imports are not learned from", "error", err)
	}
	c.imports.mu.Lock()
	c.imports.waiting = slices.Clone(marks) // a mark grows while it is worked on
	c.imports.mu.Unlock()
	return marks
}

// eachMark does something with every mark. What goes wrong with one is said, and
// it stays for the next time.
func (c *Core) eachMark(ctx context.Context, marks []backfill.Mark, do func(*backfill.Mark) error) {
	for i := range marks {
		err := do(&marks[i])
		if ctx.Err() != nil {
			return
		}
		c.imports.mu.Lock()
		c.imports.step = ""
		if err != nil {
			c.imports.failed = err.Error()
		}
		c.imports.mu.Unlock()
		if err != nil {
			c.log.Error("an import is not learned from; POST /api/v1/tocsin/warm or a restart tries again", "import", marks[i].ID, "source", marks[i].Source, "error", err)
		}
	}
}

func (c *Core) importStep(s string) {
	c.imports.mu.Lock()
	c.imports.step = s
	c.imports.mu.Unlock()
}

// learn does all that an import is good for: signals over its time, then the
// detector's memory of all series that have samples there.
func (c *Core) learn(ctx context.Context, m *backfill.Mark) error {
	if err := c.fillSignals(ctx, m); err != nil {
		return err
	}
	c.importStep("series")
	if err := c.starter.Learn(ctx, func(ctx context.Context) ([]labels.Labels, error) { return c.storedBetween(ctx, m.From, m.To) }); err != nil {
		return err
	}
	c.importStep("histograms")
	if _, err := c.warmHistograms(ctx, m.From, m.To); err != nil {
		return err
	}
	if err := c.Checkpoint(ctx, c.now()); err != nil {
		return err
	}
	return c.learned(m)
}

// learned takes a mark away.
func (c *Core) learned(m *backfill.Mark) error {
	if err := backfill.RemoveMark(c.dir, *m); err != nil {
		return err
	}
	c.log.Info("an import was learned from", "import", m.ID, "source", m.Source, "from", time.UnixMilli(m.From).UTC(), "to", time.UnixMilli(m.To).UTC())
	c.imports.mu.Lock()
	defer c.imports.mu.Unlock()
	c.imports.learned++
	c.imports.failed = ""
	for i, w := range c.imports.waiting {
		if w.ID == m.ID {
			c.imports.waiting = append(c.imports.waiting[:i:i], c.imports.waiting[i+1:]...)
			break
		}
	}
	return nil
}

// fillSignals waits until the store has the blocks of an import, computes the
// signals over its time, and waits until it has these too.
func (c *Core) fillSignals(ctx context.Context, m *backfill.Mark) error {
	c.importStep("blocks")
	if err := c.awaitBlocks(ctx, m.Blocks); err != nil {
		return err
	}
	c.importStep("signals")
	before := len(m.Blocks)
	source, err := c.newSignalSource(ctx, m)
	if err != nil {
		return fmt.Errorf("signals over an import: %w", err)
	}
	report, err := backfill.Run(ctx, backfill.Options{
		Source: source, Data: c.dir, Query: backfill.Query{From: math.MinInt64, To: math.MaxInt64}, Mark: m, Now: c.now,
		Oldest: time.UnixMilli(m.From), Newest: c.now().Add(time.Hour), BlockWidth: backfill.BlockWidth(0), MinFree: c.minFree,
	})
	if err != nil {
		return fmt.Errorf("signals over an import: %w", err)
	}
	if report.Any() {
		c.log.Info("signals were computed over an import", "import", m.ID, "series", report.Series, "values", report.Samples)
	}
	return c.awaitBlocks(ctx, m.Blocks[before:])
}

// awaitBlocks returns when each block is read or is gone, because it was merged
// into another.
func (c *Core) awaitBlocks(ctx context.Context, ids []ulid.ULID) error {
	deadline := time.NewTimer(blocksWait)
	defer deadline.Stop()
	tick := time.NewTicker(blocksCheck)
	defer tick.Stop()
	for {
		missing, err := c.missingBlock(ids)
		if err != nil || missing == "" {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return fmt.Errorf("block %s is in the folder of the store but was not read in %s; the log of the tsdb says why", missing, blocksWait)
		case <-tick.C:
		}
	}
}

func (c *Core) missingBlock(ids []ulid.ULID) (string, error) {
	have := map[ulid.ULID]bool{}
	for _, b := range c.tsdb.Blocks() {
		have[b.Meta().ULID] = true
	}
	for _, id := range ids {
		if have[id] {
			continue
		}
		_, err := os.Stat(filepath.Join(c.tsdb.Dir(), id.String()))
		if err == nil {
			return id.String(), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", nil
}
