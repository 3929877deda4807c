package app

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// maxBandSamples bounds the history that one drawing may replay.
const maxBandSamples = 2_000_000

// series reads the float samples of the one series that the matchers select.
// More than one series, or none, is an error that says so.
func (c *Core) series(ctx context.Context, ms []*labels.Matcher, from, to time.Time) (labels.Labels, []telemetry.Sample, error) {
	q, err := c.tsdb.Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return labels.EmptyLabels(), nil, err
	}
	defer q.Close()
	set := q.Select(ctx, true, &storage.SelectHints{Start: from.UnixMilli(), End: to.UnixMilli()}, ms...)
	if !set.Next() {
		if err := set.Err(); err != nil {
			return labels.EmptyLabels(), nil, err
		}
		return labels.EmptyLabels(), nil, errNoSeries
	}
	s := set.At()
	lbls := s.Labels()
	var out []telemetry.Sample
	it := s.Iterator(nil)
	for vt := it.Next(); vt != chunkenc.ValNone; vt = it.Next() {
		if vt != chunkenc.ValFloat {
			continue
		}
		t, v := it.At()
		if out = append(out, telemetry.Sample{T: t, V: v}); len(out) > maxBandSamples {
			return lbls, nil, fmt.Errorf("series %s has more than %d samples in the range; ask for a shorter one", lbls, maxBandSamples)
		}
	}
	if err := it.Err(); err != nil {
		return lbls, nil, err
	}
	if set.Next() {
		return lbls, nil, fmt.Errorf("%w, %s and %s among them", errManySeries, lbls, set.At().Labels())
	}
	return lbls, out, set.Err()
}

// shareOf returns what a series owes to its service now.
func (c *Core) shareOf(lbls labels.Labels) float64 {
	s, _ := c.bank.Service(c.owner.Service(lbls), c.now().UnixMilli())
	return s.Share
}

// band replays the history before the range through a fresh detector and keeps
// one verdict for each step of the range: of those in a step the oddest, so
// that thinning never hides what a person came to see.
func (c *Core) band(lbls labels.Labels, samples []telemetry.Sample, start time.Time, step time.Duration) []detector.Verdict {
	var out []detector.Verdict
	from, width := start.UnixMilli(), max(1, step.Milliseconds())
	bucket := int64(math.MinInt64)
	detector.ReplayShare(c.detectorConfig, c.shareOf(lbls), lbls, samples, func(v detector.Verdict) {
		if v.Time < from {
			return
		}
		if b := (v.Time - from) / width; b != bucket || len(out) == 0 {
			bucket = b
			out = append(out, v)
		} else if v.Score > out[len(out)-1].Score {
			out[len(out)-1] = v
		}
	})
	return out
}
