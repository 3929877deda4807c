package head

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/internal/prefetch"
)

const (
	stripes = 1024
	// stripeRun is how many neighbouring series share a stripe, so that those who write
	// many series in the order of their IDs, as senders do, change locks rarely.
	stripeRun = 32
	// samplesPerChunk is what Prometheus aims at.
	samplesPerChunk = 120
	// maxChunk is above the bytes of a chunk: 18 for each sample that has nothing in
	// common with the one before.
	maxChunk = 2304
)

// floats are the records of all series and their chunks. It is safe for concurrent use.
type floats struct {
	*records
	lines      *lines
	files      *chunkFiles // nil: full chunks stay in lines
	blockRange int64
	stripes    [stripes]stripe
}

// newFloats returns floats without series, whose chunks do not cross multiples of
// blockRange.
func newFloats(blockRange int64, files *chunkFiles) *floats {
	return &floats{records: newRecords(), lines: newLines(), files: files, blockRange: blockRange}
}

func (f *floats) stripe(id ID) *stripe { return &f.stripes[id/stripeRun%stripes] }

// add returns the ID of a new series, 0 when there are no more.
func (f *floats) add(ref chunks.HeadSeriesRef) ID { return f.records.add(uint64(ref)) }

// ref returns the reference that a series has in the log, 0 if it was dropped or never
// made.
func (f *floats) ref(id ID) chunks.HeadSeriesRef {
	r := f.at(id)
	if r == nil {
		return 0
	}
	return chunks.HeadSeriesRef(r.ref.Load())
}

// ahead asks for the memory of a record, aheadTail for that of the line it writes to.
func (f *floats) ahead(id ID) {
	if r := f.at(id); r != nil {
		prefetch.Lines(unsafe.Pointer(r), 1)
	}
}

func (f *floats) aheadTail(id ID) {
	if r := f.at(id); r != nil {
		prefetch.Lines(unsafe.Pointer(f.lines.at(r.tail.Load())), 1)
	}
}

// append stores a sample. It reports false if the sample is not newer than the newest
// or the series was dropped.
func (f *floats) append(id ID, t int64, v float64) bool {
	r := f.at(id)
	if r == nil {
		return false
	}
	s := f.stripe(id)
	s.Lock()
	defer s.Unlock()
	return f.write(id, r, s, t, math.Float64bits(v))
}

// write is append. The caller holds the stripe.
func (f *floats) write(id ID, r *record, s *stripe, t int64, v uint64) bool {
	if t <= r.newest || r.ref.Load() == 0 {
		return false
	}
	if t >= r.end || r.samples >= r.limit {
		f.turn(id, r, s, t)
	}
	w := bitWriter{lines: f.lines, stripe: s, record: r, line: f.lines.at(r.tail.Load()), pos: uint(r.pos)}
	switch delta := uint64(t) - uint64(r.newest); r.samples {
	case 0:
		w.begin(t, v)
	case 1:
		w.second(delta, v)
		r.delta = uint32(delta)
	default:
		w.further(uint32(delta), v)
		r.delta = uint32(delta)
	}
	r.pos = uint16(w.pos)
	r.newest, r.value = t, v
	r.samples++
	return true
}

// turn closes the open chunk, if there is one, and opens the next, which begins at t.
// The first chunk after a border is cut early, at another number of samples for each
// series. Else the chunks of series that began together, or met the same border, would
// all become full at once: memory would have to be there for all of them full, not half
// full, and a commit would meet them all.
func (f *floats) turn(id ID, r *record, s *stripe, t int64) {
	across := r.samples == 0 || t >= r.end
	if r.samples > 0 {
		f.cut(r, s)
	}
	r.first = s.take(f.lines)
	r.tail.Store(r.first)
	r.pos, r.samples, r.delta = 16, 0, 0
	r.leading, r.trailing = noLeading, 0
	r.limit = samplesPerChunk
	if across {
		r.limit = earliestCut + uint8(uint32(id)*2654435769>>8%(samplesPerChunk-earliestCut+1))
	}
	r.end = chunkEnd(t, f.blockRange)
}

// earliestCut is the least number of samples after which the first chunk is cut.
const earliestCut = 16

// chunkEnd returns the time before which a chunk that begins at t has to end: the next
// multiple of blockRange, or as far as 32 bits of ms reach.
func chunkEnd(t, blockRange int64) int64 {
	if t > math.MaxInt64-math.MaxUint32-1 {
		return math.MaxInt64
	}
	end := t + math.MaxUint32
	into := t % blockRange
	if into < 0 {
		into += blockRange
	}
	if left := blockRange - into; left <= math.MaxUint32 {
		end = t + left
	}
	return end
}

// newest returns time and value of the newest sample, or false when there is none or
// the series was dropped.
func (f *floats) newest(id ID) (t int64, v float64, ok bool) {
	r := f.at(id)
	if r == nil {
		return 0, 0, false
	}
	s := f.stripe(id)
	s.Lock()
	defer s.Unlock()
	if r.newest == never || r.ref.Load() == 0 {
		return 0, 0, false
	}
	return r.newest, math.Float64frombits(r.value), true
}

// chunkRef names a chunk: the series and the chunk's number in it. It keeps its meaning
// when the open chunk becomes a full one.
func chunkRef(id ID, ordinal uint32) chunks.ChunkRef {
	return chunks.ChunkRef(uint64(id)<<32 | uint64(ordinal))
}

// metas appends all chunks of a series, oldest first. The open one, the last, ends at
// math.MaxInt64, so that readers look at its samples themselves.
func (f *floats) metas(id ID, dst []chunks.Meta) []chunks.Meta {
	r := f.at(id)
	if r == nil {
		return dst
	}
	s := f.stripe(id)
	s.Lock()
	defer s.Unlock()
	if r.ref.Load() == 0 {
		return dst
	}
	dst = f.fullMetas(id, r, dst)
	if r.samples > 0 {
		dst = append(dst, chunks.Meta{Ref: chunkRef(id, r.ordinal), MinTime: f.openBegin(r), MaxTime: math.MaxInt64})
	}
	return dst
}

// openBegin returns the time of the first sample of the open chunk. The caller holds
// the stripe.
func (f *floats) openBegin(r *record) int64 { return chunkBegin(f.lines.at(r.first)[:]) }

// chunkBegin returns the time of the first sample of a chunk.
func chunkBegin(b []byte) int64 {
	t, _ := binary.Varint(b[2:])
	return t
}

// chunk returns a copy of a chunk, which nobody writes to, or storage.ErrNotFound when
// it has gone.
func (f *floats) chunk(ref chunks.ChunkRef) (chunkenc.Chunk, error) {
	id, ordinal := ID(ref>>32), uint32(ref)
	r := f.at(id)
	if r == nil {
		return nil, storage.ErrNotFound
	}
	b, at, ok := f.copyOf(id, r, ordinal)
	if !ok {
		return nil, storage.ErrNotFound
	}
	if b == nil {
		var err error
		if b, err = f.files.read(at); err != nil {
			return nil, err
		}
	}
	return chunkenc.FromData(chunkenc.EncXOR, b)
}

// copyOf returns the bytes of a chunk or, if they are in a file, where.
func (f *floats) copyOf(id ID, r *record, ordinal uint32) (b []byte, at place, ok bool) {
	s := f.stripe(id)
	s.Lock()
	defer s.Unlock()
	back := r.ordinal - ordinal
	switch {
	case r.ref.Load() == 0 || back > r.fulls || back == 0 && r.samples == 0:
		return nil, 0, false
	case back == 0:
		return f.copyOpen(r, nil), 0, true
	}
	at = f.fullAt(r, back-1).place()
	if at.inFile() {
		return nil, at, true
	}
	return f.copyLines(at.first(), at.size(), nil), 0, true
}

// copyOpen appends the bytes of the open chunk. The caller holds the stripe.
func (f *floats) copyOpen(r *record, dst []byte) []byte {
	size := (int(r.pos) + 7) / 8
	for n, tail := r.first, r.tail.Load(); n != tail; n = f.lines.at(n).next() {
		size += lineBytes
	}
	at := len(dst)
	dst = f.copyLines(r.first, size, dst)
	binary.BigEndian.PutUint16(dst[at:], uint16(r.samples))
	return dst
}

// copyLines appends bytes of a chain. The caller holds the stripe.
func (f *floats) copyLines(first uint32, size int, dst []byte) []byte {
	if dst == nil {
		dst = make([]byte, 0, size)
	}
	for n := first; size > 0; size -= lineBytes {
		l := f.lines.at(n)
		dst = append(dst, l[:min(size, lineBytes)]...)
		n = l.next()
	}
	return dst
}

// each calls do with all series, in the order of their IDs, and the time of their newest sample, or never.
func (f *floats) each(do func(id ID, newest int64)) {
	last := f.last()
	for from := ID(1); from <= last && from != 0; from = (from/stripeRun + 1) * stripeRun {
		var live [stripeRun]bool
		var newest [stripeRun]int64
		to := (from/stripeRun+1)*stripeRun - 1
		s := f.stripe(from)
		s.Lock()
		for id := from; id <= to && id >= from; id++ {
			if r := f.at(id); r != nil && r.ref.Load() != 0 {
				live[id%stripeRun], newest[id%stripeRun] = true, r.newest
			}
		}
		s.Unlock()
		for id := from; id <= to && id >= from; id++ {
			if live[id%stripeRun] {
				do(id, newest[id%stripeRun])
			}
		}
	}
}
