package otlp

import (
	"errors"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// noPoint is the point of samples that the export does not have, as target_info.
const noPoint = -1

// errTooMany is an error of ours: the converter appended what the checker did not
// expect, so samples could be taken for those of another point.
var errTooMany = errors.New("the converter made fewer or more samples of a point than it should")

// collector takes in what the converter appends and fills a batch, a row for each
// sample. It knows of each row to which data point it belongs.
type collector struct {
	batch  *telemetry.Batch
	owners []int // the data point of each row, or noPoint
	totals *totals

	all    []point // of the export
	points []point // of the resource that is converted
	first  int     // number of the first of them in the export
	at     int     // the one that is appended, from 1; 0 before the first
	left   int     // how many samples of it are still to come
	late   bool    // it is a delta that is not newer than what was added
	onLate func(ls labels.Labels, t int64)
	family string // whose metadata were noted last

	rows     map[rowKey]int // nil unless points crowd; see supersede
	repaired map[string]int // counts by kind
}

// begin makes the collector ready for the points of the next resource.
func (c *collector) begin(points []point) {
	c.first += len(c.points)
	c.points, c.at, c.left = points, 0, 0
}

// complete reports whether exactly the samples of the points came.
func (c *collector) complete() bool { return c.at == len(c.points) && c.left == 0 }

// Append implements storage.AppenderV2.
func (c *collector) Append(_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	if fh != nil {
		return 0, errTooMany // the converter makes integer histograms only
	}
	c.metadata(&o)
	if c.left == 0 {
		if c.at == len(c.points) { // all points are through: target_info
			c.row(ls, noPoint, &o)
			c.float(st, t, v)
			return 0, nil
		}
		c.left = c.points[c.at].appends
		c.at++
		c.late = false
	}
	c.left--
	p := &c.points[c.at-1]
	switch {
	case c.late:
	case p.delta:
		c.delta(ls, p, st, t, v, h, &o)
	case c.supersede(ls, st, t, v, h, &o):
	case h != nil:
		c.row(ls, c.first+c.at-1, &o)
		c.histogram(st, t, h)
	default:
		c.row(ls, c.first+c.at-1, &o)
		c.float(st, t, v)
	}
	return 0, nil
}

// delta adds a value to the total of its series and appends that.
func (c *collector) delta(ls labels.Labels, p *point, st, t int64, v float64, h *histogram.Histogram, o *storage.AOptions) {
	s, fresh := c.totals.open(ls, st, int64(p.time))
	if s == nil {
		c.late = true
		c.onLate(ls, t)
		return
	}
	// The total begins one millisecond into the first delta: at its very start there
	// may be a sample of an earlier total.
	if begin := st + 1; fresh && p.rising && st > 0 && begin < t {
		c.row(ls, noPoint, &storage.AOptions{})
		if h != nil {
			zero := &histogram.Histogram{Schema: h.Schema, ZeroThreshold: h.ZeroThreshold, CustomValues: h.CustomValues}
			c.histogram(0, begin, zero)
		} else {
			c.float(0, begin, 0)
		}
	}
	row := c.rowFor(ls, t, o, !fresh && s.last/int64(time.Millisecond) == t)
	var sample telemetry.HistogramSample
	if h == nil {
		v = c.totals.add(s, fresh, row, int64(p.time), v)
	} else {
		sample = telemetry.HistogramSample{T: t, ST: s.start, Float: c.totals.addHistogram(s, fresh, row, int64(p.time), h.ToFloat(nil))}
	}
	if row == noRow {
		return
	}
	series := &c.batch.Series[row]
	series.Samples, series.Histograms = series.Samples[:0], series.Histograms[:0]
	if h == nil {
		series.Samples = append(series.Samples, telemetry.Sample{T: t, V: v, ST: s.start})
	} else {
		series.Histograms = append(series.Histograms, sample)
	}
}

// row begins a series of the batch.
func (c *collector) row(ls labels.Labels, owner int, o *storage.AOptions) {
	s := c.batch.Next()
	s.Labels = ingest.AppendLabels(s.Labels, ls)
	s.Exemplars = appendExemplars(s.Exemplars, o)
	c.owners = append(c.owners, owner)
}

func (c *collector) last() *telemetry.Series { return &c.batch.Series[len(c.batch.Series)-1] }

func (c *collector) float(st, t int64, v float64) {
	s := c.last()
	s.Samples = append(s.Samples, telemetry.Sample{T: t, V: v, ST: st})
}

func (c *collector) histogram(st, t int64, h *histogram.Histogram) {
	if value.IsStaleNaN(h.Sum) {
		// Its buckets are not to be believed, and the store takes a marker as it is.
		h = &histogram.Histogram{Sum: h.Sum}
	}
	s := c.last()
	s.Histograms = append(s.Histograms, telemetry.HistogramSample{T: t, ST: st, Int: h})
}

func appendExemplars(to []telemetry.Exemplar, o *storage.AOptions) []telemetry.Exemplar {
	for i := range o.Exemplars {
		to = append(to, example(&o.Exemplars[i]))
	}
	return to
}

func example(e *exemplar.Exemplar) telemetry.Exemplar {
	out := telemetry.Exemplar{V: e.Value}
	if e.HasTs {
		out.T = e.Ts
	}
	out.Labels = ingest.AppendLabels(nil, e.Labels)
	return out
}

// metadata notes those of a metric once for all its samples, which follow each other.
func (c *collector) metadata(o *storage.AOptions) {
	if o.MetricFamilyName == c.family {
		return
	}
	c.family = o.MetricFamilyName
	c.batch.Metadata = append(c.batch.Metadata, telemetry.Metadata{
		Type: o.Metadata.Type, Family: ingest.Alias(o.MetricFamilyName), Help: ingest.Alias(o.Metadata.Help), Unit: ingest.Alias(o.Metadata.Unit),
	})
}

// Commit implements storage.AppenderV2; the batch is written by another.
func (c *collector) Commit() error { return nil }

// Rollback implements storage.AppenderV2.
func (c *collector) Rollback() error { return nil }
