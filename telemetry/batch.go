package telemetry

import (
	"github.com/prometheus/prometheus/model/histogram"
)

// Pair is one label as it stood in the request body. Both slices alias the
// body and are valid only until the batch is reset.
type Pair struct {
	Name, Value []byte
}

// Sample is one float value at a time in milliseconds since the Unix epoch.
// V may be NaN (including Prometheus' staleness marker) or infinite; both are
// legal samples and are stored bit for bit.
type Sample struct {
	T int64
	V float64
}

// HistogramSample is one native histogram at a time in milliseconds since the
// Unix epoch. Exactly one of Int and Float is set.
type HistogramSample struct {
	T     int64
	Int   *histogram.Histogram
	Float *histogram.FloatHistogram
}

// Series is one labelled run of samples inside a batch, in the order in which
// the sender wrote them, which need not be time order. Labels are as sent:
// unsorted, unchecked, aliasing the body.
type Series struct {
	Labels     []Pair
	Samples    []Sample
	Histograms []HistogramSample
}

// Batch is one write request in flat form. The zero value is ready for use.
// A Batch is owned by one goroutine; a Sink must not keep any part of it after
// Write returns, so that bodies and batches can be pooled.
type Batch struct {
	Series []Series
	// Exemplars and Metadata count entries that the body carried and that
	// this version does not keep, so that the receiver can report them.
	Exemplars, Metadata int
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	for i := range b.Series {
		s := &b.Series[i]
		s.Labels = s.Labels[:0]
		s.Samples = s.Samples[:0]
		clear(s.Histograms)
		s.Histograms = s.Histograms[:0]
	}
	b.Series = b.Series[:0]
	b.Exemplars, b.Metadata = 0, 0
}

// Next extends the batch by one series, reusing the memory of an earlier use,
// and returns it. The pointer is valid until the following call of Next.
func (b *Batch) Next() *Series {
	if len(b.Series) < cap(b.Series) {
		b.Series = b.Series[:len(b.Series)+1]
	} else {
		b.Series = append(b.Series, Series{})
	}
	return &b.Series[len(b.Series)-1]
}

// Len returns the number of float and histogram samples in the batch.
func (b *Batch) Len() int {
	n := 0
	for i := range b.Series {
		n += len(b.Series[i].Samples) + len(b.Series[i].Histograms)
	}
	return n
}
