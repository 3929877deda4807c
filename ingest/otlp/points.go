package otlp

import (
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/histogram"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tocsinhq/tocsin/telemetry"
)

// pass is the way through the points of one metric. Its methods report whether a
// point must go, as RemoveIf wants it.
type pass struct {
	*checker
	metric        pmetric.Metric
	delta, rising bool
	at            int // how many points were met
	examples      int // exemplars of the point at hand
}

// judge refuses a point if anything is wrong with it.
func (p *pass) judge(pt timed, flags pmetric.DataPointFlags, reason, text string, appends int) (remove bool) {
	p.at++
	if t := p.repairTimes(pt); t != "" {
		reason, text = telemetry.ReasonBadTime, t
	}
	if text != "" {
		p.report.drop(reason, p.examples)
		p.report.reject(1, reason, fmt.Sprintf("metric %s point %d: %s", quoted(p.metric.Name()), p.at, text))
		return true
	}
	p.keep(pt, point{appends: appends, delta: p.delta && !flags.NoRecordedValue(), rising: p.rising})
	return false
}

func (p *pass) number(pt pmetric.NumberDataPoint) bool {
	text := ""
	if !pt.Flags().NoRecordedValue() {
		switch pt.ValueType() {
		case pmetric.NumberDataPointValueTypeEmpty:
			text = "want a value, got none"
		case pmetric.NumberDataPointValueTypeDouble:
			text = p.addend(pt.DoubleValue())
		case pmetric.NumberDataPointValueTypeInt:
			text = p.addend(float64(pt.IntValue()))
		}
	}
	p.exemplars(pt.Exemplars())
	if p.judge(pt, pt.Flags(), reasonValue, text, 1) {
		return true
	}
	if p.metric.Type() == pmetric.MetricTypeGauge {
		p.report.drop(reasonGauge, p.examples) // the converter leaves them out
	}
	return false
}

// addend says what is wrong with a value that is to be added to a total.
func (p *pass) addend(v float64) string {
	switch {
	case !p.delta:
		return ""
	case math.IsNaN(v) || math.IsInf(v, 0):
		return fmt.Sprintf("want a finite delta, got %v", v)
	case p.rising && v < 0:
		return fmt.Sprintf("want a delta of at least 0 for a monotonic sum, got %v", v)
	}
	return ""
}

// explicit is what the two kinds of histogram share.
func (p *pass) sum(has bool, sum float64) string {
	if has && p.delta && (math.IsNaN(sum) || math.IsInf(sum, 0)) {
		return fmt.Sprintf("want a finite sum, got %v", sum)
	}
	return ""
}

func (p *pass) histogram(pt pmetric.HistogramDataPoint) bool {
	text, appends := "", 1
	counts, bounds := pt.BucketCounts(), pt.ExplicitBounds()
	infinite := 0 // bounds of which no series is made, since there is one anyway
	switch {
	case counts.Len() > maxCounts:
		text = fmt.Sprintf("want at most %d buckets, got %d", maxCounts, counts.Len())
	case counts.Len() == 0 && bounds.Len() == 0:
	case counts.Len() != bounds.Len()+1:
		text = fmt.Sprintf("want one bucket count more than bounds, got %d counts and %d bounds", counts.Len(), bounds.Len())
	default:
		last := math.Inf(-1)
		for i, b := range bounds.All() {
			if !(b > last) {
				text = fmt.Sprintf("want bounds that rise, got bound %d of %v after %v", i+1, b, last)
				break
			}
			if last = b; math.IsInf(b, 1) {
				infinite++
			}
		}
	}
	if text == "" && !pt.Flags().NoRecordedValue() {
		sum := totalOf(counts)
		if sum.over(pt.Count()) {
			text = fmt.Sprintf("want a count of at least the sum of its buckets, got %d and %s", pt.Count(), sum)
		} else {
			text = p.sum(pt.HasSum(), pt.Sum())
		}
	}
	if !p.config.ConvertHistogramsToNHCB {
		// A series for the count, each bound, +Inf, and the sum.
		appends = 2 + bounds.Len() - infinite
		if pt.HasSum() {
			appends++
		}
	}
	p.exemplars(pt.Exemplars())
	return p.judge(pt, pt.Flags(), telemetry.ReasonBadHistogram, text, appends)
}

// maxCounts bounds the buckets of a point; SDKs have 160 by default.
const maxCounts = 4096

// maxScale is the finest resolution that the protocol names.
const maxScale = 20

func (p *pass) exponential(pt pmetric.ExponentialHistogramDataPoint) bool {
	text := ""
	switch {
	case pt.Scale() < histogram.ExponentialSchemaMin || pt.Scale() > maxScale:
		text = fmt.Sprintf("want a scale from %d to %d, got %d", histogram.ExponentialSchemaMin, maxScale, pt.Scale())
	case pt.Positive().BucketCounts().Len()+pt.Negative().BucketCounts().Len() > maxCounts:
		text = fmt.Sprintf("want at most %d buckets, got %d", maxCounts, pt.Positive().BucketCounts().Len()+pt.Negative().BucketCounts().Len())
	case beyond(pt.Scale(), pt.Positive()):
		text = fmt.Sprintf("positive buckets of scale %d from offset %d on lie beyond what a float64 can hold", pt.Scale(), pt.Positive().Offset())
	case beyond(pt.Scale(), pt.Negative()):
		text = fmt.Sprintf("negative buckets of scale %d from offset %d on lie beyond what a float64 can hold", pt.Scale(), pt.Negative().Offset())
	case !pt.Flags().NoRecordedValue():
		sum := totalOf(pt.Positive().BucketCounts())
		sum.add(totalOf(pt.Negative().BucketCounts()))
		sum.add(total{n: pt.ZeroCount()})
		if sum.over(pt.Count()) {
			text = fmt.Sprintf("want a count of at least the sum of its buckets, got %d and %s", pt.Count(), sum)
		} else {
			text = p.sum(pt.HasSum(), pt.Sum())
		}
	}
	p.exemplars(pt.Exemplars())
	return p.judge(pt, pt.Flags(), telemetry.ReasonBadHistogram, text, 1)
}

// beyond reports whether buckets hold values outside of what a float64 can hold,
// of which the exponents of 2 go from -1074 to 1024.
func beyond(scale int32, b pmetric.ExponentialHistogramDataPointBuckets) bool {
	if b.BucketCounts().Len() == 0 {
		return false
	}
	first, last := float64(b.Offset()), float64(b.Offset())+float64(b.BucketCounts().Len())
	return math.Ldexp(first, -int(scale)) < -1100 || math.Ldexp(last, -int(scale)) > 1100
}

func (p *pass) summary(pt pmetric.SummaryDataPoint) bool {
	text := ""
	for _, q := range pt.QuantileValues().All() {
		if v := q.Quantile(); !(v >= 0 && v <= 1) {
			text = fmt.Sprintf("want quantiles from 0 to 1, got %v", v)
		}
	}
	return p.judge(pt, pt.Flags(), reasonValue, text, 2+pt.QuantileValues().Len())
}

// exemplars takes out those without a value, of which the converter would make an
// error.
func (p *pass) exemplars(es pmetric.ExemplarSlice) {
	es.RemoveIf(func(e pmetric.Exemplar) bool {
		if e.ValueType() == pmetric.ExemplarValueTypeEmpty {
			p.report.repaired["exemplar_without_value"]++
			return true
		}
		p.attributes(e.FilteredAttributes())
		return false
	})
	p.examples = es.Len()
}

// total is a sum of counts that may be more than fits.
type total struct {
	n        uint64
	overflow bool
}

func totalOf(counts pcommon.UInt64Slice) (t total) {
	for _, c := range counts.All() {
		t.add(total{n: c})
	}
	return t
}

func (t *total) add(o total) {
	t.overflow = t.overflow || o.overflow || t.n+o.n < t.n
	t.n += o.n
}

// over reports whether the sum is more than a count says, or than a sample of a
// histogram can hold.
func (t total) over(count uint64) bool { return t.overflow || t.n > count || t.n > math.MaxInt64 }

func (t total) String() string {
	if t.overflow {
		return "more than 2^64"
	}
	return fmt.Sprint(t.n)
}
