package store

import (
	"context"
	"errors"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/annotations"
)

// reading is a hold on the parts of the store that a query touches.
type reading struct {
	held
	epoch int // of the head's readers; -1 when the head is not read
}

// read holds the store for a query from mint to maxt and says which parts it touches,
// and from when on it is to read the head: what is older is in blocks.
//
// Samples go from the head to a block and are in both for a while. Whoever comes
// before the block can be read is let read the head to its end, and whoever comes
// later reads the block.
func (d *DB) read(mint, maxt int64) (r *reading, head, base bool, from int64, err error) {
	g, err := d.acquire()
	if err != nil {
		return nil, false, false, 0, err
	}
	r = &reading{held: held{d: d, g: g}, epoch: g.readers.enter()}
	from = max(mint, g.inBlocks.Load())
	head = from <= maxt && from <= g.head.MaxTime() && maxt >= g.head.MinTime()
	if !head {
		g.readers.leave(r.epoch)
		r.epoch = -1
	}
	return r, head, g.baseHasSeries() || g.hasBlock(mint, maxt), from, nil
}

// close lets go of the store.
func (r *reading) close() {
	if r.done.Swap(true) {
		return
	}
	if r.epoch >= 0 {
		r.g.readers.leave(r.epoch)
	}
	r.d.release(r.g)
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
	r, inHead, inBase, from, err := d.read(mint, maxt)
	if err != nil {
		return nil, err
	}
	var head, base storage.Querier
	if inHead {
		head, err = tsdb.NewBlockQuerier(r.g.head.Block(from, maxt), from, maxt)
	}
	if err == nil && (inBase || !inHead) {
		base, err = r.g.base.Querier(mint, maxt)
	}
	if err != nil {
		if head != nil {
			err = errors.Join(err, head.Close())
		}
		r.close()
		return nil, err
	}
	switch {
	case head == nil:
		return &heldQuerier{base, r}, nil
	case base == nil:
		return &heldQuerier{head, r}, nil
	}
	return &heldQuerier{&joinedQuerier{storage.NewMergeQuerier([]storage.Querier{head, base}, nil, storage.ChainedSeriesMerge), head, base}, r}, nil
}

// ChunkQuerier is Querier for who wants the samples as chunks.
func (d *DB) ChunkQuerier(mint, maxt int64) (storage.ChunkQuerier, error) {
	r, inHead, inBase, from, err := d.read(mint, maxt)
	if err != nil {
		return nil, err
	}
	var parts []storage.ChunkQuerier
	if inHead {
		var q storage.ChunkQuerier
		if q, err = tsdb.NewBlockChunkQuerier(r.g.head.Block(from, maxt), from, maxt); err == nil {
			parts = append(parts, q)
		}
	}
	if err == nil && (inBase || !inHead) {
		var q storage.ChunkQuerier
		if q, err = r.g.base.ChunkQuerier(mint, maxt); err == nil {
			parts = append(parts, q)
		}
	}
	if err != nil {
		for _, q := range parts {
			err = errors.Join(err, q.Close())
		}
		r.close()
		return nil, err
	}
	merge := storage.NewCompactingChunkSeriesMergerWithFloatEncoding(storage.ChainedSeriesMerge, r.g.encoding)
	return &heldChunkQuerier{storage.NewMergeChunkQuerier(parts, nil, merge), r}, nil
}

type heldQuerier struct {
	storage.Querier
	r *reading
}

func (q *heldQuerier) Close() error {
	defer q.r.close()
	return q.Querier.Close()
}

type heldChunkQuerier struct {
	storage.ChunkQuerier
	r *reading
}

func (q *heldChunkQuerier) Close() error {
	defer q.r.close()
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
