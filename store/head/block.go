package head

import (
	"fmt"
	"math"

	"github.com/oklog/ulid/v2"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/tombstones"
)

// block is a head as a block of the TSDB, from mint to maxt, both included; there is
// nothing to read if mint is after maxt. Series that are made later are seen too. Series
// whose chunks are all outside are left out; of chunks that are partly outside whoever
// reads trims the rest.
type block struct {
	index  *index
	floats *floats
	mint   int64
	maxt   int64
}

func (b *block) Index() (tsdb.IndexReader, error) { return &indexReader{b}, nil }

func (b *block) Chunks() (tsdb.ChunkReader, error) { return &chunkReader{b.floats}, nil }

func (b *block) Tombstones() (tombstones.Reader, error) { return noTombstones{}, nil }

// Meta has the time range with its end excluded, as files of blocks have it, and the
// number of series of the whole head.
func (b *block) Meta() tsdb.BlockMeta {
	end := b.maxt
	if end < math.MaxInt64 {
		end++
	}
	return tsdb.BlockMeta{
		ULID:    ulid.ULID{'h', 'e', 'a', 'd'},
		MinTime: b.mint,
		MaxTime: end,
		Stats:   tsdb.BlockStats{NumSeries: uint64(b.index.len())},
	}
}

// Size is 0: the block is in memory.
func (b *block) Size() int64 { return 0 }

func (b *block) String() string { return fmt.Sprintf("head from %d to %d", b.mint, b.maxt) }

// chunkReader reads chunks. What it returns are copies.
type chunkReader struct {
	floats *floats
}

// ChunkOrIterable returns a chunk as it is now: an open one may have more samples than
// when its meta was made.
func (r *chunkReader) ChunkOrIterable(meta chunks.Meta) (chunkenc.Chunk, chunkenc.Iterable, error) {
	c, err := r.floats.chunk(meta.Ref)
	return c, nil, err
}

// ChunkOrIterableWithCopy also returns the time of the newest sample of the chunk,
// which the meta of an open chunk does not tell.
func (r *chunkReader) ChunkOrIterableWithCopy(meta chunks.Meta) (chunkenc.Chunk, chunkenc.Iterable, int64, error) {
	c, err := r.floats.chunk(meta.Ref)
	if err != nil || meta.MaxTime != math.MaxInt64 {
		return c, nil, meta.MaxTime, err
	}
	maxt := meta.MinTime
	it := c.Iterator(nil)
	for it.Next() != chunkenc.ValNone {
		maxt = it.AtT()
	}
	if err := it.Err(); err != nil {
		return nil, nil, 0, fmt.Errorf("reading chunk %d of the head to find its end: %w", meta.Ref, err)
	}
	return c, nil, maxt, nil
}

// Close has nothing to release.
func (r *chunkReader) Close() error { return nil }

// noTombstones says that nothing is deleted: series are deleted by dropping them.
type noTombstones struct{}

func (noTombstones) Get(storage.SeriesRef) (tombstones.Intervals, error) { return nil, nil }

func (noTombstones) Iter(func(storage.SeriesRef, tombstones.Intervals) error) error { return nil }

func (noTombstones) Total() uint64 { return 0 }

func (noTombstones) Close() error { return nil }
