package remotewrite

import (
	"fmt"
	"math"

	"github.com/tocsinhq/tocsin/telemetry"
)

// DecoderV2 decodes requests of remote write 2.0. Its zero value is ready for
// use; it keeps the memory of the table of symbols between requests, so one
// DecoderV2 belongs to one goroutine at a time.
type DecoderV2 struct {
	symbols []extent
	fault   *Error                // the first reference of the series at hand that cannot be
	refused telemetry.WriteResult // series with such
	lost    int                   // samples of these
}

// extent is where in the body a symbol stands. Two small numbers instead of a
// slice keep what a hostile body of empty symbols can claim at four times its size.
type extent struct{ start, end uint32 }

// maxKeptSymbols bounds the memory that Release leaves in place, in symbols.
const maxKeptSymbols = 1 << 18

// Decode reads an uncompressed io.prometheus.write.v2.Request (remote write 2.0)
// into b, which is reset first and whose memory is reused. References are
// resolved: labels, exemplars and metadata hold names, values and texts that
// alias body, which must stay unchanged as long as b is in use. Metadata stand
// with their series. The created_timestamp that an earlier draft had per series
// is given to each of its samples that has no start timestamp of its own.
//
// A malformed body gives an *Error; b then holds nothing of use. So does a table that
// does not begin with the empty string: none of the names can be trusted then. A series
// with a reference beyond the table, or an odd number of references to labels, is left
// out; see Refused.
func (d *DecoderV2) Decode(body []byte, b *telemetry.Batch) error {
	b.Reset()
	d.symbols, d.fault, d.refused, d.lost = d.symbols[:0], nil, telemetry.WriteResult{}, 0
	if err := d.decode(body, b); err != nil {
		b.Reset()
		return err
	}
	return nil
}

// Refused returns the series that the last Decode left out, numbered as they stand in the
// body, and how many samples they had.
func (d *DecoderV2) Refused() (telemetry.WriteResult, int) { return d.refused, d.lost }

// Release gives up memory that an unusually large request has claimed.
func (d *DecoderV2) Release() {
	if cap(d.symbols) > maxKeptSymbols {
		d.symbols = nil
	}
}

func (d *DecoderV2) decode(body []byte, b *telemetry.Batch) *Error {
	first, err := d.table(body)
	if err != nil {
		return err
	}
	switch {
	case first < 0 && len(d.symbols) == 0 && len(body) > 0:
		return otherMessage("io.prometheus.write.v2.Request", len(body))
	case len(d.symbols) > 0 && d.symbols[0].start != d.symbols[0].end:
		return &Error{Offset: int(d.symbols[0].start), Path: "symbol 1", Msg: "want the empty string as the first symbol, got another"}
	case first < 0:
		return nil
	}
	left := maxEntries
	n := 0
	for i := first; i < len(body); {
		at := i
		field, wire, next, err := tag(body, i)
		if err != nil {
			return err
		}
		if field != 5 {
			if i, err = skip(body, at, next, wire); err != nil {
				return err
			}
			continue
		}
		start, end, err := span(body, next, "time series")
		if err != nil {
			return err
		}
		s := b.Next()
		if err := d.series(body, start, end, b, s, left); err != nil {
			return err.in("time series", n)
		}
		if left -= entries(s); left < 0 {
			return tooMany(at)
		}
		if d.fault != nil {
			lost := len(s.Samples) + len(s.Histograms)
			d.refused.Reject(telemetry.Rejection{Series: n, Reason: telemetry.ReasonReference, Message: d.fault.Error(), Samples: lost, Exemplars: len(s.Exemplars)})
			d.lost += lost
			d.fault = nil
			b.Truncate(len(b.Series) - 1)
		}
		n++
		i = end
	}
	return nil
}

// table checks the form of the request's own fields, notes its symbols and
// returns the position of the first series, or -1. Symbols usually stand before
// the series, but need not, so they are read before any series is.
func (d *DecoderV2) table(body []byte) (first int, err *Error) {
	if uint64(len(body)) > math.MaxUint32 {
		return 0, &Error{Msg: fmt.Sprintf("want less than 4 GiB, got %d bytes", len(body))}
	}
	first = -1
	n := 0
	for i := 0; i < len(body); {
		at := i
		field, wire, next, err := tag(body, i)
		if err != nil {
			return 0, err
		}
		switch field {
		case 4:
			if err := want(at, "symbol", wire, wireBytes); err != nil {
				return 0, err.in("symbol", len(d.symbols))
			}
			start, end, err := span(body, next, "symbol")
			if err != nil {
				return 0, err.in("symbol", len(d.symbols))
			}
			if len(d.symbols) == maxEntries {
				return 0, tooMany(at)
			}
			d.symbols = append(d.symbols, extent{uint32(start), uint32(end)})
			i = end
		case 5:
			if err := want(at, "time series", wire, wireBytes); err != nil {
				return 0, err.in("time series", n)
			}
			_, end, err := span(body, next, "time series")
			if err != nil {
				return 0, err.in("time series", n)
			}
			if first < 0 {
				first = at
			}
			n++
			i = end
		default:
			if i, err = skip(body, at, next, wire); err != nil {
				return 0, err
			}
		}
	}
	return first, nil
}

// symbol returns the text of a reference that stands at position at, nothing for one that
// cannot be, which is noted.
func (d *DecoderV2) symbol(body []byte, at int, ref uint32, name string) []byte {
	if uint(ref) >= uint(len(d.symbols)) {
		d.note(at, fmt.Sprintf("%s: want one of the %d symbols, counted from 0, got number %d", name, len(d.symbols), ref))
		return nil
	}
	x := d.symbols[ref]
	return body[x.start:x.end:x.end]
}

// note keeps what is wrong with the references of the series at hand, the first of it. The
// rest is read all the same: whether the body has the right form decides over the others.
func (d *DecoderV2) note(at int, what string) {
	if d.fault == nil {
		d.fault = &Error{Offset: at, Msg: what}
	}
}

// references reads the value of a field labels_refs that begins at i: packed, as
// every encoder writes it, or a single number. half is the name that still waits
// for its value, nil if none does; pairs may be cut between fields. left is the
// number of entries that may still come.
func (d *DecoderV2) references(body []byte, msgEnd, tagAt, i, wire int, pairs *[]telemetry.Pair, half *[]byte, left *int) (int, *Error) {
	b := body[:msgEnd]
	end := i + 1
	if wire != wireVarint {
		if err := want(tagAt, "label references", wire, wireBytes); err != nil {
			return 0, err
		}
		var err *Error
		if i, end, err = span(b, i, "label references"); err != nil {
			return 0, err
		}
	}
	if *left -= (end - i) / 2; *left < 0 { // no more pairs than this
		return 0, tooMany(i)
	}
	out, name := *pairs, *half
	if name == nil {
		i, out = d.plainReferences(body, i, end, out)
	}
	// As in Prometheus' generated code, the last number may go on beyond the end
	// of the packed field, up to the end of the series.
	for i < end {
		at := i
		v, next, err := uvarint(b, i)
		if err != nil {
			return 0, err
		}
		i = next
		text := d.symbol(body, at, uint32(v), "label reference")
		if name == nil {
			if name = text; name == nil {
				name = []byte{} // it waits all the same
			}
			continue
		}
		out = append(out, telemetry.Pair{Name: name, Value: text})
		name = nil
	}
	*pairs, *half = out, name
	return i, nil
}

// plainReferences reads pairs of numbers below 2^14 between i and end, of symbols
// that are there, and returns the position of the first pair that is not so
// plain, which is left to the general way.
func (d *DecoderV2) plainReferences(body []byte, i, end int, out []telemetry.Pair) (int, []telemetry.Pair) {
	b := body[:end]
	symbols := d.symbols
	for i+4 <= len(b) {
		name, value := uint(b[i]), uint(b[i+1])
		next := i + 2
		if name >= 0x80 {
			name = name&0x7f | value<<7
			value = uint(b[i+2])
			next++
			if b[i+1] >= 0x80 {
				break
			}
		}
		if value >= 0x80 {
			if b[next] >= 0x80 {
				break
			}
			value = value&0x7f | uint(b[next])<<7
			next++
		}
		if name >= uint(len(symbols)) || value >= uint(len(symbols)) {
			break
		}
		n, v := symbols[name], symbols[value]
		out = append(out, telemetry.Pair{Name: body[n.start:n.end:n.end], Value: body[v.start:v.end:v.end]})
		i = next
	}
	return i, out
}

// whole notes references that are no pairs; at is where their message begins.
func (d *DecoderV2) whole(at int, half []byte) {
	if half != nil {
		d.note(at, fmt.Sprintf("label references: want pairs of a name and a value, got an odd number; %.64q has no value", half))
	}
}
