package segment

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsinhq/tocsin/logs/wire"
	"github.com/tocsinhq/tocsin/telemetry"
)

// The sections of a block.
const (
	secMeta = iota
	secTimes
	secOrigin
	secTraces
	secValues
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
	seen    hashSet
	raw     [sections][]byte

	skeletons map[string]int // by key
	groups    []group
	keys      []byte
	order     []int // rows as they stand in the block
	ranks     map[int64]uint32
	rankOf    []uint32
	traceList idList[[16]byte]
	spanList  idList[[8]byte]
	values    [][]byte
	owners    []owner
	hashes    func(uint64)
}

// group is the rows of one skeleton.
type group struct {
	template uint64
	first    int // a row that has the skeleton
	spans    []Span
	rows     []int
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
	e := &Encoder{zstd: z, skeletons: make(map[string]int), ranks: make(map[int64]uint32)}
	e.hashes = e.seen.add
	return e, nil
}

// Append appends the block of rows to b and returns it with what the index says of it,
// its offset being 0. There are 1 to MaxRows rows, of streams in the list; their order
// counts where times are equal.
func (e *Encoder) Append(b []byte, rows []Row, streams []Stream) ([]byte, Info, error) {
	if len(rows) == 0 || len(rows) > MaxRows {
		return b, Info{}, fmt.Errorf("encode log block: want 1 to %d rows, got %d", MaxRows, len(rows))
	}
	e.reset()
	for i := range rows {
		r := &rows[i]
		e.place(rows, i)
		e.rankOf = append(e.rankOf, e.ranks[r.Time])
		e.ranks[r.Time]++
		e.traceList.add(r.Trace)
		e.spanList.add(r.SpanID)
		runsTouching(r.Body, e.spansOf(r), e.hashes)
	}
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
	e.meta(rows, streams, used, info)
	e.times(rows, info.MinTime)
	e.origin(rows, local)
	e.traces()
	e.variables(rows)
	e.attributes(rows)
	e.raw[secBloom] = appendBloom(e.raw[secBloom], &e.seen)
	start := len(b)
	b, err := e.assemble(b)
	info.Size = int64(len(b) - start)
	return b, info, err
}

func (e *Encoder) reset() {
	for i := range e.raw {
		e.raw[i] = e.raw[i][:0]
	}
	clear(e.skeletons)
	clear(e.ranks)
	e.seen.reset()
	e.groups, e.order, e.rankOf = e.groups[:0], e.order[:0], e.rankOf[:0]
	e.traceList.reset()
	e.spanList.reset()
}

// spansOf returns the row's variables; a body that was cut wrongly is one variable.
func (e *Encoder) spansOf(r *Row) []Span {
	if validSpans(r.Spans, len(r.Body)) {
		return r.Spans
	}
	return []Span{{0, int32(len(r.Body))}}
}

// place puts a row into the group of its skeleton.
func (e *Encoder) place(rows []Row, i int) {
	r := &rows[i]
	spans := e.spansOf(r)
	e.keys = appendSkeleton(binary.LittleEndian.AppendUint64(e.keys[:0], r.Template), r.Body, spans)
	at, ok := e.skeletons[string(e.keys)]
	if !ok {
		at = len(e.groups)
		e.skeletons[string(e.keys)] = at
		if at < cap(e.groups) { // memory of an earlier block
			e.groups = e.groups[:at+1]
			e.groups[at] = group{template: r.Template, first: i, rows: e.groups[at].rows[:0]}
		} else {
			e.groups = append(e.groups, group{template: r.Template, first: i})
		}
	}
	e.groups[at].rows = append(e.groups[at].rows, i)
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

func (e *Encoder) infoOf(rows []Row) Info {
	info := Info{Rows: len(rows), MinTime: rows[0].Time, MaxTime: rows[0].Time}
	for i := range rows {
		info.MinTime, info.MaxTime = min(info.MinTime, rows[i].Time), max(info.MaxTime, rows[i].Time)
		info.Levels[LevelOf(rows[i].Severity)]++
		info.Text += int64(len(rows[i].Body))
	}
	for _, g := range e.groups {
		if n := len(info.Templates); n > 0 && info.Templates[n-1].ID == g.template {
			info.Templates[n-1].Rows += len(g.rows)
			continue
		}
		info.Templates = append(info.Templates, TemplateCount{g.template, len(g.rows)})
	}
	return info
}

// localStreams numbers the streams that are used, by their first use.
func (e *Encoder) localStreams(rows []Row, streams []Stream) (local map[uint32]uint32, used []int) {
	local = make(map[uint32]uint32)
	for _, i := range e.order {
		s := rows[i].Stream
		if _, ok := local[s]; !ok {
			local[s] = uint32(len(used))
			used = append(used, int(s))
		}
	}
	return local, used
}

func (e *Encoder) meta(rows []Row, streams []Stream, used []int, info Info) {
	b := wire.AppendUvarint(e.raw[secMeta], uint64(len(rows)))
	b = binary.LittleEndian.AppendUint64(b, uint64(info.MinTime))
	b = wire.AppendUvarint(b, uint64(len(used)))
	for _, s := range used {
		b = AppendStream(b, &streams[s])
	}
	b = wire.AppendUvarint(b, uint64(len(e.groups)))
	for _, g := range e.groups {
		b = binary.LittleEndian.AppendUint64(b, g.template)
		b = wire.AppendUvarint(b, uint64(len(g.rows)))
		b = appendSkeleton(b, rows[g.first].Body, e.spansOf(&rows[g.first]))
	}
	e.raw[secMeta] = b
}

// times writes the difference of each row's time from that of the row before in its
// group, in the largest unit that loses nothing, and its rank among rows of that time.
func (e *Encoder) times(rows []Row, least int64) {
	unit := uint64(1e9)
	for i := range rows {
		for uint64(rows[i].Time-least)%unit != 0 {
			unit /= 1000
		}
	}
	b := wire.AppendUvarint(e.raw[secTimes], unit)
	for _, g := range e.groups {
		last := least
		for _, i := range g.rows {
			b = wire.AppendUvarint(b, uint64(rows[i].Time-last)/unit)
			last = rows[i].Time
		}
	}
	for _, i := range e.order {
		b = wire.AppendUvarint(b, uint64(e.rankOf[i]))
	}
	e.raw[secTimes] = b
}

func (e *Encoder) origin(rows []Row, local map[uint32]uint32) {
	b := e.raw[secOrigin]
	for _, i := range e.order {
		b = wire.AppendUvarint(b, uint64(local[rows[i].Stream]))
	}
	for _, i := range e.order {
		b = append(b, byte(rows[i].Severity))
	}
	e.raw[secOrigin] = b
}

func (e *Encoder) traces() {
	places := make([]uint32, len(e.order))
	inOrder := func(of []uint32) []uint32 {
		for k, i := range e.order {
			places[k] = of[i]
		}
		return places
	}
	list := make([]byte, 0, 16*len(e.traceList.list))
	for _, id := range e.traceList.list {
		list = append(list, id[:]...)
	}
	b := appendIDs(e.raw[secTraces], list, 16, inOrder(e.traceList.of))
	list = list[:0]
	for _, id := range e.spanList.list {
		list = append(list, id[:]...)
	}
	e.raw[secTraces] = appendIDs(b, list, 8, inOrder(e.spanList.of))
}

// variables writes, for each group, its length and its columns.
func (e *Encoder) variables(rows []Row) {
	b := e.raw[secValues]
	var columns []byte
	for _, g := range e.groups {
		columns = columns[:0]
		e.owners = e.owners[:0]
		for _, i := range g.rows {
			e.owners = append(e.owners, owner{&rows[i].Trace, &rows[i].SpanID})
		}
		for c := range e.spansOf(&rows[g.first]) {
			e.values = e.values[:0]
			for _, i := range g.rows {
				s := e.spansOf(&rows[i])[c]
				e.values = append(e.values, rows[i].Body[s.Start:s.End])
			}
			columns = e.columns.append(columns, e.values, e.owners)
		}
		b = wire.AppendBytes(b, columns)
	}
	e.raw[secValues] = b
}

// attributes writes the lists of names that rows have, which list each row has, and
// for each list the columns of its values.
func (e *Encoder) attributes(rows []Row) {
	shapes := make(map[string]int)
	var names [][][]byte
	var members [][]int
	b := e.raw[secAttributes]
	of := make([]int, len(e.order))
	some := false
	for k, i := range e.order {
		e.keys = e.keys[:0]
		for _, a := range rows[i].Attributes {
			e.keys = wire.AppendBytes(e.keys, a.Name)
			e.seen.add(pairHash(a.Name, a.Value))
			some = true
		}
		at, ok := shapes[string(e.keys)]
		if !ok {
			at = len(names)
			shapes[string(e.keys)] = at
			names = append(names, attributeNames(rows[i].Attributes))
			members = append(members, nil)
		}
		of[k] = at
		members[at] = append(members[at], i)
	}
	if !some {
		return // an empty section: no row has any
	}
	b = wire.AppendUvarint(b, uint64(len(names)))
	for _, list := range names {
		b = wire.AppendUvarint(b, uint64(len(list)))
		for _, n := range list {
			b = wire.AppendBytes(b, n)
		}
	}
	for _, at := range of {
		b = wire.AppendUvarint(b, uint64(at))
	}
	for s, list := range names {
		for c := range list {
			e.values = e.values[:0]
			for _, i := range members[s] {
				e.values = append(e.values, rows[i].Attributes[c].Value)
			}
			b = e.columns.append(b, e.values, nil)
		}
	}
	e.raw[secAttributes] = b
}

func attributeNames(attributes []telemetry.Pair) [][]byte {
	out := make([][]byte, len(attributes))
	for i, a := range attributes {
		out[i] = a.Name
	}
	return out
}

// assemble compresses the sections behind a head. The filter is not compressed, since
// it does not shrink.
func (e *Encoder) assemble(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, make([]byte, headSize)...)
	binary.LittleEndian.PutUint32(b[start:], blockMark)
	for s, raw := range e.raw {
		if len(raw) > MaxBlockText {
			return b[:start], fmt.Errorf("encode log block: want at most %d bytes in a section, got %d; make blocks of fewer rows", MaxBlockText, len(raw))
		}
		from := len(b)
		switch {
		case len(raw) == 0:
		case s == secBloom:
			b = append(b, raw...)
		default:
			b = e.zstd.EncodeAll(raw, b)
		}
		head := b[start+4+12*s:]
		binary.LittleEndian.PutUint32(head, uint32(len(b)-from))
		binary.LittleEndian.PutUint32(head[4:], uint32(len(raw)))
		binary.LittleEndian.PutUint32(head[8:], crc32.Checksum(b[from:], castagnoli))
	}
	head := b[start : start+headSize]
	binary.LittleEndian.PutUint32(head[headSize-4:], crc32.Checksum(head[:headSize-4], castagnoli))
	return b, nil
}
