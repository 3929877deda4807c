package app

import (
	"context"
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/warm"
)

// warmingCursor is 1 from the begin of a warm start until it has ended with all
// that it was to give: a checkpoint of between knows some series from a few
// samples only.
const warmingCursor = "detector_warming"

// newStarter returns what warms the bank; see Core.Warm.
func (c *Core) newStarter(cfg warm.Config) *warm.Starter {
	return warm.New(warm.Options{
		Config: cfg, Detector: c.detectorConfig, Bank: c.bank, Series: c.storedSeries, Samples: c.storedAfter, Away: c.absences.list,
		Histogram: c.warmFromServer, Tell: c.observer.tell, Now: c.now, Logger: c.log.With("component", "warm start"), Metrics: c.set,
	})
}

// Warm gives series a history: after a start without a usable checkpoint all that
// the store has, and those that the bank does not know what the server of the
// configuration has. It takes as long as that takes; samples are stored and judged
// meanwhile. A warm start that was cut off, or whose server was down,
// begins again at the next start. It is called once.
func (c *Core) Warm(ctx context.Context) error {
	if err := c.incidents.SetCursor(ctx, warmingCursor, 1); err != nil {
		return fmt.Errorf("warm start: %w", err)
	}
	if err := c.starter.Run(ctx, c.cold); err != nil {
		return err
	}
	histograms := 0
	if c.cold {
		var err error
		if histograms, err = c.warmHistograms(ctx, math.MinInt64, math.MaxInt64); err != nil {
			return err
		}
	}
	p := c.starter.Progress()
	if p.Incomplete {
		return nil
	}
	if p.Series > 0 || histograms > 0 { // on disk before it counts as done
		if err := c.Checkpoint(ctx, c.now()); err != nil {
			return fmt.Errorf("warm start: %w", err)
		}
	}
	if err := c.incidents.SetCursor(ctx, warmingCursor, 0); err != nil {
		return fmt.Errorf("warm start: %w", err)
	}
	return nil
}

// storedSeries lists every series of floats of the store.
func (c *Core) storedSeries(ctx context.Context) ([]labels.Labels, error) {
	return c.storedBetween(ctx, math.MinInt64, math.MaxInt64)
}

// storedBetween lists every series of floats that has a sample between two times.
func (c *Core) storedBetween(ctx context.Context, from, to int64) ([]labels.Labels, error) {
	var out []labels.Labels
	err := c.eachStored(ctx, from, to, func(l labels.Labels, of chunkenc.ValueType) {
		if of == chunkenc.ValFloat {
			out = append(out, l)
		}
	})
	return out, err
}

// eachStored hands every series of the store that has a sample between two times
// to do, with what its first sample there is.
func (c *Core) eachStored(ctx context.Context, from, to int64, do func(l labels.Labels, of chunkenc.ValueType)) error {
	oldest, newest, ok := c.timeRange()
	oldest, newest = max(oldest, from), min(newest, to)
	if !ok || oldest > newest {
		return nil
	}
	q, err := c.tsdb.Querier(oldest, newest)
	if err != nil {
		return err
	}
	defer q.Close()
	all := labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+")
	set := q.Select(ctx, false, &storage.SelectHints{Start: oldest, End: newest}, all)
	var it chunkenc.Iterator
	for set.Next() {
		it = set.At().Iterator(it)
		if of := it.Next(); of != chunkenc.ValNone {
			do(set.At().Labels().Copy(), of) // those of blocks are unmapped with the block
		}
	}
	return set.Err()
}

// storedAfter returns the float samples of one series after a time. The querier
// is held for one series only, because an open one holds up compaction.
func (c *Core) storedAfter(ctx context.Context, l labels.Labels, after int64) ([]telemetry.Sample, error) {
	oldest, newest, ok := c.timeRange()
	if !ok || after >= newest {
		return nil, nil
	}
	from := oldest
	if after >= oldest {
		from = after + 1
	}
	q, err := c.tsdb.Querier(from, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	var ms []*labels.Matcher
	l.Range(func(x labels.Label) { ms = append(ms, labels.MustNewMatcher(labels.MatchEqual, x.Name, x.Value)) })
	set := q.Select(ctx, false, nil, ms...)
	var out []telemetry.Sample
	for set.Next() {
		if !labels.Equal(set.At().Labels(), l) { // has more labels
			continue
		}
		it := set.At().Iterator(nil)
		for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
			if vt != chunkenc.ValFloat {
				continue
			}
			t, v := it.At()
			out = append(out, telemetry.Sample{T: t, V: v})
		}
		if err := it.Err(); err != nil {
			return nil, err
		}
	}
	return out, set.Err()
}
