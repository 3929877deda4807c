package logs

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/s2"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/logs/wire"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Miner finds the template of a line and where its variables stand.
type Miner interface {
	// Mine returns the id of the template of a record's body and appends to spans where
	// its variables are, ascending and apart from each other. at is the time that counts
	// for the record. It keeps nothing of the record.
	Mine(r *telemetry.LogRecord, at int64, spans []segment.Span) (uint64, []segment.Span)
}

// Bits of the first byte of an encoded record.
const (
	hasTrace = 1 << iota
	hasSpan
	hasAttributes
)

// The first byte of a payload says what the rest is.
const (
	payloadPlain = 1
	payloadS2    = 2
)

// encoder makes the payload of a batch: the streams that its records are of, then the
// records. It keeps its memory; it is for one goroutine at a time.
type encoder struct {
	known      map[string]*sentStream // of this batch and of earlier ones, by how it was sent
	knownBytes int
	batch      uint64
	streams    []*keyedStream // of the batch
	list       []byte         // the streams, encoded
	records    []byte
	key        []byte
	spans      []segment.Span
	rows       []headRow // of the records; places count from the first one
	base       int64
}

// keyedStream is a stream with its key, which is also how it is encoded. It is never changed.
type keyedStream struct {
	segment.Stream
	key string
}

func keyed(s segment.Stream) *keyedStream { return &keyedStream{s, s.Key()} }

// sentStream is a stream that was sent in a certain way, and its number within the
// batch in which it was sent last.
type sentStream struct {
	*keyedStream
	batch  uint64
	number uint32
}

// maxKnown bounds the bytes of the streams that an encoder remembers of earlier batches.
const maxKnown = 1 << 20

func (e *encoder) reset(base int64) {
	if e.known == nil || e.knownBytes > maxKnown {
		e.known, e.knownBytes = make(map[string]*sentStream), 0
	}
	e.batch++
	e.streams, e.list, e.records, e.rows, e.base = e.streams[:0], e.list[:0], e.records[:0], e.rows[:0], base
}

// size is how long the payload would be now.
func (e *encoder) size() int { return len(e.list) + len(e.records) }

// add encodes a record that was found good, whose time is at.
func (e *encoder) add(m Miner, r *telemetry.LogRecord, at int64) {
	stream := e.stream(r)
	b := e.records
	row := headRow{at: at, stream: stream, from: uint32(len(b)), size: uint32(len(r.Body)), severity: r.Severity}
	flags := byte(0)
	if r.TraceID != [16]byte{} {
		flags |= hasTrace
	}
	if r.SpanID != [8]byte{} {
		flags |= hasSpan
	}
	if len(r.Attributes) > 0 {
		flags |= hasAttributes
	}
	b = append(b, flags, byte(r.Severity))
	b = wire.AppendUvarint(b, uint64(stream))
	b = wire.AppendUvarint(b, wire.Zigzag(at-e.base))
	template, spans := m.Mine(r, at, e.spans[:0])
	e.spans = spans
	row.template = template
	b = wire.AppendUint64(b, template)
	if flags&hasTrace != 0 {
		b = append(b, r.TraceID[:]...)
	}
	if flags&hasSpan != 0 {
		b = append(b, r.SpanID[:]...)
	}
	b = appendSpans(b, soundSpans(spans, len(r.Body)))
	if flags&hasAttributes != 0 {
		b = wire.AppendUvarint(b, uint64(len(r.Attributes)))
		for _, a := range r.Attributes {
			b = wire.AppendBytes(wire.AppendBytes(b, a.Name), a.Value)
		}
	}
	e.records = wire.AppendBytes(b, r.Body)
	row.body = uint32(len(e.records) - len(r.Body))
	e.rows = append(e.rows, row)
}

// soundSpans makes spans fit for a block: a cut that cannot be is one variable, and of
// very many the last ones are one.
func soundSpans(spans []segment.Span, n int) []segment.Span {
	at := int32(0)
	for _, s := range spans {
		if s.Start < at || s.End < s.Start || int(s.End) > n {
			return append(spans[:0], segment.Span{Start: 0, End: int32(n)})
		}
		at = s.End
	}
	if len(spans) > segment.MaxSpans {
		spans = spans[:segment.MaxSpans]
		spans[segment.MaxSpans-1].End = int32(n)
	}
	return spans
}

func appendSpans(b []byte, spans []segment.Span) []byte {
	b = wire.AppendUvarint(b, uint64(len(spans)))
	at := int32(0)
	for _, s := range spans {
		b = wire.AppendUvarint(b, uint64(s.Start-at))
		b = wire.AppendUvarint(b, uint64(s.End-s.Start))
		at = s.End
	}
	return b
}

// stream numbers the stream of a record within the batch.
func (e *encoder) stream(r *telemetry.LogRecord) uint32 {
	// The bytes as they are sent find nearly every stream; only a new order of the
	// labels is sorted.
	e.key = wire.AppendBytes(e.key[:0], r.Service)
	for _, p := range r.Stream {
		e.key = wire.AppendBytes(wire.AppendBytes(e.key, p.Name), p.Value)
	}
	k := e.known[string(e.key)]
	if k == nil {
		k = &sentStream{keyedStream: keyed(streamOf(r))}
		e.known[string(e.key)] = k
		e.knownBytes += 3*len(k.key) + 256
	}
	if k.batch != e.batch {
		k.batch, k.number = e.batch, uint32(len(e.streams))
		e.streams = append(e.streams, k.keyedStream)
		e.list = append(e.list, k.key...)
	}
	return k.number
}

// streamOf returns the stream of a record, in memory of its own.
func streamOf(r *telemetry.LogRecord) segment.Stream {
	s := segment.Stream{Service: validText(strings.Clone(r.Service)), Labels: make([]segment.Label, 0, len(r.Stream))}
	for _, p := range r.Stream {
		s.Labels = append(s.Labels, segment.Label{Name: validText(string(p.Name)), Value: validText(string(p.Value))})
	}
	slices.SortStableFunc(s.Labels, func(a, b segment.Label) int { return strings.Compare(a.Name, b.Name) })
	s.Labels = slices.CompactFunc(s.Labels, func(a, b segment.Label) bool { return a.Name == b.Name })
	return s
}

// validText makes names and labels, which are shown as JSON, valid UTF-8.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// plain returns the payload in memory of its own.
func (e *encoder) plain() []byte {
	b := append(make([]byte, 0, e.size()+24), payloadPlain)
	b = wire.AppendUint64(b, uint64(e.base))
	b = wire.AppendUvarint(b, uint64(len(e.streams)))
	b = append(b, e.list...)
	b = wire.AppendUvarint(b, uint64(len(e.rows)))
	return append(b, e.records...)
}

// packed appends a payload in the form for the log, compressed if that makes it smaller.
func packed(to, plain []byte) []byte {
	start := len(to)
	to = slices.Grow(to, 1+s2.MaxEncodedLen(len(plain)))
	to = append(to, payloadS2)
	out := s2.Encode(to[len(to):cap(to)], plain)
	if len(out)+1 >= len(plain) {
		return append(to[:start], plain...)
	}
	return to[:len(to)+len(out)]
}

// unpacked returns the plain payload of what packed made.
func unpacked(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, segment.ErrCorrupt
	}
	if b[0] != payloadS2 {
		return bytes.Clone(b), nil
	}
	n, err := s2.DecodedLen(b[1:])
	if err != nil || n > maxPayload {
		return nil, segment.ErrCorrupt
	}
	return s2.Decode(make([]byte, n), b[1:])
}

// parsed is an encoded record; its slices alias the payload.
type parsed struct {
	severity   telemetry.Severity
	stream     uint32
	at         int64
	template   uint64
	trace      [16]byte
	span       [8]byte
	spans      []segment.Span
	attributes []telemetry.Pair
	body       []byte
}

// parseRecord reads the record that r begins with into p, whose slices are used again.
func parseRecord(r *wire.Reader, base int64, p *parsed) {
	flags := r.Byte()
	p.severity = telemetry.Severity(r.Byte())
	p.stream = uint32(r.Uvarint())
	p.at = base + wire.Unzigzag(r.Uvarint())
	p.template = r.Uint64()
	p.trace, p.span = [16]byte{}, [8]byte{}
	if flags&hasTrace != 0 {
		copy(p.trace[:], r.Take(16))
	}
	if flags&hasSpan != 0 {
		copy(p.span[:], r.Take(8))
	}
	p.spans, p.attributes = p.spans[:0], p.attributes[:0]
	at := int32(0)
	for range r.Count("variables", segment.MaxSpans, 2) {
		start := at + int32(r.Uvarint())
		at = start + int32(r.Uvarint())
		p.spans = append(p.spans, segment.Span{Start: start, End: at})
	}
	if flags&hasAttributes != 0 {
		for range r.Count("attributes", len(r.B), 2) {
			p.attributes = append(p.attributes, telemetry.Pair{Name: r.Bytes(), Value: r.Bytes()})
		}
	}
	p.body = r.Bytes()
}

// payloadHead reads what stands before the records of a plain payload.
func payloadHead(r *wire.Reader) (base int64, streams []segment.Stream, count int) {
	if kind := r.Byte(); kind != payloadPlain {
		r.Fail("an unknown kind of payload")
	}
	base = int64(r.Uint64())
	streams = make([]segment.Stream, r.Count("streams", len(r.B), 2))
	for i := range streams {
		streams[i] = segment.ReadStream(r)
	}
	return base, streams, r.Count("records", len(r.B), 13)
}
