package bands

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/detector"
)

// Options are what a Queryable stands on. All fields are required but Start, Away and Live.
type Options struct {
	Stored   storage.SampleAndChunkQueryable
	Config   Config
	Detector detector.Config
	// Share returns what a series owes to its service now; see detector.Service.
	Share func(l labels.Labels) float64
	// Start returns what a series started from, as detector.Bank.Start does; nil if all
	// start from the same.
	Start func(l labels.Labels) detector.Start
	// Away returns the times in which the detector was shown nothing, as
	// detector.Config.Away; nil if it always was.
	Away func() [][2]int64
	// Live returns the detector's word on the newest sample of a series, false if
	// it has none. Nil replays the present too. It is called for each series that
	// an instant query selects.
	Live func(l labels.Labels) (detector.Verdict, bool)
	Now  func() time.Time
	// Lookback is how old the newest sample of a series may be in an instant query.
	Lookback time.Duration
}

// replay returns the configuration by which a series is replayed.
func (o *Options) replay(l labels.Labels) detector.Config {
	out := o.Detector
	if o.Start != nil {
		out.Start = o.Start(l)
	}
	if o.Away != nil {
		out.Away = o.Away()
	}
	return out
}

// Queryable is a store of samples in which bands can be selected too. It is safe
// for concurrent use.
type Queryable struct{ opts Options }

// New returns a Queryable. It keeps nothing open.
func New(o Options) *Queryable { return &Queryable{opts: o} }

// Querier returns a querier of stored series and bands within a range of time in
// milliseconds, both ends included. The bounds of Config hold for all that is
// asked of it together.
func (q *Queryable) Querier(mint, maxt int64) (storage.Querier, error) {
	stored, err := q.opts.Stored.Querier(mint, maxt)
	if err != nil {
		return nil, err
	}
	return &querier{
		Querier: stored, opts: q.opts, mint: mint, maxt: maxt, known: map[string][]band{}, bounds: bounds{config: q.opts.Config},
	}, nil
}

// ChunkQuerier returns what Querier does, in chunks.
func (q *Queryable) ChunkQuerier(mint, maxt int64) (storage.ChunkQuerier, error) {
	stored, err := q.opts.Stored.ChunkQuerier(mint, maxt)
	if err != nil {
		return nil, err
	}
	replayed := *q
	replayed.opts.Live = nil // chunks are of a time, however short
	floats, err := replayed.Querier(mint, maxt)
	if err != nil {
		stored.Close() //nolint:errcheck // the other error says more
		return nil, err
	}
	return &chunkQuerier{ChunkQuerier: stored, floats: floats}, nil
}

// Watched hands the labels of the series that the matchers select to do, of those that the
// detector watches and that have samples within a range of time. Where none of them is
// stored, it finds those that are derived from stored histograms, as Each does.
func (q *Queryable) Watched(ctx context.Context, ms []*labels.Matcher, from, to time.Time, do func(labels.Labels)) error {
	stored, err := q.opts.Stored.Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return err
	}
	defer stored.Close() //nolint:errcheck // nothing was written
	return (&querier{Querier: stored}).watched(ctx, &storage.SelectHints{Start: from.UnixMilli(), End: to.UnixMilli()}, ms, do)
}

// Each hands the history of every series of floats that the matchers select within
// a range of time to do, as far as the bounds of Config permit, and stops at its
// first error. Quantiles that are derived from a stored histogram are found by
// their labels. A selector of bands stands for the series that they are of.
func (q *Queryable) Each(ctx context.Context, ms []*labels.Matcher, from, to time.Time, do func(*Source) error) error {
	stored, err := q.opts.Stored.Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return err
	}
	defer stored.Close() //nolint:errcheck // nothing was written
	sel, _ := split(ms)
	return each(ctx, stored, from.UnixMilli(), to.UnixMilli(), sel.base, &bounds{config: q.opts.Config}, false, do)
}
