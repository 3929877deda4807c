package head

import (
	"context"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// milliseconds is how times are counted; under its own name Seek is not taken for that of a
// file by go vet.
type milliseconds = int64

type newestKey struct{}

// OnlyNewest returns a context with which Select may leave out all samples of a series
// but the newest one within the hints, which have to be given to it as they are here: with
// others, as of a selection that is made in the course of this one, all samples are there.
// An instant query looks at no others of a vector, and the newest sample of each series is
// at hand without its chunk.
func OnlyNewest(ctx context.Context, hints *storage.SelectHints) context.Context {
	return context.WithValue(ctx, newestKey{}, hints)
}

func isOnlyNewest(ctx context.Context, hints *storage.SelectHints) bool {
	of, _ := ctx.Value(newestKey{}).(*storage.SelectHints)
	return of != nil && of == hints
}

// newestIterator goes through one sample.
type newestIterator struct {
	t    int64
	v    float64
	next bool // not there yet
	done bool
}

// Next moves to the sample, or behind it.
func (i *newestIterator) Next() chunkenc.ValueType {
	if i.done || !i.next {
		i.done = true
		return chunkenc.ValNone
	}
	i.next = false
	return chunkenc.ValFloat
}

// Seek moves to the sample if it is at t or later, or behind it.
func (i *newestIterator) Seek(t milliseconds) chunkenc.ValueType {
	if i.done || i.t < t {
		i.done = true
		return chunkenc.ValNone
	}
	i.next = false
	return chunkenc.ValFloat
}

// At returns the sample.
func (i *newestIterator) At() (int64, float64) { return i.t, i.v }

// AtT returns the time of the sample.
func (i *newestIterator) AtT() int64 { return i.t }

// AtST returns 0: the head keeps no starts.
func (i *newestIterator) AtST() int64 { return 0 }

// AtHistogram is never right.
func (i *newestIterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	panic("head: AtHistogram of a float")
}

// AtFloatHistogram is never right.
func (i *newestIterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	panic("head: AtFloatHistogram of a float")
}

// Err returns nil.
func (i *newestIterator) Err() error { return nil }
