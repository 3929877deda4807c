package remotewrite

import (
	"fmt"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/telemetry"
)

// The parts of a 1.0 request that are rare beside labels and samples.

func decodeExemplar(b []byte, i int, e *telemetry.Exemplar, left int) *Error {
	for i < len(b) {
		if left--; left < 0 {
			return tooMany(i)
		}
		if p, next, ok := telemetry.PlainLabel(b, i); ok {
			e.Labels = append(e.Labels, p)
			i = next
			continue
		}
		at := i
		field, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		switch field {
		case 1:
			if err := want(at, "label", wire, wireBytes); err != nil {
				return err
			}
			start, end, err := span(b, next, "label")
			if err != nil {
				return err
			}
			e.Labels = append(e.Labels, telemetry.Pair{})
			if err := decodeLabel(b[:end], start, &e.Labels[len(e.Labels)-1]); err != nil {
				return err.in("label", len(e.Labels)-1)
			}
			i = end
		case 2:
			if e.V, i, err = float(b, at, next, wire, "value"); err != nil {
				return err
			}
		case 3:
			v, end, err := number(b, at, next, wire, "timestamp")
			if err != nil {
				return err
			}
			e.T = int64(v)
			i = end
		default:
			if i, err = skip(b, at, next, wire); err != nil {
				return err
			}
		}
	}
	return nil
}

func decodeMetadata(b []byte, i int, m *telemetry.Metadata) *Error {
	for i < len(b) {
		at := i
		field, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		switch field {
		case 1:
			v, end, err := number(b, at, next, wire, "type")
			if err != nil {
				return err
			}
			m.Type = metricType(v)
			i = end
		case 2:
			m.Family, i, err = text(b, at, next, wire, "metric family name")
		case 4:
			m.Help, i, err = text(b, at, next, wire, "help")
		case 5:
			m.Unit, i, err = text(b, at, next, wire, "unit")
		default:
			i, err = skip(b, at, next, wire)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// metricTypes are the types of metrics by their number, which is the same in
// both messages. A number without a type is one that the sender does not know.
var metricTypes = [...]model.MetricType{
	1: model.MetricTypeCounter,
	2: model.MetricTypeGauge,
	3: model.MetricTypeHistogram,
	4: model.MetricTypeGaugeHistogram,
	5: model.MetricTypeSummary,
	6: model.MetricTypeInfo,
	7: model.MetricTypeStateset,
}

// metricType returns the type of a number, unknown for one that has none. As in
// Prometheus' generated code only its lower 32 bits count.
func metricType(v uint64) model.MetricType {
	if n := uint32(v); n > 0 && int(n) < len(metricTypes) {
		return metricTypes[n]
	}
	return model.MetricTypeUnknown
}

// decodeHistogram reads one native histogram with Prometheus' generated code,
// which copies; at is the position of msg in the body.
func decodeHistogram(msg []byte, at int, s *telemetry.Series) *Error {
	var p prompb.Histogram
	if err := p.Unmarshal(msg); err != nil {
		return badHistogram(at, len(msg), err)
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

func badHistogram(at, size int, err error) *Error {
	return &Error{Offset: at, Msg: fmt.Sprintf("want a histogram in the %d bytes from here, got %s", size, err)}
}
