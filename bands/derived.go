package bands

import (
	"context"
	"errors"
	"slices"
	"strings"

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

// derivation says from which histograms a selected series may be derived.
type derivation struct {
	classic, native []string // names of stored series
	rest            []*labels.Matcher
}

// derivedFrom returns that of a selector, false when it names no metric: to look
// for histograms under all names would be to read everything.
func derivedFrom(ms []*labels.Matcher) (d derivation, ok bool) {
	var name string
	quantile := false
	for _, m := range ms {
		switch {
		case m.Name == labels.MetricName && m.Type == labels.MatchEqual:
			name = m.Value
		case m.Name == labels.MetricName:
			return d, false
		case m.Name == quantileLabel:
			quantile = true
		default:
			d.rest = append(d.rest, m)
		}
	}
	if quantile {
		d.classic, d.native = []string{name + bucketSuffix}, []string{name}
	} else if base, is := strings.CutSuffix(name, countSuffix); is {
		d.native = []string{base}
	}
	return d, name != "" && len(d.native) > 0
}

// matchers are those of the histograms that are stored under a name.
func (d derivation) matchers(name string) []*labels.Matcher {
	return append(slices.Clip(d.rest), labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name))
}

func matches(l labels.Labels, ms []*labels.Matcher) bool {
	return !slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return !m.Matches(l.Get(m.Name)) })
}

// eachClassic puts the buckets of each classic histogram together. Those of one
// need not follow each other in a set that is sorted by labels.
func eachClassic(ctx context.Context, set storage.SeriesSet, b *bounds, do func(Source) error) error {
	found := map[string]*Source{}
	var order []string
	var it chunkenc.Iterator
	for set.Next() {
		l := set.At().Labels()
		own, ok := detector.HistogramOf(l)
		if !ok {
			continue
		}
		var one Source
		it = set.At().Iterator(it)
		if err := one.readFloats(ctx, it, b); err != nil {
			return err
		}
		key := own.String()
		if found[key] == nil {
			found[key] = &Source{own: own}
			order = append(order, key)
		}
		found[key].buckets = append(found[key].buckets, detector.BucketSamples{Labels: l, Samples: one.samples})
	}
	if err := set.Err(); err != nil {
		return err
	}
	for _, key := range order {
		if err := do(*found[key]); err != nil {
			return err
		}
	}
	return nil
}

// eachNative reads native histograms one after the other.
func eachNative(ctx context.Context, set storage.SeriesSet, b *bounds, do func(Source) error) error {
	var it chunkenc.Iterator
	for set.Next() {
		h := Source{own: set.At().Labels()}
		it = set.At().Iterator(it)
		for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
			if vt != chunkenc.ValHistogram && vt != chunkenc.ValFloatHistogram {
				continue
			}
			t, x := it.AtFloatHistogram(nil)
			h.native = append(h.native, telemetry.HistogramSample{T: t, Float: x})
			if err := b.addSamples(nativeCost); err != nil {
				return err
			}
		}
		if err := errors.Join(it.Err(), ctx.Err()); err != nil {
			return err
		}
		if h.native == nil {
			continue
		}
		if err := do(h); err != nil {
			return err
		}
	}
	return set.Err()
}
