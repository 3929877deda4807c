package promapi

import (
	"iter"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/histogram"
	"google.golang.org/protobuf/proto"
)

type histogramSample = histogram.FloatHistogram

// families puts samples that are in order of their names together. A name that has samples
// of several types has several families, which Prometheus reads though formats do not allow
// it. A family is good until the next one.
func families(all []newest) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		for from := 0; from < len(all); {
			f := &dto.MetricFamily{Name: proto.String(all[from].name), Type: all[from].kind().Enum()}
			to := from
			for ; to < len(all) && all[to].name == all[from].name && all[to].kind() == f.GetType(); to++ {
				f.Metric = append(f.Metric, all[to].metric())
			}
			if !yield(f) {
				return
			}
			from = to
		}
	}
}

// kind is the type of the family that a sample belongs to.
func (x *newest) kind() dto.MetricType {
	switch {
	case x.h == nil:
		return dto.MetricType_UNTYPED
	case x.h.CounterResetHint == histogram.GaugeType:
		return dto.MetricType_GAUGE_HISTOGRAM
	}
	return dto.MetricType_HISTOGRAM
}

// nativeOf is a histogram with exponential buckets as protobuf has it.
func nativeOf(h *histogramSample) *dto.Histogram {
	return &dto.Histogram{
		SampleCountFloat: proto.Float64(h.Count), SampleSum: proto.Float64(h.Sum), Schema: proto.Int32(h.Schema),
		ZeroThreshold: proto.Float64(h.ZeroThreshold), ZeroCountFloat: proto.Float64(h.ZeroCount),
		NegativeCount: h.NegativeBuckets, PositiveCount: h.PositiveBuckets,
		NegativeSpan: spansOf(h.NegativeSpans), PositiveSpan: spansOf(h.PositiveSpans),
	}
}

func spansOf(all []histogram.Span) []*dto.BucketSpan {
	var out []*dto.BucketSpan
	for _, s := range all {
		out = append(out, &dto.BucketSpan{Offset: proto.Int32(s.Offset), Length: proto.Uint32(s.Length)})
	}
	return out
}

// classicOf is a histogram with custom buckets as one of classic buckets, which all formats
// have. That of +Inf is left to the encoder.
func classicOf(h *histogramSample) *dto.Histogram {
	out := &dto.Histogram{SampleCountFloat: proto.Float64(h.Count), SampleSum: proto.Float64(h.Sum)}
	sum, it := 0.0, h.PositiveBucketIterator()
	more := it.Next()
	for i, le := range h.CustomValues {
		for more && int(it.At().Index) <= i {
			sum += it.At().Count
			more = it.Next()
		}
		out.Bucket = append(out.Bucket, &dto.Bucket{UpperBound: proto.Float64(le), CumulativeCountFloat: proto.Float64(sum)})
	}
	return out
}
