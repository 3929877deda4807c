package app

import (
	"context"
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/warm"
)

// bucketSuffix ends the names of the buckets of a classic histogram.
const bucketSuffix = "_bucket"

// besideMost is how many derived series a bank beside is used for.
const besideMost = 250

// mostReads bounds how often the newest samples of a histogram are read again
// because others came meanwhile; each time takes less than a scrape.
const mostReads = 10

// beside is a bank that is shown history and tells nobody. Of the series that silences
// may be found in, those that are derived from what it is shown, time goes by as it did
// when that came.
type beside struct {
	*detector.Bank
	derived []detector.Slot
}

// newBeside returns an empty one.
func (c *Core) newBeside() (beside, error) {
	config := c.detectorConfig
	config.Away = c.absences.list()
	bank, err := detector.NewBank(config, detector.WithServices(labels.Labels.String))
	return beside{Bank: bank}, err
}

// hears returns a beside that finds silences in series.
func (b beside) hears(all []labels.Labels) beside {
	b.derived = nil
	for _, l := range all {
		b.derived = append(b.derived, b.Bank.Register(l))
	}
	return b
}

func (b beside) pass(t int64) {
	for _, slot := range b.derived {
		b.Pass(slot, t)
	}
}

func (b beside) Register(l labels.Labels) uint64          { return uint64(b.Bank.Register(l)) }
func (b beside) RegisterHistogram(l labels.Labels) uint64 { return uint64(b.Bank.RegisterHistogram(l)) }

func (b beside) Observe(all []telemetry.Observation, from, to int) int {
	for b.derived != nil && from < to { // by time, which silences are before
		b.pass(all[from].T)
		end := from + 1
		for end < to && all[end].T == all[from].T {
			end++
		}
		if at := b.ObserveAll(all, from, end, func(detector.Verdict) {}); at < end {
			return at
		}
		from = end
	}
	return b.ObserveAll(all, from, to, func(detector.Verdict) {})
}

func (b beside) ObserveHistogram(slot uint64, h telemetry.HistogramSample) bool {
	b.pass(h.T)
	return b.FeedHistogram(detector.Slot(slot), h, func(detector.Verdict) {})
}

// storedHistogram is a histogram whose history is to be replayed.
type storedHistogram struct {
	own     labels.Labels   // of the native one, or of the classic one without le
	buckets []labels.Labels // none of a native one
}

// derived returns the series that a bank derives from it.
func (h storedHistogram) derived() []labels.Labels {
	out := detector.DerivedOf(h.own)
	if h.buckets != nil {
		return out[:len(out)-1] // the count of a classic one is a series that is stored
	}
	return out
}

// warmHistograms does for the series that are derived from stored histograms what
// the starter does for stored series: the history is replayed through a bank
// beside, which adopts the rest. Histograms that have a sample between two times
// are warmed, with all their samples. It returns how many histograms there were.
func (c *Core) warmHistograms(ctx context.Context, from, to int64) (int, error) {
	all, err := c.storedHistograms(ctx, from, to)
	if err != nil {
		return 0, fmt.Errorf("warm start: list histograms of the store: %w", err)
	}
	var by beside
	samples := 0
	for _, h := range all {
		if by.Bank == nil || by.Len() >= besideMost {
			if by, err = c.newBeside(); err != nil {
				return 0, err
			}
		}
		n, err := c.warmHistogram(ctx, by, h)
		samples += n
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil {
			c.log.Warn("a histogram was not warmed, or not in whole", "histogram", h.own, "error", err)
		}
	}
	if len(all) > 0 {
		c.log.Info("histograms of the store are warmed", "histograms", len(all), "samples", samples)
	}
	return len(all), nil
}

// warmFromServer replays a histogram that a server has, and what the store has after it.
func (c *Core) warmFromServer(ctx context.Context, h warm.Histogram) (int, error) {
	by, err := c.newBeside()
	if err != nil {
		return 0, err
	}
	f := feeding{to: by, newest: math.MinInt64}
	buckets := make([]uint64, len(h.Buckets))
	for i, l := range h.Buckets {
		buckets[i] = by.Register(l)
	}
	native := uint64(0)
	if h.Buckets == nil {
		native = by.RegisterHistogram(h.Own)
	}
	err = h.Past(ctx, func(at int, s telemetry.Sample) {
		if detector.Slot(buckets[at]).Watched() {
			f.show(buckets[at], s.T, s.V)
		}
	}, func(s telemetry.HistogramSample) { f.whole(native, s) })
	f.flush()
	if err != nil {
		return f.n, err
	}
	return c.replayHistogram(ctx, by, storedHistogram{own: h.Own, buckets: h.Buckets}, &f)
}

// warmHistogram replays one histogram and returns how many samples it had.
func (c *Core) warmHistogram(ctx context.Context, by beside, h storedHistogram) (int, error) {
	return c.replayHistogram(ctx, by, h, &feeding{to: by, newest: math.MinInt64})
}

// replayHistogram replays what the store has of a histogram after what was fed of it, and
// has the bank adopt what was learned of both.
func (c *Core) replayHistogram(ctx context.Context, by beside, h storedHistogram, f *feeding) (int, error) {
	for _, l := range h.buckets { // there, so that the derived series are
		c.bank.Register(l)
	}
	if h.buckets == nil {
		c.bank.RegisterHistogram(h.own)
	}
	left := h.derived()
	f.to = by.hears(left) // from here on; see warm.worker of what a server has
	for range mostReads {
		if err := c.feedHistogram(ctx, f, h); err != nil {
			return f.n, fmt.Errorf("read the store: %w", err)
		}
		again := left[:0]
		for _, l := range left {
			if !c.adopt(by, l, f.newest) {
				again = append(again, l)
			}
		}
		if left = again; len(left) == 0 {
			return f.n, nil
		}
	}
	return f.n, fmt.Errorf("samples come faster than they are read back, in %d tries", mostReads)
}

// adopt gives a derived series the state that it has beside and reports whether
// that is done.
func (c *Core) adopt(by beside, l labels.Labels, newest int64) bool {
	slot, at := c.bank.Register(l), by.Bank.Register(l)
	if _, live := c.bank.Last(slot); !live && newest > math.MinInt64 {
		// It is missed only once it has sent something here.
		by.Bank.Observe(at, newest, math.Float64frombits(value.StaleNaN))
	}
	lost, tell, done := c.bank.Adopt(slot, by.Bank, at)
	if tell {
		c.observer.tell(lost)
	}
	return done
}

// feedHistogram feeds what the store has of a histogram after the newest sample
// that was fed. The querier is held for one histogram only.
func (c *Core) feedHistogram(ctx context.Context, f *feeding, h storedHistogram) error {
	from, _, ok := c.timeRange()
	if !ok {
		return nil
	}
	if f.newest >= from {
		from = f.newest + 1
	}
	q, err := c.tsdb.Querier(from, math.MaxInt64)
	if err != nil {
		return err
	}
	defer q.Close()
	var ms []*labels.Matcher
	h.own.Range(func(x labels.Label) {
		if x.Name == labels.MetricName && h.buckets != nil {
			x.Value += bucketSuffix
		}
		ms = append(ms, labels.MustNewMatcher(labels.MatchEqual, x.Name, x.Value))
	})
	if h.buckets != nil {
		ms = append(ms, anyBucket())
	}
	set := q.Select(ctx, false, nil, ms...)
	var buckets []storage.Series
	for set.Next() {
		s := set.At()
		if h.buckets == nil {
			if labels.Equal(s.Labels(), h.own) {
				return f.one(h.own, s.Iterator(nil))
			}
			continue
		}
		if own, ok := detector.HistogramOf(s.Labels()); ok && labels.Equal(own, h.own) {
			buckets = append(buckets, s)
		}
	}
	if err := set.Err(); err != nil {
		return err
	}
	return f.together(buckets)
}

// storedHistograms lists the histograms of the store that have a sample between
// two times, native and classic.
func (c *Core) storedHistograms(ctx context.Context, from, to int64) ([]storedHistogram, error) {
	var out []storedHistogram
	place := map[string]int{}
	err := c.eachStored(ctx, from, to, func(l labels.Labels, of chunkenc.ValueType) {
		own, isBucket := detector.HistogramOf(l)
		switch {
		case of == chunkenc.ValHistogram, of == chunkenc.ValFloatHistogram:
			out = append(out, storedHistogram{own: l})
		case isBucket:
			name := own.String()
			at, ok := place[name]
			if !ok {
				at = len(out)
				place[name] = at
				out = append(out, storedHistogram{own: own})
			}
			out[at].buckets = append(out[at].buckets, l)
		}
	})
	return out, err
}
