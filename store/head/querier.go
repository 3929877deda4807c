package head

import (
	"context"
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/annotations"
)

// Querier returns a querier of the samples that Block(mint, maxt) has. It is for one
// goroutine at a time; what it selects may be read by others, each series by one, until
// it is closed.
func (h *Head) Querier(mint, maxt int64) (storage.Querier, error) {
	pin := h.readers.begin(mint)
	b := &block{index: h.index, floats: h.floats, mint: pin.mint, maxt: maxt}
	return &querier{index: &indexReader{b}, mint: mint, maxt: maxt, pin: pin}, nil
}

// querier reads the head as it is kept. The querier of the TSDB, to which the head is a
// block, takes locks and memory for each series and each of its chunks, and looks at each
// sample twice to leave out those outside of the range.
type querier struct {
	index      *indexReader
	mint, maxt int64
	pin        *pin // nil: nobody waits for it
}

// labelsOnly is what the API says for the function of a selection of which it wants no
// samples.
const labelsOnly = "series"

// Select returns the series that match and have a chunk within the range of the hints, or
// of the querier without hints.
func (q *querier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	p, err := tsdb.PostingsForMatchers(ctx, q.index, ms...)
	if err != nil {
		return storage.ErrSeriesSet(err)
	}
	mint, maxt := q.mint, q.maxt
	if hints != nil {
		mint, maxt = hints.Start, hints.End
		if hints.ShardCount > 0 {
			p = q.index.ShardedPostings(p, hints.ShardIndex, hints.ShardCount)
		}
	}
	if sorted {
		p = q.index.SortedPostings(p)
	}
	found := labelsSet{
		ctx: ctx, index: q.index.index, floats: q.index.floats, postings: p, next: firstLabels,
		mint: max(q.index.mint, mint), maxt: min(q.index.maxt, maxt),
	}
	if hints != nil && hints.Func == labelsOnly {
		return &found
	}
	of := &within{floats: found.floats, from: found.mint, to: found.maxt, mint: mint, maxt: maxt}
	if hints != nil && hints.DisableTrimming {
		of.mint, of.maxt = math.MinInt64, math.MaxInt64
	}
	return &samplesSet{found: found, newest: isOnlyNewest(ctx, hints), within: of}
}

// LabelValues returns the values of a label, sorted, of series that match.
func (q *querier) LabelValues(ctx context.Context, name string, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	values, err := q.index.SortedLabelValues(ctx, name, hints, ms...)
	return values, nil, err
}

// LabelNames returns the names of labels, sorted, of series that match.
func (q *querier) LabelNames(ctx context.Context, hints *storage.LabelHints, ms ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	names, err := q.index.LabelNames(ctx, ms...)
	if hints != nil && hints.Limit > 0 && len(names) > hints.Limit {
		names = names[:hints.Limit]
	}
	return names, nil, err
}

// Close ends the reading. It may be called again.
func (q *querier) Close() error {
	if q.pin != nil {
		q.pin.end()
	}
	return nil
}
