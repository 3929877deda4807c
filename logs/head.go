package logs

import (
	"math"
	"time"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/wal"
	"github.com/tocsinhq/tocsin/logs/wire"
	"github.com/tocsinhq/tocsin/telemetry"
)

// head holds records that are not sealed yet: the payloads of their batches as they
// came, and for each record what most queries ask first. Only the newest head grows;
// a reader keeps the slices it saw, which are never changed.
type head struct {
	seq     uint64      // number of the log
	log     *wal.Writer // nil when it was read again at the start
	begun   time.Time   // when the first record came, by our clock
	chunks  [][]byte    // plain payloads
	bases   []int64     // of the payloads
	rows    []headRow
	streams []segment.Stream
	byKey   map[string]uint32
	bytes   int64
	oldest  int64
	newest  int64
	max     int // streams
	demoted int // streams whose labels became attributes
}

// headRow is a record of a head.
type headRow struct {
	at       int64
	template uint64
	stream   uint32
	chunk    uint32
	from     uint32 // of the record in the payload
	body     uint32 // of its text in the payload
	size     uint32 // of the text
	severity telemetry.Severity
	labels   bool // the labels of its stream are attributes: see head.stream
}

func newHead(seq uint64, log *wal.Writer, maxStreams int) *head {
	return &head{seq: seq, log: log, byKey: make(map[string]uint32), oldest: math.MaxInt64, newest: math.MinInt64, max: maxStreams}
}

// add takes over a plain payload, which it keeps.
func (h *head) add(payload []byte) error {
	r := &wire.Reader{B: payload}
	base, streams, count := payloadHead(r)
	first := len(payload) - len(r.B)
	rows := make([]headRow, 0, count)
	var p parsed
	for range count {
		from := len(payload) - len(r.B)
		parseRecord(r, base, &p)
		if r.Err == nil && int(p.stream) >= len(streams) {
			r.Fail("a record of no stream")
		}
		if r.Err != nil {
			return r.Err
		}
		rows = append(rows, headRow{
			at: p.at, template: p.template, stream: p.stream, severity: p.severity,
			from: uint32(from - first), body: uint32(len(payload) - len(r.B) - len(p.body) - first), size: uint32(len(p.body)),
		})
	}
	if r.Err != nil {
		return r.Err
	}
	of := make([]*keyedStream, len(streams))
	for i, s := range streams {
		of[i] = keyed(s)
	}
	h.take(payload, base, of, rows)
	return nil
}

// take takes over a plain payload and what is known of its records, whose places count
// from the first record.
func (h *head) take(payload []byte, base int64, streams []*keyedStream, rows []headRow) {
	local, demoted := make([]uint32, len(streams)), make([]bool, len(streams))
	for i := range streams {
		local[i], demoted[i] = h.stream(streams[i])
	}
	size := 0
	if n := len(rows); n > 0 {
		size = int(rows[n-1].body + rows[n-1].size)
	}
	first := uint32(len(payload) - size)
	for _, r := range rows {
		r.labels, r.stream = demoted[r.stream], local[r.stream]
		r.chunk, r.from, r.body = uint32(len(h.chunks)), r.from+first, r.body+first
		h.oldest, h.newest = min(h.oldest, r.at), max(h.newest, r.at)
		h.rows = append(h.rows, r)
	}
	h.chunks, h.bases = append(h.chunks, payload), append(h.bases, base)
	h.bytes += int64(len(payload)) + int64(len(rows))*headRowSize
}

const headRowSize = 48

// stream numbers a stream within the head. When there are too many, a further one
// shares the place of its service, without labels: a sender that puts ids into labels
// must not make the index as large as the log.
// Its records tell of the labels as attributes; see rowReader.
func (h *head) stream(s *keyedStream) (n uint32, demoted bool) {
	if n, ok := h.byKey[s.key]; ok {
		return n, false
	}
	n = uint32(len(h.streams))
	if len(h.streams) < h.max || len(s.Labels) == 0 {
		h.streams = append(h.streams, s.Stream)
		h.byKey[s.key] = n
		h.bytes += int64(len(s.key)) + 128
		return n, false
	}
	h.demoted++
	n, _ = h.stream(keyed(segment.Stream{Service: s.Service}))
	return n, true
}

// rowReader reads records of a view again, with the labels of streams for which there
// was no room among their attributes. The labels of the last payload are kept, since
// records are read in order.
type rowReader struct {
	parsed
	chunk  uint32
	labels []segment.Stream
}

func (p *rowReader) read(v *view, row *headRow) error {
	r := &wire.Reader{B: v.chunks[row.chunk][row.from:]}
	parseRecord(r, v.bases[row.chunk], &p.parsed)
	if r.Err != nil || !row.labels {
		return r.Err
	}
	if p.labels == nil || p.chunk != row.chunk {
		h := &wire.Reader{B: v.chunks[row.chunk]}
		_, p.labels, _ = payloadHead(h)
		p.chunk = row.chunk
	}
	for _, l := range p.labels[p.stream].Labels {
		p.attributes = append(p.attributes, telemetry.Pair{Name: []byte(l.Name), Value: []byte(l.Value)})
	}
	return nil
}

// view is what a reader saw of a head.
type view struct {
	chunks  [][]byte
	bases   []int64
	rows    []headRow
	streams []segment.Stream
	oldest  int64
	newest  int64
}

func (h *head) view() view {
	return view{h.chunks, h.bases, h.rows, h.streams, h.oldest, h.newest}
}

func (v *view) body(row *headRow) []byte {
	return v.chunks[row.chunk][row.body : row.body+row.size]
}
