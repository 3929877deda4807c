package store

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/store/head"
)

// generation is one opening of the two parts of the store and its users: the head,
// which takes float samples in order, and the base, an embedded TSDB that has the
// blocks on disk and takes all else.
type generation struct {
	base   *tsdb.DB
	head   *head.Head
	floats bool // the head takes floats; else it keeps what it has, and the log of exemplars
	number int
	parts  *embedded
	logs   *prometheus.Registry       // metrics of the head's log
	failed atomic.Pointer[logFailure] // not nil: nothing more is acknowledged in it
	synced syncState
	// rewrite says that what of the logs is not in synced must be written anew once this
	// opening has ended.
	rewrite atomic.Bool
	users   int           // guarded by DB.mu
	idle    chan struct{} // not nil once it is to be closed; closed when the last user has gone

	blockRange int64        // ms
	twins      atomic.Int64 // series that both parts have
	lookup     atomic.Pointer[baseLookup]

	appenders epochs // of the base
	refs      *baseRefs
	baseLog   sync.Mutex // held while a transaction of the base ends; see baseSeries

	limiting sync.Mutex
	moving   int64 // up to when the base takes nothing in order; guarded by limiting

	compacting sync.Mutex
	written    int64                   // up to when the head is in blocks; guarded by compacting
	emptied    atomic.Int64            // up to when the base has nothing in order; see baseLimit
	opened     atomic.Pointer[tsdb.DB] // the base, for who may ask while it is opened
}

func newGeneration(o TSDBOptions) *generation {
	g := &generation{floats: !o.Config.StartTimestamps, blockRange: o.blockRange(), moving: never, written: math.MinInt64, logs: prometheus.NewRegistry()}
	g.emptied.Store(never)
	return g
}

// encoding returns that of chunks of floats which are made anew.
func (g *generation) encoding() chunkenc.Encoding {
	if g.floats {
		return chunkenc.EncXOR
	}
	return chunkenc.EncXOR2 // has room for starts
}

// close closes both parts.
func (g *generation) close() error {
	if l := g.lookup.Load(); l != nil {
		_ = l.app.Rollback() // it has nothing
	}
	return errors.Join(g.head.Close(), g.base.Close())
}

// maxTime returns the time of the newest sample, or math.MinInt64.
func (g *generation) maxTime() int64 { return max(g.base.Head().MaxTime(), g.head.MaxTime()) }

// minValid returns the time from which on a sample may begin a series.
func (g *generation) minValid() int64 {
	from := g.head.MinValid()
	if t, begun := g.base.Head().AppendableMinValidTime(); begun {
		from = max(from, t)
	}
	return from
}

// minTime returns the time of the oldest sample in memory, or math.MaxInt64.
func (g *generation) minTime() int64 {
	t := g.head.MinTime()
	if g.baseHasSeries() {
		t = min(t, g.base.Head().MinTime())
	}
	return t
}

// baseHasSeries reports whether the base has series in memory. It often has none.
func (g *generation) baseHasSeries() bool { return g.base.Head().NumSeries() > 0 }

// numSeries returns how many series are in memory.
func (g *generation) numSeries() uint64 {
	n := int64(g.base.Head().NumSeries()) + int64(g.head.NumSeries()) - g.twins.Load()
	return uint64(max(0, n))
}

// baseLookup finds series of the base by labels.
type baseLookup struct {
	app  storage.AppenderV2
	refs storage.GetRef
}

// baseRef returns the base's reference of a series, or 0.
func (g *generation) baseRef(ls labels.Labels) storage.SeriesRef {
	if g.base == nil || !g.baseHasSeries() {
		return 0
	}
	l := g.lookup.Load()
	if l == nil {
		// An appender that is never given anything, since only appenders look up.
		app := g.base.Head().AppenderV2(context.Background())
		refs, ok := app.(storage.GetRef)
		if !ok {
			_ = app.Rollback() // it has nothing
			return 0
		}
		l = &baseLookup{app, refs}
		if !g.lookup.CompareAndSwap(nil, l) {
			_ = app.Rollback() // it has nothing
			l = g.lookup.Load()
		}
	}
	ref, _ := l.refs.GetRef(ls, ls.Hash())
	return ref
}

// find returns what the two parts call a series: 0 where it is not. The caller has
// begun with the head.
func (g *generation) find(ls labels.Labels) (head.ID, storage.SeriesRef) {
	return g.head.Get(ls), g.baseRef(ls)
}

// baseNewest returns time and bits of the newest sample that the base has of a series in
// memory; see histogramBits. It decodes a chunk: nothing to do for each sample.
func (g *generation) baseNewest(ref storage.SeriesRef) (t int64, bits uint64, ok bool) {
	h := g.base.Head()
	index, err := h.Index()
	if err != nil {
		return 0, 0, false
	}
	defer index.Close()
	data, err := h.Chunks()
	if err != nil {
		return 0, 0, false
	}
	defer data.Close()
	var b labels.ScratchBuilder
	var metas []chunks.Meta
	if err := index.Series(ref, &b, &metas); err != nil || len(metas) == 0 {
		return 0, 0, false
	}
	chunk, _, err := data.ChunkOrIterable(metas[len(metas)-1])
	if err != nil || chunk == nil {
		return 0, 0, false
	}
	it := chunk.Iterator(nil)
	for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
		ok = true
		if vt == chunkenc.ValFloat {
			at, v := it.At()
			t, bits = at, math.Float64bits(v)
		} else {
			t, bits = it.AtT(), histogramBits
		}
	}
	return t, bits, ok && it.Err() == nil
}
