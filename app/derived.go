package app

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Names and labels of the series that the detector derives from a histogram.
const (
	quantileLabel = "quantile"
	bucketSuffix  = "_bucket"
	countSuffix   = "_count"
)

// derived is the history of a series that is not stored: the detector derives
// it from a histogram that is.
type derived struct {
	labels  labels.Labels
	own     labels.Labels // of the native histogram
	buckets []detector.BucketSamples
	native  []telemetry.HistogramSample
}

// replay hands the verdicts on the series, of a service that owes this share, to
// emit.
func (d derived) replay(c detector.Config, share float64, emit func(detector.Verdict)) {
	if d.buckets != nil {
		detector.ReplayBuckets(c, share, d.labels, d.buckets, emit)
		return
	}
	var all iter.Seq[telemetry.HistogramSample] = func(yield func(telemetry.HistogramSample) bool) {
		for _, s := range d.native {
			if !yield(s) {
				return
			}
		}
	}
	detector.ReplayHistogram(c, share, d.labels, detector.HistogramSamples{Labels: d.own, Samples: all}, emit)
}

// derivedSeries finds the histogram from which the one series that the matchers
// select is derived: a quantile of a classic or native histogram, or the count
// of a native one. More than one such series, or none, is an error.
func (c *Core) derivedSeries(ctx context.Context, ms []*labels.Matcher, from, to time.Time) (derived, error) {
	var name, quantile string
	var rest []*labels.Matcher
	for _, m := range ms {
		switch {
		case m.Name == labels.MetricName && m.Type == labels.MatchEqual:
			name = m.Value
		case m.Name == quantileLabel && m.Type == labels.MatchEqual:
			quantile = m.Value
		default:
			rest = append(rest, m)
		}
	}
	base, isCount := strings.CutSuffix(name, countSuffix)
	switch {
	case name == "", quantile == "" && !isCount, quantile != "" && !detector.IsQuantile(quantile):
		return derived{}, errNoSeries
	case quantile != "":
		base = name
	}
	q, err := c.tsdb.Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return derived{}, err
	}
	defer q.Close()
	named := func(name string) []*labels.Matcher {
		return append([]*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name)}, rest...)
	}
	hints := &storage.SelectHints{Start: from.UnixMilli(), End: to.UnixMilli()}
	if quantile != "" {
		d, err := readBuckets(q.Select(ctx, true, hints, named(base+bucketSuffix)...))
		if err != nil || d.buckets != nil {
			d.labels = labels.NewBuilder(d.own).Set(quantileLabel, quantile).Labels()
			return d, err
		}
	}
	d, err := readNative(q.Select(ctx, true, hints, named(base)...))
	if err != nil {
		return d, err
	}
	build := labels.NewBuilder(d.own).Set(labels.MetricName, name)
	if quantile != "" {
		build.Set(quantileLabel, quantile)
	}
	d.labels = build.Labels()
	return d, nil
}

// readBuckets reads the buckets of one classic histogram; none is no error.
func readBuckets(set storage.SeriesSet) (derived, error) {
	var d derived
	n := 0
	var it chunkenc.Iterator
	for set.Next() {
		s := set.At()
		own, ok := detector.HistogramOf(s.Labels())
		if !ok {
			continue
		}
		if d.buckets != nil && !labels.Equal(own, d.own) {
			return d, fmt.Errorf("%w, quantiles of %s and %s among them", errManySeries, d.own, own)
		}
		d.own = own
		bucket := detector.BucketSamples{Labels: s.Labels()}
		it = s.Iterator(it)
		for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
			if vt != chunkenc.ValFloat {
				continue
			}
			t, v := it.At()
			if bucket.Samples = append(bucket.Samples, telemetry.Sample{T: t, V: v}); n+len(bucket.Samples) > maxBandSamples {
				return d, tooLong(own, n)
			}
		}
		if err := it.Err(); err != nil {
			return d, err
		}
		n += len(bucket.Samples)
		d.buckets = append(d.buckets, bucket)
	}
	return d, set.Err()
}

// maxBandHistograms bounds the native histograms that one drawing may replay:
// each is as large as some hundred samples.
const maxBandHistograms = maxBandSamples / 100

// readNative reads one native histogram, of which there must be one.
func readNative(set storage.SeriesSet) (derived, error) {
	var d derived
	var it chunkenc.Iterator
	for set.Next() {
		s := set.At()
		one := len(d.native)
		it = s.Iterator(it)
		for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
			if vt != chunkenc.ValHistogram && vt != chunkenc.ValFloatHistogram {
				continue
			}
			t, h := it.AtFloatHistogram(nil)
			if d.native = append(d.native, telemetry.HistogramSample{T: t, Float: h}); len(d.native) > maxBandHistograms {
				return d, tooLong(s.Labels(), maxBandHistograms)
			}
		}
		if err := it.Err(); err != nil {
			return d, err
		}
		switch {
		case len(d.native) == one:
			continue
		case one > 0:
			return d, fmt.Errorf("%w, %s and %s among them", errManySeries, d.own, s.Labels())
		}
		d.own = s.Labels()
	}
	if err := set.Err(); err != nil {
		return d, err
	}
	if len(d.native) == 0 {
		return d, errNoSeries
	}
	return d, nil
}

func tooLong(l labels.Labels, most int) error {
	return fmt.Errorf("histogram %s has more than %d samples in the range; ask for a shorter one", l, most)
}
