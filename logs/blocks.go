package logs

import (
	"slices"

	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	blockRows = 48 << 10
	blockText = 16 << 20 // bytes of a block, all of its records together
)

// pieces divides records of a head, by their places in it, into those of one block
// each: as few as may be and about as large as each other, so that those who make them
// at the same time end at the same time.
func (v *view) pieces(order []int) (pieces [][]int) {
	total := 0
	for _, i := range order {
		total += v.rows[i].bytes()
	}
	blocks := max((len(order)+blockRows-1)/blockRows, (total+blockText-1)/blockText, 1)
	for len(order) > 0 {
		n, size := 0, 0
		for n < len(order) && n < blockRows && size < total/blocks+1 {
			size += v.rows[order[n]].bytes()
			n++
		}
		pieces = append(pieces, order[:n])
		order = order[n:]
	}
	return pieces
}

// bytes is about the memory of a record: from its place to that of its text, and the text.
func (r *headRow) bytes() int { return int(r.body-r.from) + int(r.size) }

// blockMaker makes blocks of a head's records. It keeps the memory of its encoder, and
// is for one goroutine at a time.
type blockMaker struct {
	enc  *segment.Encoder
	rows []segment.Row
	// What rows point into.
	spans      []segment.Span
	attributes []telemetry.Pair
	ends       []rowEnd
	block      []byte
}

// sampleRows are the rows from which the room for all rows of a block is guessed.
const sampleRows = 1 << 10

// rowEnd is where the spans and attributes of a row end.
type rowEnd struct{ spans, attributes int }

// madeBlock is a block, valid until its maker makes another, with what the index says of it, or why there is none.
type madeBlock struct {
	block []byte
	info  segment.Info
	err   error
}

func (m *blockMaker) make(v *view, order []int) (made madeBlock) {
	if made.err = m.fill(v, order); made.err == nil {
		m.block, made.info, made.err = m.enc.Append(m.block[:0], m.rows, v.streams)
		made.block = m.block
	}
	return made
}

// fill makes rows of records.
func (m *blockMaker) fill(v *view, order []int) error {
	m.rows, m.spans, m.attributes, m.ends = m.rows[:0], m.spans[:0], m.attributes[:0], m.ends[:0]
	m.rows, m.ends = slices.Grow(m.rows, len(order)), slices.Grow(m.ends, len(order))
	var p rowReader
	for k, i := range order {
		if k == sampleRows { // the rest is likely to be as this is
			m.spans = slices.Grow(m.spans, (len(m.spans)+len(m.spans)/8)*(len(order)/sampleRows))
			m.attributes = slices.Grow(m.attributes, (len(m.attributes)+len(m.attributes)/8)*(len(order)/sampleRows))
		}
		r := &v.rows[i]
		if err := p.read(v, r); err != nil {
			return err
		}
		m.spans = append(m.spans, p.spans...)
		m.attributes = append(m.attributes, p.attributes...)
		m.ends = append(m.ends, rowEnd{len(m.spans), len(m.attributes)})
		m.rows = append(m.rows, segment.Row{
			Time: r.at, Severity: p.severity, Stream: r.stream, Trace: p.trace, SpanID: p.span, Template: p.template, Body: p.body,
		})
	}
	var last rowEnd
	for i, end := range m.ends { // the slices have stopped moving
		m.rows[i].Spans, m.rows[i].Attributes = m.spans[last.spans:end.spans], m.attributes[last.attributes:end.attributes]
		last = end
	}
	return nil
}
