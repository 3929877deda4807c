package telemetry

import (
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
)

// Pair is one label as it stood in the request body. Both slices alias the
// body and are valid only until the batch is reset.
type Pair struct {
	Name, Value []byte
}

// Sample is one float value at a time in milliseconds since the Unix epoch.
// V may be NaN (including Prometheus' staleness marker) or infinite; both are
// legal samples and are stored bit for bit. ST is when the counter began to
// count, in the same unit, 0 if the sender does not say.
type Sample struct {
	T  int64
	V  float64
	ST int64
}

// Observation is one stored float sample of a slot, which stands for its series to
// those who watch it. T and V are as in Sample.
type Observation struct {
	Slot uint64
	T    int64
	V    float64
}

// HistogramSample is one native histogram at a time in milliseconds since the
// Unix epoch. Exactly one of Int and Float is set. ST is as in Sample.
type HistogramSample struct {
	T     int64
	ST    int64
	Int   *histogram.Histogram
	Float *histogram.FloatHistogram
}

// Exemplar is one observation behind a sample, usually with the id of its trace.
// Labels are as sent and alias the body. T is in milliseconds since the Unix
// epoch, 0 if the sender does not say: then it is that of the series' last sample.
type Exemplar struct {
	Labels []Pair
	T      int64
	V      float64
}

// Metadata says what a metric is. Type is one of the constants of
// github.com/prometheus/common/model, empty or unknown if the sender does not
// say. Family is the metric's name without the suffixes of its series; it is
// empty where the metadata stand with a series, whose name then tells. Help and
// Unit may be empty. The slices alias the body.
type Metadata struct {
	Type               model.MetricType
	Family, Help, Unit []byte
}

// Series is one labelled run of samples inside a batch, in the order in which
// the sender wrote them, which need not be time order. Labels are as sent:
// unsorted, unchecked, aliasing the body; they are in Labels or packed in Wire.
// Thousands of series are gone through several times, so what nearly all need
// stands first.
type Series struct {
	Wire       []byte // all labels in wire form, if the decoder left them packed: Labels is empty until Unpack
	Samples    []Sample
	Key        [2]uint64 // by which the sink knows Wire; zero if it was not asked
	Place      uint32    // where it most likely has what it knows by Key; zero if nowhere
	Metadata   *Metadata // nil if the sender does not say; see Batch.Describe
	Histograms []HistogramSample
	Exemplars  []Exemplar // in the order of the body
	Labels     []Pair
}

// Batch is one write request in flat form. The zero value is ready for use.
// A Batch is owned by one goroutine; a Sink must not keep any part of it after
// Write returns, so that bodies and batches can be pooled.
type Batch struct {
	// Source is whom the batch is from, for the limits of one source: an address, a
	// header's value, a scrape job or a service. Empty is a source like any other.
	Source string
	Series []Series
	// Metadata are those that stand apart from series, each with its Family.
	Metadata  []Metadata
	described []Metadata // those of series
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.Truncate(0)
	b.Source = ""
	clear(b.Metadata)
	b.Metadata = b.Metadata[:0]
	clear(b.described)
	b.described = b.described[:0]
}

// Truncate takes out all series but the first n and keeps their memory.
func (b *Batch) Truncate(n int) {
	for i := n; i < len(b.Series); i++ {
		s := &b.Series[i]
		s.Labels, s.Wire, s.Key, s.Place = s.Labels[:0], nil, [2]uint64{}, 0
		s.Samples = s.Samples[:0]
		clear(s.Histograms)
		s.Histograms = s.Histograms[:0]
		clear(s.Exemplars)
		s.Exemplars = s.Exemplars[:0]
		s.Metadata = nil
	}
	b.Series = b.Series[:n]
}

// Next extends the batch by one series, reusing the memory of an earlier use,
// and returns it. The pointer is valid until the following call of Next.
func (b *Batch) Next() *Series {
	if len(b.Series) == cap(b.Series) {
		b.grow()
	}
	b.Series = b.Series[:len(b.Series)+1]
	return &b.Series[len(b.Series)-1]
}

// grow makes room for more series, each with room for one sample, which is what most
// have, beside those of its neighbours.
func (b *Batch) grow() {
	had := len(b.Series)
	b.Series = slices.Grow(b.Series, 1)[:had]
	fresh := b.Series[had:cap(b.Series)]
	samples := make([]Sample, len(fresh))
	for i := range fresh {
		fresh[i].Samples = samples[i : i : i+1]
	}
}

// Describe gives a series of the batch metadata to be filled in, which are empty and
// belong to the batch.
func (b *Batch) Describe(s *Series) *Metadata {
	b.described = append(b.described, Metadata{}) // older ones stay where they are when it grows
	s.Metadata = &b.described[len(b.described)-1]
	return s.Metadata
}

// Len returns the number of float and histogram samples in the batch.
func (b *Batch) Len() int {
	n := 0
	for i := range b.Series {
		n += len(b.Series[i].Samples) + len(b.Series[i].Histograms)
	}
	return n
}
