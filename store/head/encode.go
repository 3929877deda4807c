package head

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/encoding"
	logrecord "github.com/prometheus/prometheus/tsdb/record"

	"github.com/tocsinhq/tocsin/internal/labeltext"
)

// A record is kept to a size that a reader can hold several of: a transaction beyond
// it becomes several records of one write.
const (
	recordSamples = 16 << 10  // samples
	recordBytes   = 256 << 10 // of other records, from which on the next one begins
)

// sampleBytes is the most that a sample takes in a record.
const sampleBytes = 2*binary.MaxVarintLen64 + 8

// refsRun is how many references are asked for at once.
const refsRun = 128

// references gives the references of series in the log: floats do.
type references interface {
	ref(id ID) chunks.HeadSeriesRef // 0: there is no such series
	// refs sets the references of the series of at most refsRun samples.
	refs(samples []Sample, dst *[refsRun]chunks.HeadSeriesRef)
}

// encoder makes the records of one write. What it returns is valid until the next.
type encoder struct {
	buf  []byte
	ends []int // of the records in buf
	recs [][]byte
	of   [refsRun]chunks.HeadSeriesRef
	enc  logrecord.Encoder
	// writes says that labels are kept as labeltext has them, which saves a look at each.
	writes bool
}

func (e *encoder) reset() {
	if cap(e.buf) > 8*recordBytes { // some thousand new series and what append leaves free
		e.buf = nil // of an unusually large write
	}
	clear(e.recs)
	e.buf, e.ends, e.recs = e.buf[:0], e.ends[:0], e.recs[:0]
}

func (e *encoder) empty() bool { return len(e.buf) == 0 }

// end ends a record, if there is anything in it.
func (e *encoder) end() {
	if n := len(e.buf); n > 0 && (len(e.ends) == 0 || e.ends[len(e.ends)-1] < n) {
		e.ends = append(e.ends, n)
	}
}

// records returns more, with the records made so far behind it.
func (e *encoder) records() [][]byte {
	from := 0
	for _, to := range e.ends {
		e.recs = append(e.recs, e.buf[from:to])
		from = to
	}
	return e.recs
}

// samples adds records of samples. Those of series that are gone are left out.
func (e *encoder) samples(all []Sample, refs references) {
	for some := range slices.Chunk(all, recordSamples) {
		e.buf = appendSamples(e.buf, some, refs, &e.of)
		e.end()
	}
}

// appendSamples appends a record of samples to b: the reference and the time of the
// first, and for each sample what its own differ from those by, and its value.
func appendSamples(b []byte, samples []Sample, refs references, of *[refsRun]chunks.HeadSeriesRef) []byte {
	first := 0
	for first < len(samples) && refs.ref(samples[first].ID) == 0 {
		first++
	}
	if samples = samples[first:]; len(samples) == 0 {
		return b
	}
	b = slices.Grow(b, 1+16+len(samples)*sampleBytes)
	ref0, t0 := int64(refs.ref(samples[0].ID)), samples[0].T
	b = append(b, byte(logrecord.Samples))
	b = binary.BigEndian.AppendUint64(b, uint64(ref0))
	b = binary.BigEndian.AppendUint64(b, uint64(t0))
	n := len(b)
	room := b[:cap(b)]
	for some := range slices.Chunk(samples, refsRun) {
		refs.refs(some, of)
		for i := range some {
			s, ref := &some[i], int64(of[i])
			if ref == 0 {
				continue
			}
			n = putVarint(room, n, ref-ref0)
			n = putVarint(room, n, s.T-t0)
			binary.BigEndian.PutUint64(room[n:], math.Float64bits(s.V))
			n += 8
		}
	}
	return room[:n]
}

// putVarint writes x at b[n:], as binary.PutVarint does, and returns where it ends.
func putVarint(b []byte, n int, x int64) int {
	u := uint64(x<<1) ^ uint64(x>>63)
	for u >= 0x80 {
		b[n] = byte(u) | 0x80
		u >>= 7
		n++
	}
	b[n] = byte(u)
	return n + 1
}

// exemplars adds a record of exemplars.
func (e *encoder) exemplars(all []Exemplar, refs references) {
	var out []logrecord.RefExemplar
	for _, x := range all {
		if ref := refs.ref(x.ID); ref != 0 {
			out = append(out, logrecord.RefExemplar{Ref: ref, T: x.Ts, V: x.Value, Labels: x.Labels})
		}
	}
	for some := range slices.Chunk(out, recordSamples/16) {
		e.buf = e.enc.Exemplars(some, e.buf)
		e.end()
	}
}

// metadata adds records of what describes series.
func (e *encoder) metadata(all []logrecord.RefMetadata) {
	for some := range slices.Chunk(all, recordSamples/16) {
		e.buf = e.enc.Metadata(some, e.buf)
		e.end()
	}
}

// series adds a series to the record of series that is begun, or begins one.
func (e *encoder) series(ref chunks.HeadSeriesRef, ls labels.Labels) {
	from := 0
	if len(e.ends) > 0 {
		from = e.ends[len(e.ends)-1]
	}
	if len(e.buf)-from >= recordBytes {
		e.end()
		from = len(e.buf)
	}
	if len(e.buf) == from {
		e.buf = append(e.buf, byte(logrecord.Series))
	}
	e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(ref))
	if e.writes {
		text := labeltext.Of(ls)
		if n, short := shortTexts(text); short {
			e.buf = append(binary.AppendUvarint(e.buf, uint64(n/2)), text...)
			return
		}
	}
	out := encoding.Encbuf{B: e.buf}
	logrecord.EncodeLabels(&out, ls)
	e.buf = out.B
}

// shortTexts returns how many names and values a text of labels has, if the length of
// each is one byte as a varint too: the log then has the very bytes of the text.
func shortTexts(text string) (n int, short bool) {
	for i := 0; i < len(text); n++ {
		size := text[i]
		if size >= 0x80 {
			return 0, false
		}
		i += 1 + int(size)
	}
	return n, true
}
