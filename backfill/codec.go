package backfill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/telemetry"
)

// A stretch in the spool, all numbers as varints:
//
//	n labels, each: length, name, length, value
//	n floats, each: time less that of the one before; value in 8 bytes
//	n histograms, each: length, protobuf as in remote write

// encode appends a stretch to b.
func encode(b []byte, s Stretch) []byte {
	b = binary.AppendUvarint(b, uint64(s.Labels.Len()))
	s.Labels.Range(func(l labels.Label) {
		b = appendString(appendString(b, l.Name), l.Value)
	})
	b = binary.AppendUvarint(b, uint64(len(s.Floats)))
	before := int64(0)
	for _, p := range s.Floats {
		b = binary.AppendVarint(b, p.T-before)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.V))
		before = p.T
	}
	b = binary.AppendUvarint(b, uint64(len(s.Histograms)))
	for _, h := range s.Histograms {
		var p prompb.Histogram
		if h.Int != nil {
			p = prompb.FromIntHistogram(h.T, h.Int)
		} else {
			p = prompb.FromFloatHistogram(h.T, h.Float)
		}
		b = binary.AppendUvarint(b, uint64(p.Size()))
		at := len(b)
		b = slices.Grow(b, p.Size())[:at+p.Size()]
		if _, err := p.MarshalToSizedBuffer(b[at:]); err != nil {
			panic(fmt.Sprintf("histogram into %d bytes: %v", p.Size(), err)) // it gave that size itself
		}
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errCut = errors.New("the spool is cut off")

// decoder reads stretches. What it returns is good until the next call.
type decoder struct {
	b       []byte
	builder labels.ScratchBuilder
	out     Stretch
}

func newDecoder(b []byte) *decoder {
	return &decoder{b: b, builder: labels.NewScratchBuilder(16)}
}

// more says whether anything is left.
func (d *decoder) more() bool { return len(d.b) > 0 }

func (d *decoder) next() (Stretch, error) {
	d.out.Floats, d.out.Histograms = d.out.Floats[:0], d.out.Histograms[:0]
	if err := d.labels(); err != nil {
		return Stretch{}, err
	}
	if err := d.floats(); err != nil {
		return Stretch{}, err
	}
	if err := d.histograms(); err != nil {
		return Stretch{}, err
	}
	return d.out, nil
}

// count reads how many of at least size bytes each follow.
func (d *decoder) count(size int) (int, error) {
	n, used := binary.Uvarint(d.b)
	if used <= 0 || n > uint64(len(d.b)-used)/uint64(size) {
		return 0, errCut
	}
	d.b = d.b[used:]
	return int(n), nil
}

func (d *decoder) text() (string, error) {
	n, err := d.count(1)
	if err != nil {
		return "", err
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s, nil
}

func (d *decoder) time(before int64) (int64, error) {
	t, used := binary.Varint(d.b)
	if used <= 0 {
		return 0, errCut
	}
	d.b = d.b[used:]
	return before + t, nil
}

func (d *decoder) labels() error {
	n, err := d.count(2)
	if err != nil {
		return err
	}
	d.builder.Reset()
	for range n {
		name, err := d.text()
		if err != nil {
			return err
		}
		value, err := d.text()
		if err != nil {
			return err
		}
		d.builder.Add(name, value)
	}
	d.out.Labels = d.builder.Labels()
	return nil
}

func (d *decoder) floats() error {
	n, err := d.count(9)
	if err != nil {
		return err
	}
	t := int64(0)
	for range n {
		if t, err = d.time(t); err != nil {
			return err
		}
		if len(d.b) < 8 {
			return errCut
		}
		d.out.Floats = append(d.out.Floats, telemetry.Sample{T: t, V: math.Float64frombits(binary.LittleEndian.Uint64(d.b))})
		d.b = d.b[8:]
	}
	return nil
}

func (d *decoder) histograms() error {
	n, err := d.count(1)
	if err != nil {
		return err
	}
	for range n {
		body, err := d.text()
		if err != nil {
			return err
		}
		var p prompb.Histogram
		if err := p.Unmarshal([]byte(body)); err != nil {
			return fmt.Errorf("histogram in the spool: %w", err)
		}
		s := telemetry.HistogramSample{T: p.Timestamp}
		if p.IsFloatHistogram() {
			s.Float = p.ToFloatHistogram()
		} else {
			s.Int = p.ToIntHistogram()
		}
		d.out.Histograms = append(d.out.Histograms, s)
	}
	return nil
}
