package head

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/prometheus/prometheus/tsdb"
)

// readers knows who reads, and from which time on. Before samples are dropped, those who
// begin to read get none of them, and those who read them already are waited for: no one
// who has been told of a chunk finds that it has gone.
type readers struct {
	mu     sync.Mutex
	ended  sync.Cond
	from   int64 // what is older is or will be in a block alone
	active map[*pin]struct{}
}

// pin is a reader of samples from mint on.
type pin struct {
	readers *readers
	mint    int64
}

func newReaders(from int64) *readers {
	r := &readers{from: from, active: map[*pin]struct{}{}}
	r.ended.L = &r.mu
	return r
}

// begin notes a reader that wants samples from mint on. It gets those from pin.mint on.
func (r *readers) begin(mint int64) *pin {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &pin{r, max(mint, r.from)}
	r.active[p] = struct{}{}
	return p
}

// end notes that a reader reads no more. It may be called again.
func (p *pin) end() {
	p.readers.mu.Lock()
	defer p.readers.mu.Unlock()
	delete(p.readers.active, p)
	p.readers.ended.Broadcast()
}

// drain waits until nobody reads samples older than maxt, or ctx ends. Nobody begins to
// any more.
func (r *readers) drain(ctx context.Context, maxt int64) error {
	defer context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended.Broadcast()
	})()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from = max(r.from, maxt)
	for r.oldest() < maxt {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("wait for readers to end: %w", err)
		}
		r.ended.Wait()
	}
	return nil
}

// oldest returns from when on the samples are read. The caller holds mu.
func (r *readers) oldest() int64 {
	oldest := int64(math.MaxInt64)
	for p := range r.active {
		oldest = min(oldest, p.mint)
	}
	return oldest
}

// Block returns a reader of the samples from mint to maxt, both included, but for those
// that Truncate is about to drop or has dropped by the time that Index is called. To
// miss no sample that is on its way into a block, call Index before you ask which blocks
// there are. Truncate waits for open readers of what it drops.
func (h *Head) Block(mint, maxt int64) tsdb.BlockReader {
	return &pinnedBlock{&block{index: h.index, floats: h.floats, mint: mint, maxt: maxt}, h.readers}
}

// pinnedBlock is a block whose readers are waited for.
type pinnedBlock struct {
	*block
	readers *readers
}

type pinnedIndex struct {
	*indexReader
	pin *pin
}

type pinnedChunks struct {
	*chunkReader
	pin *pin
}

// Index returns a reader of the index, to be closed.
func (b *pinnedBlock) Index() (tsdb.IndexReader, error) {
	p := b.readers.begin(b.mint)
	of := *b.block
	of.mint = p.mint
	return &pinnedIndex{&indexReader{&of}, p}, nil
}

// Chunks returns a reader of chunks, to be closed.
func (b *pinnedBlock) Chunks() (tsdb.ChunkReader, error) {
	return &pinnedChunks{&chunkReader{b.floats}, b.readers.begin(b.mint)}, nil
}

func (r *pinnedIndex) Close() error {
	r.pin.end()
	return r.indexReader.Close()
}

func (r *pinnedChunks) Close() error {
	r.pin.end()
	return r.chunkReader.Close()
}
