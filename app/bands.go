package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
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

// drawn keeps one verdict for each step of a range: of those in a step the
// oddest, so that thinning never hides what a person came to see.
type drawn struct {
	from, width, step int64
	kept              []detector.Verdict
}

func newDrawn(start time.Time, step time.Duration) *drawn {
	return &drawn{from: start.UnixMilli(), width: max(1, step.Milliseconds()), step: math.MinInt64}
}

func (d *drawn) take(v detector.Verdict) {
	if v.Time < d.from {
		return
	}
	if b := (v.Time - d.from) / d.width; b != d.step || len(d.kept) == 0 {
		d.step = b
		d.kept = append(d.kept, v)
	} else if v.Score > d.kept[len(d.kept)-1].Score {
		d.kept[len(d.kept)-1] = v
	}
}

// band replays the history of the one series that the matchers select, stored or
// derived from a stored histogram, through a fresh detector.
func (c *Core) band(ctx context.Context, ms []*labels.Matcher, r web.BandRequest) (labels.Labels, []detector.Verdict, error) {
	from, out := r.Start.Add(-learnFor), newDrawn(r.Start, r.Step)
	l, samples, err := c.series(ctx, ms, from, r.End)
	if !errors.Is(err, errNoSeries) {
		if err == nil {
			detector.ReplayShare(c.detectorConfig, c.shareOf(l), l, samples, out.take)
		}
		return l, out.kept, err
	}
	d, err := c.derivedSeries(ctx, ms, from, r.End)
	if err == nil {
		d.replay(c.detectorConfig, c.shareOf(d.labels), out.take)
	}
	return d.labels, out.kept, err
}
