package head

import (
	"encoding/binary"
	"math"
	"slices"
	"sync/atomic"

	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

const (
	// samplesPerChunk is what Prometheus aims at.
	samplesPerChunk = 120
	// maxChunk is above the bytes of a chunk: 19 for each sample that has nothing in
	// common with the one before.
	maxChunk = 2304
)

// floats are the records of all series and their chunks. It is safe for concurrent use.
type floats struct {
	*records
	lines      *lines
	files      *chunkFiles // nil: full chunks stay in lines
	blockRange int64
	valid      atomic.Int64 // samples older than that are late; only grows
}

// newFloats returns floats without series, whose chunks do not cross multiples of
// blockRange.
func newFloats(blockRange int64, files *chunkFiles) *floats {
	f := &floats{records: newRecords(), lines: newLines(), files: files, blockRange: blockRange}
	f.valid.Store(math.MinInt64)
	return f
}

// add returns the ID of a new series, 0 when there are no more.
func (f *floats) add(ref chunks.HeadSeriesRef) ID { return f.records.add(uint64(ref)) }

// ref returns the reference that a series has in the log, 0 if it was dropped or never
// made.
func (f *floats) ref(id ID) chunks.HeadSeriesRef {
	_, r := f.at(id)
	if r == nil {
		return 0
	}
	return chunks.HeadSeriesRef(r.ref.Load())
}

// refs sets the references of the series of samples, 0 for samples that commit will find
// late: they are another's to log. No step waits for one before, so that the processor
// looks at many records at once.
func (f *floats) refs(samples []Sample, dst *[refsRun]chunks.HeadSeriesRef) {
	valid := f.valid.Load()
	var held *recordPage
	no := ID(math.MaxUint32)
	for i := range samples[:min(len(samples), refsRun)] {
		s := &samples[i]
		if s.ID>>recordPageBits != no {
			if held != nil {
				held.Unlock()
			}
			no = s.ID >> recordPageBits
			if held = f.page(s.ID); held != nil {
				held.Lock()
			}
		}
		dst[i] = 0
		if held == nil || s.T < valid {
			continue
		}
		if r := held.at(s.ID); r != nil && s.T > r.newest {
			dst[i] = chunks.HeadSeriesRef(r.ref.Load())
		}
	}
	if held != nil {
		held.Unlock()
	}
}

// write stores a sample. It reports false if the sample is not newer than the newest or
// the series was dropped. The caller holds the stripe.
func (f *floats) write(id ID, r *record, s *stripe, t int64, v uint64) bool {
	if t <= r.newest || r.ref.Load() == 0 {
		return false
	}
	if t >= r.end || r.samples >= r.limit {
		f.turn(id, r, s, t)
	}
	delta := uint64(t) - uint64(r.newest)
	l := f.lines.at(r.tail.Load())
	if r.samples < 2 || delta != uint64(r.delta) || !r.writeQuickly(l, v) {
		w := bitWriter{lines: f.lines, stripe: s, record: r, line: l, pos: uint(r.pos)}
		switch r.samples {
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
	}
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
	} else {
		s.chunks++
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
	p, r := f.at(id)
	if r == nil {
		return 0, 0, false
	}
	p.Lock()
	defer p.Unlock()
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
	p, r := f.at(id)
	if r == nil {
		return dst
	}
	p.Lock()
	defer p.Unlock()
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
	p, r := f.at(id)
	if r == nil {
		return nil, storage.ErrNotFound
	}
	b, at, ok := f.copyOf(p, r, ordinal, nil)
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

// copyOf appends the bytes of a chunk to dst or says, if they are in a file, where.
func (f *floats) copyOf(p *recordPage, r *record, ordinal uint32, dst []byte) (b []byte, at place, ok bool) {
	p.Lock()
	defer p.Unlock()
	back := r.ordinal - ordinal
	switch {
	case r.ref.Load() == 0 || back > r.fulls || back == 0 && r.samples == 0:
		return nil, 0, false
	case back == 0:
		return f.copyOpen(r, dst), 0, true
	}
	at = f.fullAt(r, back-1).place()
	if at.inFile() {
		return nil, at, true
	}
	return f.copyLines(at.first(), at.size(), slices.Grow(dst, at.size())), 0, true
}

// openSize returns the bytes of the open chunk. The caller holds the stripe.
func (f *floats) openSize(r *record) int {
	size := (int(r.pos) + 7) / 8
	for n, tail := r.first, r.tail.Load(); n != tail; n = f.lines.at(n).next() {
		size += lineBytes
	}
	return size
}

// copyOpen appends the open chunk to dst, which has nothing. The caller holds the stripe.
func (f *floats) copyOpen(r *record, dst []byte) []byte {
	if cap(dst) == 0 {
		dst = make([]byte, 0, f.openSize(r))
	}
	n, tail := r.first, r.tail.Load()
	for ; n != tail; n = f.lines.at(n).next() {
		dst = append(dst, f.lines.at(n)[:lineBytes]...)
	}
	dst = append(dst, f.lines.at(n)[:(int(r.pos)+7)/8]...)
	binary.BigEndian.PutUint16(dst, uint16(r.samples))
	return dst
}

// copyLines appends the bytes of a chain. The caller holds the stripe.
func (f *floats) copyLines(first uint32, size int, dst []byte) []byte {
	for n := first; size > 0; size -= lineBytes {
		l := f.lines.at(n)
		dst = append(dst, l[:min(size, lineBytes)]...)
		n = l.next()
	}
	return dst
}

// each calls do with all series, in the order of their IDs, and the time of their newest
// sample, or never.
func (f *floats) each(do func(id ID, newest int64)) {
	var ids [1 << recordPageBits]ID
	var newest [1 << recordPageBits]int64
	for no := range f.pages() {
		first := ID(no << recordPageBits)
		p := f.page(first)
		if p == nil {
			continue
		}
		n := 0
		p.Lock()
		for i := range p.records {
			if r := &p.records[i]; r.ref.Load() != 0 {
				ids[n], newest[n] = first+ID(i)+1, r.newest
				n++
			}
		}
		p.Unlock()
		for i := range n {
			do(ids[i], newest[i])
		}
	}
}
