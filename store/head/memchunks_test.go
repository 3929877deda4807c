package head

import (
	"math"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// memChunks is a chunkSource for tests of the index: one chunk of at most 120 samples
// after another, for IDs from 1 on.
type memChunks struct {
	tb testing.TB
	mu sync.Mutex
	of [][]*memChunk
}

type memChunk struct {
	c          *chunkenc.XORChunk
	app        chunkenc.Appender
	mint, maxt int64
	v          float64
}

func (m *memChunks) add() ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of = append(m.of, nil)
	return ID(len(m.of))
}

func (m *memChunks) append(id ID, t int64, v float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.of[id-1]
	if len(of) == 0 || of[len(of)-1].c.NumSamples() == 120 {
		c := &memChunk{c: chunkenc.NewXORChunk(), mint: t}
		app, err := c.c.Appender()
		if err != nil {
			m.tb.Fatal(err)
		}
		c.app = app
		of = append(of, c)
	}
	c := of[len(of)-1]
	c.app.Append(0, t, v)
	c.maxt, c.v = t, v
	m.of[id-1] = of
}

func (m *memChunks) newest(id ID) (int64, float64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.of[id-1]
	if len(of) == 0 {
		return 0, 0, false
	}
	return of[len(of)-1].maxt, of[len(of)-1].v, true
}

func (m *memChunks) metas(id ID, dst []chunks.Meta) []chunks.Meta {
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.of[id-1]
	for i, c := range of {
		maxt := c.maxt
		if i == len(of)-1 {
			maxt = math.MaxInt64
		}
		dst = append(dst, chunks.Meta{Ref: chunks.ChunkRef(id)<<32 | chunks.ChunkRef(i), MinTime: c.mint, MaxTime: maxt})
	}
	return dst
}

func (m *memChunks) chunk(ref chunks.ChunkRef) (chunkenc.Chunk, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	of := m.of[ref>>32-1]
	if int(uint32(ref)) >= len(of) {
		return nil, storage.ErrNotFound
	}
	return chunkenc.FromData(chunkenc.EncXOR, append([]byte(nil), of[uint32(ref)].c.Bytes()...))
}
