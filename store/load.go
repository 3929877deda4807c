package store

import (
	"context"
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Load hands the samples from from to to, both included and in milliseconds, of every
// series that the matchers select to take, a series at a time, oldest first; series
// without samples then are left out. Labels and slices are good until take returns,
// histograms for longer. It stops at the first error of take.
func Load(ctx context.Context, q storage.Querier, ms []*labels.Matcher, from, to int64, take func(labels.Labels, []telemetry.Sample, []telemetry.HistogramSample) error) error {
	set := q.Select(ctx, false, &storage.SelectHints{Start: from, End: to}, ms...)
	var it chunkenc.Iterator
	var floats []telemetry.Sample
	var histograms []telemetry.HistogramSample
	for set.Next() {
		series := set.At()
		floats, histograms = floats[:0], histograms[:0]
		it = series.Iterator(it)
		for vt := it.Seek(from); vt != chunkenc.ValNone; vt = it.Next() {
			t := it.AtT()
			if t > to {
				break
			}
			switch vt {
			case chunkenc.ValFloat:
				_, v := it.At()
				floats = append(floats, telemetry.Sample{T: t, V: v})
			case chunkenc.ValHistogram, chunkenc.ValFloatHistogram:
				_, h := it.AtFloatHistogram(nil)
				histograms = append(histograms, telemetry.HistogramSample{T: t, Float: h})
			}
		}
		if err := it.Err(); err != nil {
			return fmt.Errorf("read series %s: %w", series.Labels(), err)
		}
		if len(floats)+len(histograms) == 0 {
			continue
		}
		if err := take(series.Labels(), floats, histograms); err != nil {
			return err
		}
	}
	return set.Err()
}
