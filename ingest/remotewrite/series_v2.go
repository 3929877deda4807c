package remotewrite

import (
	"encoding/binary"
	"math"

	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/tocsinhq/tocsin/telemetry"
)

// series reads the series of at most left entries that stands in body from start to
// end into s, which is one of batch.
func (d *DecoderV2) series(body []byte, start, end int, batch *telemetry.Batch, s *telemetry.Series, left int) *Error {
	b := body[:end]
	var half []byte
	var created int64
	var a about
	for i := start; i < end; {
		at := i
		if left--; left < 0 {
			return tooMany(at)
		}
		field, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		switch field {
		case 1:
			if i, err = d.references(body, end, at, next, wire, &s.Labels, &half, &left); err != nil {
				return err
			}
			continue
		case 2, 3, 4, 5:
		case 6:
			if wire == wireVarint {
				v, next, err := uvarint(b, next)
				if err != nil {
					return err
				}
				created, i = int64(v), next
				continue
			}
			fallthrough
		default:
			if i, err = skip(b, at, next, wire); err != nil {
				return err
			}
			continue
		}
		name := seriesFieldsV2[field]
		if err := want(at, name, wire, wireBytes); err != nil {
			return err
		}
		from, to, err := span(b, next, name)
		if err != nil {
			return err
		}
		switch field {
		case 2:
			if x, ok := plainSample(b[from:to]); ok {
				s.Samples = append(s.Samples, x)
				break
			}
			s.Samples = append(s.Samples, telemetry.Sample{})
			if err := decodeSampleV2(b[:to], from, &s.Samples[len(s.Samples)-1]); err != nil {
				return err.in(name, len(s.Samples)-1)
			}
		case 3:
			if err := decodeHistogramV2(b[from:to], from, s); err != nil {
				return err.in(name, len(s.Histograms))
			}
			left -= histogramEntries - 1
		case 4:
			s.Exemplars = append(s.Exemplars, telemetry.Exemplar{})
			e, had := &s.Exemplars[len(s.Exemplars)-1], d.fault
			if err := d.exemplar(body, from, to, e, left); err != nil {
				return err.in(name, len(s.Exemplars)-1)
			}
			if had == nil && d.fault != nil {
				d.fault.in(name, len(s.Exemplars)-1)
			}
			left -= len(e.Labels)
		case 5:
			if err := a.read(b[:to], from); err != nil {
				return err.in(name, 0)
			}
		}
		i = to
	}
	if created != 0 {
		begin(s, created)
	}
	if uint32(a.kind) != 0 || a.help != 0 || a.unit != 0 {
		had := d.fault
		d.describe(body, &a, batch.Describe(s))
		if had == nil && d.fault != nil {
			d.fault.in("metadata", 0)
		}
	}
	d.whole(start, half)
	return nil
}

var seriesFieldsV2 = [...]string{2: "sample", 3: "histogram", 4: "exemplar", 5: "metadata"}

// begin gives the samples of a series that have no start of their own the one
// that stands with the series.
func begin(s *telemetry.Series, created int64) {
	for i := range s.Samples {
		if s.Samples[i].ST == 0 {
			s.Samples[i].ST = created
		}
	}
	for i := range s.Histograms {
		if s.Histograms[i].ST == 0 {
			s.Histograms[i].ST = created
		}
	}
}

// plainSample reads a sample as every encoder writes one that has no start: the
// value, then the time of today in six bytes. Anything else is left to the
// general way.
func plainSample(b []byte) (x telemetry.Sample, ok bool) {
	const (
		looked = 0x80_80_80_80_80_80_ff_00 // at the tag of the time and whether each of its bytes goes on
		wanted = 0x00_80_80_80_80_80_10_00
	)
	if len(b) != 16 || b[0] != 0x09 {
		return x, false
	}
	t := binary.LittleEndian.Uint64(b[8:])
	if t&looked != wanted {
		return x, false
	}
	t >>= 16
	t = t&0x7f | t>>1&(0x7f<<7) | t>>2&(0x7f<<14) | t>>3&(0x7f<<21) | t>>4&(0x7f<<28) | t>>5&(0x7f<<35)
	x.V = math.Float64frombits(binary.LittleEndian.Uint64(b[1:]))
	x.T = int64(t)
	return x, true
}

func decodeSampleV2(b []byte, i int, s *telemetry.Sample) *Error {
	for i < len(b) {
		at := i
		field, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		switch field {
		case 1:
			s.V, i, err = float(b, at, next, wire, "value")
		case 2:
			s.T, i, err = milliseconds(b, at, next, wire, "timestamp")
		case 3:
			s.ST, i, err = milliseconds(b, at, next, wire, "start timestamp")
		default:
			i, err = skip(b, at, next, wire)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func milliseconds(b []byte, tagAt, i, wire int, name string) (int64, int, *Error) {
	v, i, err := number(b, tagAt, i, wire, name)
	return int64(v), i, err
}

func (d *DecoderV2) exemplar(body []byte, start, end int, e *telemetry.Exemplar, left int) *Error {
	b := body[:end]
	var half []byte
	for i := start; i < end; {
		at := i
		if left--; left < 0 {
			return tooMany(at)
		}
		field, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		switch field {
		case 1:
			i, err = d.references(body, end, at, next, wire, &e.Labels, &half, &left)
		case 2:
			e.V, i, err = float(b, at, next, wire, "value")
		case 3:
			e.T, i, err = milliseconds(b, at, next, wire, "timestamp")
		default:
			i, err = skip(b, at, next, wire)
		}
		if err != nil {
			return err
		}
	}
	d.whole(start, half)
	return nil
}

// about is the metadata of a series as references.
type about struct {
	kind           uint64
	help, unit     uint32
	helpAt, unitAt int // where the references stand
}

// read reads one metadata message. A further one adds to what is there.
func (a *about) read(b []byte, i int) *Error {
	for i < len(b) {
		at := i
		field, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		var v uint64
		switch field {
		case 1:
			a.kind, i, err = number(b, at, next, wire, "type")
		case 3:
			v, i, err = number(b, at, next, wire, "help")
			a.help, a.helpAt = uint32(v), next
		case 4:
			v, i, err = number(b, at, next, wire, "unit")
			a.unit, a.unitAt = uint32(v), next
		default:
			i, err = skip(b, at, next, wire)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// describe resolves the metadata of a series. Those without any content, which
// encoders write for every series that has none, leave m as it is.
func (d *DecoderV2) describe(body []byte, a *about, m *telemetry.Metadata) {
	m.Help = d.symbol(body, a.helpAt, a.help, "help")
	m.Unit = d.symbol(body, a.unitAt, a.unit, "unit")
	m.Type = metricType(a.kind)
}

// decodeHistogramV2 does for 2.0 what decodeHistogram does for 1.0.
func decodeHistogramV2(msg []byte, at int, s *telemetry.Series) *Error {
	var p writev2.Histogram
	if err := p.Unmarshal(msg); err != nil {
		return badHistogram(at, len(msg), err)
	}
	h := telemetry.HistogramSample{T: p.Timestamp, ST: p.StartTimestamp}
	if p.IsFloatHistogram() {
		h.Float = p.ToFloatHistogram()
	} else {
		h.Int = p.ToIntHistogram()
	}
	s.Histograms = append(s.Histograms, h)
	return nil
}
