package segment

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsinhq/tocsin/logs/wire"
)

// The sections of a block.
const (
	secMeta = iota
	secTimes
	secOrigin
	secTraces
	secHeads // the streams of the columns of variables
	secText
	secHex
	secNumbers
	secAttributes
	secBloom
	sections
)

// headSize is the length of a block's head: a mark, for each section its length on
// disk, its length before compression and its checksum, and a checksum of the head.
const headSize = 4 + sections*12 + 4

const blockMark = 0x314b4c42 // "BLK1"

// castagnoli is the table of the checksums.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encoder makes blocks. It keeps its memory, some times that of a block, from one to
// the next. It is for one goroutine at a time.
type Encoder struct {
	zstd    *zstd.Encoder
	columns columnWriter
	seen    hashes
	raw     [sections][]byte

	skeletons map[string]int // group by skeleton
	latest    map[uint64]int // group by template, the one that was seen last
	groups    []group
	place     []int    // group of each row
	spans     [][]Span // of each row
	whole     []Span   // for bodies that are one variable
	keys      []byte
	order     []int // rows as they stand in the block
	ranks     map[int64]uint32
	rankOf    []uint32
	deltas    []uint64
	plain     []byte // differences of times, in both ways, and the first compressed
	bits      []byte
	trial     []byte
	traceList idList[[16]byte]
	spanList  idList[[8]byte]
	values    [][]byte
	owners    []owner
}

// group is the rows of one skeleton.
type group struct {
	template uint64
	first    int // a row that has the skeleton
	spans    []Span
	rows     []int
	sizes    [numStreams]int // of its columns in each stream
	apart    bool            // see Encoder.apart
}

// idList numbers ids from one, in the order of their first use.
type idList[T comparable] struct {
	at   map[T]uint32
	list []T
	of   []uint32 // of each row
}

func (l *idList[T]) reset() {
	if l.at == nil {
		l.at = make(map[T]uint32)
	}
	clear(l.at)
	l.list, l.of = l.list[:0], l.of[:0]
}

func (l *idList[T]) add(id T) {
	var none T
	if id == none {
		l.of = append(l.of, 0)
		return
	}
	at, ok := l.at[id]
	if !ok {
		l.list = append(l.list, id)
		at = uint32(len(l.list))
		l.at[id] = at
	}
	l.of = append(l.of, at)
}

// NewEncoder returns an encoder. Thorough compresses better and takes about three
// times as long, for blocks that are made once from many small ones.
func NewEncoder(thorough bool) (*Encoder, error) {
	level := zstd.SpeedDefault
	if thorough {
		level = zstd.SpeedBetterCompression
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(8<<20))
	if err != nil {
		return nil, fmt.Errorf("make encoder of log blocks: %w", err)
	}
	return &Encoder{zstd: z, columns: columnWriter{seed: maphash.MakeSeed()}, skeletons: make(map[string]int), latest: make(map[uint64]int), ranks: make(map[int64]uint32)}, nil
}

// Append appends the block of rows to b and returns it with what the index says of it,
// its offset being 0. There are 1 to MaxRows rows, of streams in the list; their order
// counts where times are equal.
func (e *Encoder) Append(b []byte, rows []Row, streams []Stream) ([]byte, Info, error) {
	if len(rows) == 0 || len(rows) > MaxRows {
		return b, Info{}, fmt.Errorf("encode log block: want 1 to %d rows, got %d", MaxRows, len(rows))
	}
	e.reset(len(rows))
	for i := range rows {
		e.cut(&rows[i])
		e.put(rows, i)
		e.traceList.add(rows[i].Trace)
		e.spanList.add(rows[i].SpanID)
	}
	e.rank(rows)
	for _, id := range e.traceList.list {
		e.seen.add(traceHash(id))
	}
	for _, id := range e.spanList.list {
		e.seen.add(spanHash(id))
	}
	e.arrange(rows)
	info := e.infoOf(rows)
	local, used := e.localStreams(rows, streams)
	info.Streams = used
	e.times(rows, info.MinTime)
	e.origin(rows, local)
	e.traces()
	e.variables(rows)
	e.meta(rows, streams, used, info)
	e.attributes(rows)
	e.raw[secBloom] = appendBloom(e.raw[secBloom], &e.seen)
	start := len(b)
	b, err := e.assemble(b)
	info.Size = int64(len(b) - start)
	return b, info, err
}

func (e *Encoder) reset(rows int) {
	for i := range e.raw {
		e.raw[i] = e.raw[i][:0]
	}
	clear(e.skeletons)
	clear(e.latest)
	e.seen.reset()
	e.groups, e.order, e.rankOf, e.spans, e.place = e.groups[:0], e.order[:0], e.rankOf[:0], e.spans[:0], e.place[:0]
	e.whole = slices.Grow(e.whole[:0], rows) // it must not move, for spans point into it
	e.traceList.reset()
	e.spanList.reset()
}

// cut keeps the row's variables; a body that was cut wrongly is one variable.
func (e *Encoder) cut(r *Row) {
	if validSpans(r.Spans, len(r.Body)) {
		e.spans = append(e.spans, r.Spans)
		return
	}
	e.whole = append(e.whole, Span{0, int32(len(r.Body))})
	e.spans = append(e.spans, e.whole[len(e.whole)-1:])
}

// rank numbers the rows of one time in the order in which they came.
func (e *Encoder) rank(rows []Row) {
	if slices.IsSortedFunc(rows, func(a, b Row) int { return cmp.Compare(a.Time, b.Time) }) {
		for i := range rows {
			n := uint32(0)
			if i > 0 && rows[i].Time == rows[i-1].Time {
				n = e.rankOf[i-1] + 1
			}
			e.rankOf = append(e.rankOf, n)
		}
		return
	}
	clear(e.ranks)
	for i := range rows {
		e.rankOf = append(e.rankOf, e.ranks[rows[i].Time])
		e.ranks[rows[i].Time]++
	}
}

// put puts a row into the group of its skeleton.
func (e *Encoder) put(rows []Row, i int) {
	r := &rows[i]
	// Nearly always a template has one skeleton.
	at, ok := e.latest[r.Template]
	if !ok || !e.alike(rows, e.groups[at].first, i) {
		e.keys = appendSkeleton(binary.LittleEndian.AppendUint64(e.keys[:0], r.Template), r.Body, e.spans[i])
		if at, ok = e.skeletons[string(e.keys)]; !ok {
			at = len(e.groups)
			e.skeletons[string(e.keys)] = at
			e.newGroup(r.Template, i)
		}
		e.latest[r.Template] = at
	}
	e.groups[at].rows = append(e.groups[at].rows, i)
}

func (e *Encoder) newGroup(template uint64, first int) {
	at := len(e.groups)
	if at < cap(e.groups) { // memory of an earlier block
		e.groups = e.groups[:at+1]
		e.groups[at] = group{template: template, first: first, rows: e.groups[at].rows[:0]}
		return
	}
	e.groups = append(e.groups, group{template: template, first: first})
}

// alike says whether two rows have the same skeleton.
func (e *Encoder) alike(rows []Row, i, k int) bool {
	a, b := e.spans[i], e.spans[k]
	if len(a) != len(b) {
		return false
	}
	atA, atB := int32(0), int32(0)
	for s := range a {
		if !bytes.Equal(rows[i].Body[atA:a[s].Start], rows[k].Body[atB:b[s].Start]) {
			return false
		}
		atA, atB = a[s].End, b[s].End
	}
	return bytes.Equal(rows[i].Body[atA:], rows[k].Body[atB:])
}

// appendSkeleton appends the parts of a body between its variables.
func appendSkeleton(b, body []byte, spans []Span) []byte {
	b = wire.AppendUvarint(b, uint64(len(spans)+1))
	at := int32(0)
	for _, s := range spans {
		b = wire.AppendBytes(b, body[at:s.Start])
		at = s.End
	}
	return wire.AppendBytes(b, body[at:])
}

// arrange orders the rows: the groups by template and number, in each by time and then
// as they came.
func (e *Encoder) arrange(rows []Row) {
	slices.SortStableFunc(e.groups, func(a, b group) int { return cmp.Compare(a.template, b.template) })
	byTime := func(a, b int) int { return cmp.Or(cmp.Compare(rows[a].Time, rows[b].Time), cmp.Compare(a, b)) }
	for _, g := range e.groups {
		if !slices.IsSortedFunc(g.rows, byTime) {
			slices.SortFunc(g.rows, byTime)
		}
		e.order = append(e.order, g.rows...)
	}
}
