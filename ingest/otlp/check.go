package otlp

import (
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Reasons for which points are refused here, beside those of telemetry.
const (
	reasonTemporality = "bad_temporality"
	reasonValue       = "bad_value"
	reasonMetric      = "unknown_metric_type"
	reasonConversion  = "not_convertible"
	reasonGauge       = "of_a_gauge" // an exemplar, not a point
)

// point is what the collector must know of a data point that is left after the
// check: how many samples the converter will append for it.
type point struct {
	appends int
	delta   bool // its values are added to the total of their series
	rising  bool // the total can only grow: a counter or histogram
	time    pcommon.Timestamp
}

// checker goes through one export before it is converted, takes out what cannot be
// stored, repairs what can be repaired, and lists the points that are left of each
// resource in the order in which the converter comes to them.
type checker struct {
	now      pcommon.Timestamp
	config   *Config
	limits   Limits
	metric   otlptranslator.MetricNamer
	label    otlptranslator.LabelNamer
	labels   map[string]bool // names of attributes seen, and whether they can be labels
	report   *report
	points   []point
	earliest pcommon.Timestamp // of the points of the resource
	latest   pcommon.Timestamp
	delta    bool                        // some point of the export has delta temporality
	crowded  bool                        // some points are of different times within a millisecond
	times    map[int64]pcommon.Timestamp // seen, by their millisecond
	last     pcommon.Timestamp           // of them, the latest seen
}

// resource checks everything of one resource and returns how many points are left.
// They are the last so many of c.points.
func (c *checker) resource(rm pmetric.ResourceMetrics) int {
	before := len(c.points)
	c.earliest, c.latest = math.MaxUint64, 0
	for _, sm := range rm.ScopeMetrics().All() {
		c.attributes(sm.Scope().Attributes())
		sm.Metrics().RemoveIf(func(m pmetric.Metric) bool { return !c.one(m) })
	}
	if left := len(c.points) - before; left > 0 {
		c.identify(rm.Resource().Attributes())
		return left
	}
	return 0
}

// one checks a metric and its points and reports whether anything is left of it.
func (c *checker) one(m pmetric.Metric) bool {
	if m.Type() == pmetric.MetricTypeEmpty {
		c.report.warn(fmt.Sprintf("metric %s: want a gauge, sum, histogram, exponential histogram or summary, got none of them", quoted(m.Name())))
		return false
	}
	if count := size(m); count == 0 {
		c.report.warn(fmt.Sprintf("metric %s has no data points", quoted(m.Name())))
		return false
	}
	if reason, text := c.wrong(m); reason != "" {
		c.report.drop(reason, examples(m))
		c.report.reject(size(m), reason, fmt.Sprintf("metric %s: %s", quoted(m.Name()), text))
		return false
	}
	p := &pass{checker: c, metric: m}
	p.delta, p.rising = c.temporality(m)
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		m.Gauge().DataPoints().RemoveIf(p.number)
	case pmetric.MetricTypeSum:
		m.Sum().DataPoints().RemoveIf(p.number)
	case pmetric.MetricTypeHistogram:
		m.Histogram().DataPoints().RemoveIf(p.histogram)
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().DataPoints().RemoveIf(p.exponential)
	case pmetric.MetricTypeSummary:
		m.Summary().DataPoints().RemoveIf(p.summary)
	}
	return size(m) > 0
}

// wrong says what makes all points of a metric unusable, if anything.
func (c *checker) wrong(m pmetric.Metric) (reason, text string) {
	if strings.TrimSpace(m.Name()) == "" {
		return "missing_metric_name", "want a name, got none"
	}
	if _, err := c.metric.Build(prometheusremotewrite.TranslatorMetricFromOtelMetric(m)); err != nil {
		return "missing_metric_name", fmt.Sprintf("its name cannot be translated: %s", err)
	}
	switch t := temporality(m); t {
	case pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta:
		return "", ""
	default:
		return reasonTemporality, fmt.Sprintf("want cumulative or delta temporality, got %s", t)
	}
}

// temporality returns whether values of m are deltas and whether their total can
// only grow. Deltas are declared cumulative, which they are once the collector has
// added them up.
func (c *checker) temporality(m pmetric.Metric) (delta, rising bool) {
	delta = temporality(m) == pmetric.AggregationTemporalityDelta
	rising = true
	switch m.Type() {
	case pmetric.MetricTypeSum:
		m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		rising = m.Sum().IsMonotonic()
	case pmetric.MetricTypeHistogram:
		m.Histogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	}
	c.delta = c.delta || delta
	return delta, rising
}

// temporality returns that of a metric; gauges and summaries count as cumulative.
func temporality(m pmetric.Metric) pmetric.AggregationTemporality {
	switch m.Type() {
	case pmetric.MetricTypeSum:
		return m.Sum().AggregationTemporality()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().AggregationTemporality()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().AggregationTemporality()
	default:
		return pmetric.AggregationTemporalityCumulative
	}
}

// examples returns the number of exemplars of a metric.
func examples(m pmetric.Metric) (n int) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		n = examplesOf(m.Gauge().DataPoints().All())
	case pmetric.MetricTypeSum:
		n = examplesOf(m.Sum().DataPoints().All())
	case pmetric.MetricTypeHistogram:
		n = examplesOf(m.Histogram().DataPoints().All())
	case pmetric.MetricTypeExponentialHistogram:
		n = examplesOf(m.ExponentialHistogram().DataPoints().All())
	}
	return n
}

func examplesOf[P interface{ Exemplars() pmetric.ExemplarSlice }](points iter.Seq2[int, P]) (n int) {
	for _, p := range points {
		n += p.Exemplars().Len()
	}
	return n
}

// size returns the number of points of a metric.
func size(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	default:
		return 0
	}
}

// timed is what all kinds of points have.
type timed interface {
	Timestamp() pcommon.Timestamp
	SetTimestamp(pcommon.Timestamp)
	StartTimestamp() pcommon.Timestamp
	SetStartTimestamp(pcommon.Timestamp)
	Attributes() pcommon.Map
}

// repairTimes gives a point without a time that of its arrival and says what is wrong
// with it otherwise.
func (c *checker) repairTimes(p timed) (text string) {
	if p.Timestamp() == 0 {
		p.SetTimestamp(c.now)
		c.report.repaired["no_timestamp"]++
	}
	if p.Timestamp() > math.MaxInt64 {
		return fmt.Sprintf("want a time before %s, got %d ns", time.Unix(0, math.MaxInt64).UTC().Format(time.DateOnly), uint64(p.Timestamp()))
	}
	if p.StartTimestamp() > p.Timestamp() {
		p.SetStartTimestamp(0)
		c.report.repaired["start_after_end"]++
	}
	return ""
}

// keep notes a point that stays.
func (c *checker) keep(p timed, kept point) {
	c.attributes(p.Attributes())
	c.earliest = min(c.earliest, p.Timestamp())
	c.latest = max(c.latest, p.Timestamp())
	kept.time = p.Timestamp()
	c.points = append(c.points, kept)
	if kept.time == c.last { // as of most exports
		return
	}
	c.last = kept.time
	ms := int64(kept.time) / int64(time.Millisecond)
	if seen, ok := c.times[ms]; ok && seen != kept.time {
		c.crowded = true
	}
	c.times[ms] = kept.time
}

// quoted shows a name that may be long or not text.
func quoted(s string) string {
	const most = 100
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
