package remotewrite

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Decode reads an uncompressed prometheus.WriteRequest into b, which is reset
// first and whose memory is reused. Labels and samples stand in the order of
// the body. Label names and values alias body, which must stay unchanged as
// long as b is in use; labels in wire form are left packed (telemetry.Series.Wire). An empty body is an empty request.
//
// A malformed body gives an *Error; b then holds nothing of use. Decode keeps
// no state and is safe for concurrent use on different batches.
func Decode(body []byte, b *telemetry.Batch) error {
	b.Reset()
	if err := decodeRequest(body, b); err != nil {
		b.Reset()
		return err
	}
	return nil
}

func decodeRequest(body []byte, b *telemetry.Batch) *Error {
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
			n := len(b.Series)
			if err := decodeSeries(body[:end], start, b, b.Next()); err != nil {
				return err.in("time series", n)
			}
			i = end
		case 3:
			if i, err = checkNested(body, at, next, wire, &metadataMessage); err != nil {
				return err.in(metadataMessage.name, b.SkippedMetadata)
			}
			b.SkippedMetadata++
		default:
			if i, err = skip(body, at, next, wire); err != nil {
				return err
			}
		}
	}
	return nil
}

func decodeSeries(b []byte, i int, batch *telemetry.Batch, s *telemetry.Series) *Error {
	exemplars := 0
	// Most of a body is labels, and most of them are known: as long as they stand
	// first and as every encoder writes them they are left packed.
	if end := telemetry.PlainLabels(b, i); end > i {
		s.Wire, i = b[i:end:end], end
	}
	for i < len(b) {
		if p, next, ok := plainSample(b, i); ok {
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
		if field == 3 {
			if i, err = checkNested(b, at, next, wire, &exemplarMessage); err != nil {
				return err.in(exemplarMessage.name, exemplars)
			}
			exemplars++
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
		case 4:
			if err := decodeHistogram(b[start:end], start, s); err != nil {
				return err.in(name, len(s.Histograms))
			}
		}
		i = end
	}
	batch.SkippedExemplars += exemplars
	return nil
}

var seriesFields = [5]string{1: "label", 2: "sample", 3: "exemplar", 4: "histogram"}

// plainSample reads the sample field that begins at i if it is written as every
// encoder writes one whose value is not 0 and whose time is of our days: value,
// then a time of six bytes, which it has from 1971 to 2109, and nothing else.
func plainSample(b []byte, i int) (p telemetry.Sample, next int, ok bool) {
	const size = 16
	if len(b)-i < size+2 || b[i] != 0x12 || b[i+1] != size || b[i+2] != 0x09 || b[i+11] != 0x10 || b[i+17] >= 0x80 ||
		b[i+12]&b[i+13]&b[i+14]&b[i+15]&b[i+16]&0x80 == 0 {
		return p, 0, false
	}
	t := int64(b[i+12]&0x7f) | int64(b[i+13]&0x7f)<<7 | int64(b[i+14]&0x7f)<<14 | int64(b[i+15]&0x7f)<<21 |
		int64(b[i+16]&0x7f)<<28 | int64(b[i+17])<<35
	return telemetry.Sample{T: t, V: math.Float64frombits(binary.LittleEndian.Uint64(b[i+3:]))}, i + size + 2, true
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
			if err := want(at, "value", wire, wireFixed64); err != nil {
				return err
			}
			if len(b)-next < 8 {
				return &Error{Offset: next, Msg: fmt.Sprintf("value: want 8 bytes, got the end of the message after %d", len(b)-next)}
			}
			s.V = math.Float64frombits(binary.LittleEndian.Uint64(b[next:]))
			i = next + 8
		case 2:
			if err := want(at, "timestamp", wire, wireVarint); err != nil {
				return err
			}
			v, end, err := uvarint(b, next)
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

// decodeHistogram reads one native histogram with Prometheus' generated code,
// which copies; at is the position of msg in the body.
func decodeHistogram(msg []byte, at int, s *telemetry.Series) *Error {
	var p prompb.Histogram
	if err := p.Unmarshal(msg); err != nil {
		return &Error{Offset: at, Msg: fmt.Sprintf("want a histogram in the %d bytes from here, got %s", len(msg), err)}
	}
	h := telemetry.HistogramSample{T: p.Timestamp}
	if p.IsFloatHistogram() {
		h.Float = p.ToFloatHistogram()
	} else {
		h.Int = p.ToIntHistogram()
	}
	s.Histograms = append(s.Histograms, h)
	return nil
}
