package app

import (
	"context"
	"math"
	"sync"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
)

// timeRange returns the times of the oldest and newest sample in milliseconds;
// false when there is none. Nothing is in memory when everything is in blocks.
func (c *Core) timeRange() (oldest, newest int64, ok bool) {
	oldest, newest = math.MaxInt64, math.MinInt64
	if c.tsdb.NumSeries() > 0 {
		oldest, newest = c.tsdb.MinTime(), c.tsdb.MaxTime()
	}
	now := c.now().UnixMilli()
	for _, b := range c.tsdb.Blocks() {
		if b.MinTime() >= oldest && b.MaxTime()-1 <= newest {
			continue
		}
		from, to := c.edges.of(b, now)
		oldest, newest = min(oldest, from), max(newest, to)
	}
	return oldest, newest, oldest <= newest
}

// blockEdges knows between which times blocks have samples. A block is named after
// the hours that it is of: one of the present two, as an import writes it, ends in
// the future, and the first one begins long before its first sample. Blocks do not
// change, so each is read once.
type blockEdges struct {
	mu    sync.Mutex
	known map[ulid.ULID][2]int64
}

// mostEdgeChunks is from how many chunks on a block is taken at its name: it would be
// long in reading, and it is one of a store in which two hours are little.
const mostEdgeChunks = 500_000

// of returns the times of the oldest and newest sample of a block in milliseconds. If
// that is not read it returns those of the block, the end not after now.
func (e *blockEdges) of(b *tsdb.Block, now int64) (oldest, newest int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := b.Meta().ULID
	if at, ok := e.known[id]; ok {
		return at[0], at[1]
	}
	oldest, newest = b.MinTime(), b.MaxTime()-1 // the end of a block is exclusive
	newest = max(oldest, min(newest, now))
	if b.Meta().Stats.NumChunks >= mostEdgeChunks {
		return oldest, newest
	}
	from, to, err := edgesOf(b)
	if err != nil || from > to {
		return oldest, newest // it is being closed; another look may do
	}
	if e.known == nil || len(e.known) > 1000 { // of blocks that are gone
		e.known = map[ulid.ULID][2]int64{}
	}
	e.known[id] = [2]int64{from, to}
	return from, to
}

// edgesOf reads all of a block's index.
func edgesOf(b *tsdb.Block) (oldest, newest int64, err error) {
	oldest, newest = math.MaxInt64, math.MinInt64
	r, err := b.Index()
	if err != nil {
		return oldest, newest, err
	}
	defer r.Close()
	name, value := index.AllPostingsKey()
	all, err := r.Postings(context.Background(), name, value)
	if err != nil {
		return oldest, newest, err
	}
	var l labels.ScratchBuilder
	var metas []chunks.Meta
	for all.Next() {
		if err := r.Series(all.At(), &l, &metas); err != nil {
			return oldest, newest, err
		}
		if n := len(metas); n > 0 {
			oldest, newest = min(oldest, metas[0].MinTime), max(newest, metas[n-1].MaxTime)
		}
	}
	return oldest, newest, all.Err()
}
