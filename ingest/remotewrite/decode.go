package remotewrite

import (
	"fmt"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Decode reads an uncompressed prometheus.WriteRequest (remote write 1.0) into b,
// which is reset first and whose memory is reused. Labels, samples, exemplars and
// metadata stand in the order of the body. Names, values and texts alias body,
// which must stay unchanged as long as b is in use; labels in wire form are left
// packed (telemetry.Series.Wire). An empty body is an empty request.
//
// A malformed body gives an *Error; b then holds nothing of use. So does one
// that has fields and none of this message, which is a message of another kind.
// Decode keeps no state and is safe for concurrent use on different batches.
func Decode(body []byte, b *telemetry.Batch) error {
	return (*Decoder)(nil).Decode(body, b)
}

func (d *Decoder) request(body []byte, b *telemetry.Batch) *Error {
	left := maxEntries
	for i := 0; i < len(body); {
		at := i
		field, wire, next, err := tag(body, i)
		if err != nil {
			return err
		}
		switch field {
		case 1:
			if err := want(at, "time series", wire, wireBytes); err != nil {
				return err
			}
			start, end, err := span(body, next, "time series")
			if err != nil {
				return err.in("time series", len(b.Series))
			}
			if err := d.series(body, extent{uint32(start), uint32(end)}, b, &left); err != nil {
				return err
			}
			i = end
		case 3:
			if err := want(at, "metadata", wire, wireBytes); err != nil {
				return err.in("metadata", len(b.Metadata))
			}
			start, end, err := span(body, next, "metadata")
			if err != nil {
				return err.in("metadata", len(b.Metadata))
			}
			if left -= seriesEntries; left < 0 {
				return tooMany(at)
			}
			b.Metadata = append(b.Metadata, telemetry.Metadata{})
			if err := decodeMetadata(body[:end], start, &b.Metadata[len(b.Metadata)-1]); err != nil {
				return err.in("metadata", len(b.Metadata)-1)
			}
			i = end
		default:
			if i, err = skip(body, at, next, wire); err != nil {
				return err
			}
		}
	}
	if err := d.settle(body, b, &left); err != nil {
		return err
	}
	if len(body) > 0 && len(b.Series)+len(b.Metadata) == 0 {
		return otherMessage("prometheus.WriteRequest", len(body))
	}
	return nil
}

// otherMessage is the error for a body in which no field is one of the message
// that it should hold. Taking it for an empty request would lose its data.
func otherMessage(name string, size int) *Error {
	return &Error{Msg: fmt.Sprintf("want a %s, got %d bytes without a field of it; the Content-Type may name the wrong message", name, size)}
}

// decodeSeries reads a series of at most left entries.
func decodeSeries(b []byte, i int, s *telemetry.Series, left int) *Error {
	// Most of a body is labels, and most of them are known: as long as they stand
	// first and as every encoder writes them they are left packed.
	if end, n := telemetry.PlainLabels(b, i); n > 0 {
		if left -= n; left < 0 {
			return tooMany(i)
		}
		s.Wire, i = b[i:end:end], end
	}
	for i < len(b) {
		if left--; left < 0 {
			return tooMany(i)
		}
		if p, next, ok := plainSampleField(b, i); ok {
			s.Samples = append(s.Samples, p)
			i = next
			continue
		}
		at := i
		field, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		if field < 1 || field > 4 {
			if i, err = skip(b, at, next, wire); err != nil {
				return err
			}
			continue
		}
		name := seriesFields[field]
		if err := want(at, name, wire, wireBytes); err != nil {
			return err
		}
		start, end, err := span(b, next, name)
		if err != nil {
			return err
		}
		switch field {
		case 1:
			s.Unpack()
			s.Labels = append(s.Labels, telemetry.Pair{})
			if err := decodeLabel(b[:end], start, &s.Labels[len(s.Labels)-1]); err != nil {
				return err.in(name, len(s.Labels)-1)
			}
		case 2:
			s.Samples = append(s.Samples, telemetry.Sample{})
			if err := decodeSample(b[:end], start, &s.Samples[len(s.Samples)-1]); err != nil {
				return err.in(name, len(s.Samples)-1)
			}
		case 3:
			s.Exemplars = append(s.Exemplars, telemetry.Exemplar{})
			e := &s.Exemplars[len(s.Exemplars)-1]
			if err := decodeExemplar(b[:end], start, e, left); err != nil {
				return err.in(name, len(s.Exemplars)-1)
			}
			left -= len(e.Labels)
		case 4:
			if err := decodeHistogram(b[start:end], start, s); err != nil {
				return err.in(name, len(s.Histograms))
			}
			left -= histogramEntries - 1
		}
		i = end
	}
	return nil
}

var seriesFields = [5]string{1: "label", 2: "sample", 3: "exemplar", 4: "histogram"}

// plainSampleField reads the sample field that begins at i if it holds a plain
// sample and nothing else.
func plainSampleField(b []byte, i int) (x telemetry.Sample, next int, ok bool) {
	const size = 16
	if len(b)-i < size+2 || b[i] != 0x12 || b[i+1] != size {
		return x, 0, false
	}
	x, ok = plainSample(b[i+2 : i+2+size])
	return x, i + 2 + size, ok
}

func decodeLabel(b []byte, i int, p *telemetry.Pair) *Error {
	for i < len(b) {
		at := i
		field, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		switch field {
		case 1, 2:
			name := labelFields[field]
			if err := want(at, name, wire, wireBytes); err != nil {
				return err
			}
			start, end, err := span(b, next, name)
			if err != nil {
				return err
			}
			if field == 1 {
				p.Name = b[start:end:end]
			} else {
				p.Value = b[start:end:end]
			}
			i = end
		default:
			if i, err = skip(b, at, next, wire); err != nil {
				return err
			}
		}
	}
	return nil
}

var labelFields = [3]string{1: "name", 2: "value"}

func decodeSample(b []byte, i int, s *telemetry.Sample) *Error {
	for i < len(b) {
		at := i
		field, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		switch field {
		case 1:
			if s.V, i, err = float(b, at, next, wire, "value"); err != nil {
				return err
			}
		case 2:
			v, end, err := number(b, at, next, wire, "timestamp")
			if err != nil {
				return err
			}
			s.T = int64(v)
			i = end
		default:
			if i, err = skip(b, at, next, wire); err != nil {
				return err
			}
		}
	}
	return nil
}
