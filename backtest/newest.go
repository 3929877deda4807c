package backtest

import (
	"context"
	"errors"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// newestParts is into how many parts the time up to the newest sample is cut to find it:
// what is said of how far a run has come is off by one of them at most.
const newestParts = 16

// errThere ends a look at a span that has a sample.
var errThere = errors.New("there is a sample")

// newest returns about when the samples end that are selected, where the first one is at
// first and those up to known are read: nothing lies beyond it. It looks from the end on,
// where a store that is written to has some at once, in spans that are a part of what is
// left, so that a server which answers a question as a whole is asked for little. Who
// cannot be asked, has samples to the end.
func (r *reader) newest(ctx context.Context, first, known int64) int64 {
	part := func(end int64) int64 { return max((end-first)/newestParts, 1) }
	end := r.to
	for d := part(end); ; {
		there := end-d <= known
		if !there {
			var err error
			if there, err = r.any(ctx, end-d+1, end); err != nil {
				return r.to
			}
		}
		switch {
		case !there:
			end -= d
		case d > part(end): // coarse for what is left
			d = part(end)
		default:
			return end
		}
	}
}

// any tells whether anything that is selected has a sample from from to to.
func (r *reader) any(ctx context.Context, from, to int64) (bool, error) {
	for _, ms := range r.selectors {
		_, err := r.read(ctx, ms, from, to, func(_ labels.Labels, floats []telemetry.Sample, histograms []telemetry.HistogramSample) error {
			if len(floats)+len(histograms) > 0 {
				return errThere
			}
			return ctx.Err()
		})
		if errors.Is(err, errThere) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}
