package bands

import (
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/tocsinhq/tocsin/telemetry"
)

// series is one part of a band as PromQL reads it.
type series struct {
	labels labels.Labels
	column column
}

func newSeries(l labels.Labels, part string, c column) storage.Series {
	return &series{labels: labels.NewBuilder(l).Set(telemetry.BandLabel, part).Labels(), column: c}
}

func (s *series) Labels() labels.Labels { return s.labels }

func (s *series) Iterator(chunkenc.Iterator) chunkenc.Iterator {
	return storage.NewListSeriesIterator(s.column)
}

// sortSeries sorts by labels in place: the label of the part comes between
// others, so the order of the stored series does not hold.
func sortSeries(all []storage.Series) []storage.Series {
	slices.SortFunc(all, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return all
}

// Len and Get make a column what Prometheus' own iterator of lists walks over.
func (c column) Len() int { return len(c.t) }

func (c column) Get(i int) chunks.Sample { return point{c.t[i], c.v[i]} }

// point is a sample in the form of lists.
type point struct {
	t int64
	v float64
}

func (p point) T() int64                      { return p.t }
func (p point) ST() int64                     { return 0 }
func (p point) F() float64                    { return p.v }
func (p point) H() *histogram.Histogram       { return nil }
func (p point) FH() *histogram.FloatHistogram { return nil }
func (p point) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (p point) Copy() chunks.Sample           { return p }

// lazySet computes its series when it is first read, as the engine selects all
// before it reads any.
type lazySet struct {
	load func() ([]storage.Series, error)
	note error // a warning that goes with the answer
	done bool
	all  []storage.Series
	at   int
	err  error
}

func (s *lazySet) Next() bool {
	if !s.done {
		s.done = true
		s.all, s.err = s.load()
		s.at = -1
	}
	s.at++
	return s.err == nil && s.at < len(s.all)
}

func (s *lazySet) At() storage.Series { return s.all[s.at] }
func (s *lazySet) Err() error         { return s.err }
func (s *lazySet) Warnings() annotations.Annotations {
	var out annotations.Annotations
	if s.note != nil {
		out.Add(s.note)
	}
	return out
}
