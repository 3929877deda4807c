package store

import (
	"context"
	"errors"
	"io"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/annotations"
)

// openParts holds the store and opens those of its parts that a query from mint to maxt
// touches, the head first, and one at least.
//
// Samples go from the head to a block and are in both for a while. The head waits for
// readers of what it is to drop, and gives those samples to nobody who comes later. So
// it is opened before the base is asked which blocks there are.
func openParts[Q io.Closer](d *DB, mint, maxt int64, head, base func(g *generation) (Q, error)) (*held, []Q, error) {
	g, err := d.acquire()
	if err != nil {
		return nil, nil, err
	}
	h := &held{d: d, g: g}
	var parts []Q
	open := func(part func(g *generation) (Q, error)) {
		var q Q
		if q, err = part(g); err == nil {
			parts = append(parts, q)
		}
	}
	inHead := mint <= maxt && mint <= g.head.MaxTime() && maxt >= g.head.MinTime()
	if inHead {
		open(head)
	}
	if err == nil && (!inHead || g.baseHasSeries() || g.hasBlock(mint, maxt)) {
		open(base)
	}
	if err == nil {
		return h, parts, nil
	}
	for _, q := range parts {
		err = errors.Join(err, q.Close())
	}
	h.drop()
	return nil, nil, err
}

func (g *generation) hasBlock(mint, maxt int64) bool {
	for _, b := range g.base.Blocks() {
		if b.OverlapsClosedInterval(mint, maxt) {
			return true
		}
	}
	return false
}

// Querier returns a querier of the samples from mint to maxt, in milliseconds.
func (d *DB) Querier(mint, maxt int64) (storage.Querier, error) {
	h, parts, err := openParts(d, mint, maxt,
		func(g *generation) (storage.Querier, error) {
			return g.head.Querier(mint, maxt)
		},
		func(g *generation) (storage.Querier, error) { return g.base.Querier(mint, maxt) })
	if err != nil {
		return nil, err
	}
	if len(parts) == 1 {
		return &heldQuerier{parts[0], h}, nil
	}
	merged := storage.NewMergeQuerier(parts, nil, storage.ChainedSeriesMerge)
	return &heldQuerier{&joinedQuerier{merged, parts[0], parts[1]}, h}, nil
}

// ChunkQuerier is Querier for who wants the samples as chunks.
func (d *DB) ChunkQuerier(mint, maxt int64) (storage.ChunkQuerier, error) {
	h, parts, err := openParts(d, mint, maxt,
		func(g *generation) (storage.ChunkQuerier, error) {
			return tsdb.NewBlockChunkQuerier(g.head.Block(mint, maxt), mint, maxt)
		},
		func(g *generation) (storage.ChunkQuerier, error) { return g.base.ChunkQuerier(mint, maxt) })
	if err != nil {
		return nil, err
	}
	merge := storage.NewCompactingChunkSeriesMergerWithFloatEncoding(storage.ChainedSeriesMerge, h.g.encoding)
	return &heldChunkQuerier{storage.NewMergeChunkQuerier(parts, nil, merge), h}, nil
}

type heldQuerier struct {
	storage.Querier
	h *held
}

func (q *heldQuerier) Close() error {
	defer q.h.drop()
	return q.Querier.Close()
}

type heldChunkQuerier struct {
	storage.ChunkQuerier
	h *held
}

func (q *heldChunkQuerier) Close() error {
	defer q.h.drop()
	return q.ChunkQuerier.Close()
}

// joinedQuerier reads from head and base. Merging as the embedded querier does it
// needs both sorted by labels, which costs more than all else when somebody selects
// very many series, as the query engine does, which wants no order. Mostly one of the
// parts has nothing of what is asked for, or only a few of the series.
type joinedQuerier struct {
	storage.Querier // merges; for labels and where order is wanted
	head, base      storage.Querier
}

// Select returns the series that match.
func (q *joinedQuerier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	if sorted {
		return q.Querier.Select(ctx, true, hints, matchers...)
	}
	j := &joinedSet{head: q.head.Select(ctx, false, hints, matchers...)}
	base := q.base.Select(ctx, false, hints, matchers...)
	for base.Next() {
		s := base.At()
		if j.base == nil {
			j.base = map[uint64][]storage.Series{}
		}
		hash := s.Labels().Hash()
		j.base[hash] = append(j.base[hash], s)
		j.order = append(j.order, s)
		if err := ctx.Err(); err != nil {
			j.err = err
			return j
		}
	}
	j.err, j.warnings = base.Err(), base.Warnings()
	return j
}

// joinedSet hands out the series of the head, each with what the base has of it, and
// then those that only the base has.
type joinedSet struct {
	head     storage.SeriesSet
	base     map[uint64][]storage.Series // by the hash of their labels; those handed out are gone
	order    []storage.Series            // those of the base as they came
	rest     bool                        // the head is done
	at       storage.Series
	err      error // of the base
	warnings annotations.Annotations
}

// Next moves on.
func (j *joinedSet) Next() bool {
	if j.err != nil {
		return false
	}
	if !j.rest {
		if j.head.Next() {
			j.at = j.head.At()
			if len(j.base) > 0 {
				if s := j.take(j.at.Labels()); s != nil {
					j.at = storage.ChainedSeriesMerge(j.at, s)
				}
			}
			return true
		}
		if j.head.Err() != nil {
			return false
		}
		j.rest = true
	}
	for len(j.order) > 0 {
		j.at, j.order = j.order[0], j.order[1:]
		if j.take(j.at.Labels()) != nil {
			return true
		}
	}
	return false
}

// take returns the base's series of labels once, nil if it has none.
func (j *joinedSet) take(ls labels.Labels) storage.Series {
	hash := ls.Hash()
	for i, s := range j.base[hash] {
		if !labels.Equal(s.Labels(), ls) {
			continue
		}
		if left := append(j.base[hash][:i:i], j.base[hash][i+1:]...); len(left) > 0 {
			j.base[hash] = left
		} else {
			delete(j.base, hash)
		}
		return s
	}
	return nil
}

// At returns the series at hand.
func (j *joinedSet) At() storage.Series { return j.at }

// Err returns the first error.
func (j *joinedSet) Err() error { return errors.Join(j.err, j.head.Err()) }

// Warnings returns those of both parts.
func (j *joinedSet) Warnings() annotations.Annotations {
	w := annotations.Annotations{}
	w.Merge(j.warnings)
	return w.Merge(j.head.Warnings())
}
