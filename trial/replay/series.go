package replay

import (
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/tocsinhq/tocsin/telemetry"
)

// series is samples of one series in order of time. What is before its end is
// never altered, so that a part of it can be read while it grows.
type series struct {
	labels  labels.Labels
	samples samples
}

// add appends samples in order of time and returns how many; what is not after the
// last one is a repetition of it.
func (s *series) add(floats []telemetry.Sample, histograms []telemetry.HistogramSample) int {
	was := len(s.samples)
	for len(floats)+len(histograms) > 0 {
		if len(histograms) == 0 || len(floats) > 0 && floats[0].T <= histograms[0].T {
			s.put(sample{t: floats[0].T, v: floats[0].V})
			floats = floats[1:]
			continue
		}
		h := histograms[0].Float
		if h == nil {
			h = histograms[0].Int.ToFloat(nil)
		}
		s.put(sample{t: histograms[0].T, h: h})
		histograms = histograms[1:]
	}
	return len(s.samples) - was
}

func (s *series) put(x sample) {
	if n := len(s.samples); n == 0 || x.t > s.samples[n-1].t {
		s.samples = append(s.samples, x)
	}
}

// dropBefore lets go of samples before a time and returns how many.
func (s *series) dropBefore(t int64) int {
	n := s.samples.find(t)
	s.samples = s.samples[n:]
	return n
}

// between returns the part from one time to another, both included; nil when there
// is none.
func (s *series) between(mint, maxt int64) *series {
	i, j := s.samples.find(mint), s.samples.find(maxt+1)
	if i >= j {
		return nil
	}
	return &series{labels: s.labels, samples: s.samples[i:j:j]}
}

// Labels returns the labels.
func (s *series) Labels() labels.Labels { return s.labels }

// Iterator goes over the samples.
func (s *series) Iterator(chunkenc.Iterator) chunkenc.Iterator {
	return storage.NewListSeriesIterator(s.samples)
}

// samples are in order of time, each once.
type samples []sample

// find returns the place of the first sample not before a time.
func (s samples) find(t int64) int {
	return sort.Search(len(s), func(i int) bool { return s[i].t >= t })
}

// Len and Get make them what Prometheus' own iterator of lists walks over.
func (s samples) Len() int { return len(s) }

// Get returns a sample, which must not be altered.
func (s samples) Get(i int) chunks.Sample { return &s[i] }

// sample is a float, or a histogram if h is not nil, in the form of lists. Its
// methods are on the pointer, so that reading one allocates nothing.
type sample struct {
	t int64
	v float64
	h *histogram.FloatHistogram
}

func (s *sample) T() int64                      { return s.t }
func (s *sample) ST() int64                     { return 0 }
func (s *sample) F() float64                    { return s.v }
func (s *sample) H() *histogram.Histogram       { return nil }
func (s *sample) FH() *histogram.FloatHistogram { return s.h }
func (s *sample) Copy() chunks.Sample           { return s }
func (s *sample) Type() chunkenc.ValueType {
	if s.h != nil {
		return chunkenc.ValFloatHistogram
	}
	return chunkenc.ValFloat
}

// seriesSet goes over series in order of labels.
type seriesSet struct {
	list []*series
	at   int
}

// Next moves to the next series.
func (s *seriesSet) Next() bool {
	s.at++
	return s.at < len(s.list)
}

// At returns the series.
func (s *seriesSet) At() storage.Series { return s.list[s.at] }

// Err returns nil: what is in memory can be read.
func (s *seriesSet) Err() error { return nil }

// Warnings returns nil.
func (s *seriesSet) Warnings() annotations.Annotations { return nil }
