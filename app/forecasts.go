package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

const (
	// aliveFor is how old the last sample of a series may be that is foreseen; where
	// aliveSteps of its steps are longer it may be as old as that, up to steps of an hour.
	aliveFor    = 10 * time.Minute
	aliveSteps  = 5
	aliveSparse = aliveSteps * time.Hour
	// maxReplays bounds the histories that one request may replay, and
	// replayFrom how long each is.
	maxReplays = 10
	replayFrom = 21 * 24 * time.Hour
)

type webForecasts struct{ c *Core }

// Forecast foretells from the live detector and, for the first few series that it
// does not know, from their stored samples.
func (s webForecasts) Forecast(ctx context.Context, r web.ForecastRequest) ([]web.Forecast, error) {
	ms, err := parser.NewParser(parser.Options{}).ParseMetricSelector(r.Match)
	if err != nil {
		return nil, &web.Error{Kind: web.KindInvalid, Message: fmt.Sprintf("match: want a selector of series such as tocsin:disk_percent{service=\"db\"}: %v", err)}
	}
	alive, others, err := s.c.alive(ctx, ms)
	if err != nil {
		return nil, err
	}
	if len(alive) == 0 {
		alive = others // asked for by name; among others that are watched they are noise
	}
	if len(alive) == 0 {
		now := s.c.now()
		return nil, noSeries(ms, now.Add(-aliveFor), now) // of what is sparse, what the detector knows
	}
	var out []web.Forecast
	replays := 0
	for _, l := range alive {
		if len(out) == r.Limit {
			break
		}
		f, known := s.c.bank.Future(s.c.bank.Lookup(l))
		if !known && replays < maxReplays {
			replays++
			if f, known, err = s.c.replayFuture(ctx, l); err != nil {
				return nil, err
			}
		}
		if known {
			out = append(out, s.foretell(l, f, r))
			out[len(out)-1].Replayed = s.c.bank.Lookup(l) == 0
		}
	}
	return out, nil
}

// foretell describes the future of one series, within what its unit allows.
func (s webForecasts) foretell(l labels.Labels, f detector.Future, r web.ForecastRequest) web.Forecast {
	last, now := f.Last()
	x, _ := f.At(last+r.Horizon.Milliseconds(), r.Coverage)
	out := web.Forecast{
		Series: l.Map(), From: time.UnixMilli(last).UTC(), Now: telemetry.Number(now), At: time.UnixMilli(x.At).UTC(),
		Value: telemetry.Number(x.Value), Lower: telemetry.Number(x.Lower), Upper: telemetry.Number(x.Upper), Tried: x.Tried,
	}
	if sig, ok := s.c.signalOf(l); ok {
		out.Unit = string(sig.Unit)
		lo, hi := sig.Unit.Bounds()
		for _, v := range []*telemetry.Number{&out.Value, &out.Lower, &out.Upper} {
			*v = telemetry.Number(min(max(float64(*v), lo), hi))
		}
	}
	if x.Rate {
		out.Unit = "per_second"
	}
	if t := float64(r.Until); !math.IsNaN(t) {
		crossing := crossingOf(f.Until(t, !r.Below, r.Horizon), t, r.Below)
		out.Crossing = &crossing
	}
	return out
}

func crossingOf(c detector.Crossing, threshold float64, below bool) web.Crossing {
	return web.Crossing{Threshold: telemetry.Number(threshold), Below: below, Earliest: timeOf(c.Earliest), Likely: timeOf(c.Likely), Latest: timeOf(c.Latest)}
}

// Capacity looks at the signals that can be full and are not felt by users
// themselves: an error rate is no store that fills.
func (s webForecasts) Capacity(ctx context.Context, r web.CapacityRequest) ([]web.Room, error) {
	cat := s.c.engine.Catalogue()
	if cat == nil {
		return nil, nil
	}
	var out []web.Room
	for _, sig := range cat.Signals() {
		_, most := sig.Unit.Bounds()
		if sig.Symptom || sig.Bad != signal.Up || math.IsInf(most, 1) {
			continue
		}
		ms := []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, sig.Metric())}
		if r.Service != "" {
			ms = append(ms, labels.MustNewMatcher(labels.MatchEqual, "service", r.Service))
		}
		alive, _, err := s.c.alive(ctx, ms)
		if err != nil {
			return nil, err
		}
		for _, l := range alive {
			f, ok := s.c.bank.Future(s.c.bank.Lookup(l))
			if !ok {
				continue
			}
			_, now := f.Last()
			out = append(out, web.Room{
				Service: l.Get("service"), Environment: l.Get("environment"), Instance: l.Get("instance"),
				Signal: sig.Name, Unit: string(sig.Unit), Query: l.String(), Now: telemetry.Number(now),
				Crossing: crossingOf(f.Until(r.Full*most, true, r.Horizon), r.Full*most, false),
			})
		}
	}
	slices.SortStableFunc(out, soonest)
	return out[:min(len(out), r.Limit)], nil
}

// soonest orders by the likely time, then by the earliest, then by how full it is;
// what is not expected within the horizon comes last.
func soonest(a, b web.Room) int {
	never := func(t time.Time) int64 {
		if t.IsZero() {
			return math.MaxInt64
		}
		return t.UnixMilli()
	}
	return cmp.Or(cmp.Compare(never(a.Crossing.Likely), never(b.Crossing.Likely)),
		cmp.Compare(never(a.Crossing.Earliest), never(b.Crossing.Earliest)),
		cmp.Compare(float64(b.Now/b.Crossing.Threshold), float64(a.Now/a.Crossing.Threshold)))
}

// alive returns the labels of the series that match, have values to foresee and had a sample
// in the last minutes, or within a few of their steps, sorted; where none is stored those
// that the detector derives from stored histograms. Where there are none others are as alive,
// as many as may be replayed: native histograms, buckets and the daemon's own series.
func (c *Core) alive(ctx context.Context, ms []*labels.Matcher) (out, others []labels.Labels, err error) {
	now := c.now()
	from, recent := now.Add(-aliveSparse), now.Add(-aliveFor)
	q, err := c.tsdb.Querier(from.UnixMilli(), now.UnixMilli())
	if err != nil {
		return nil, nil, err
	}
	defer q.Close()
	set := q.Select(ctx, true, &storage.SelectHints{Start: from.UnixMilli(), End: now.UnixMilli()}, ms...)
	stored := false
	var it chunkenc.Iterator
	for set.Next() {
		stored = true
		l := set.At().Labels()
		if c.goesOn(l, now) { // asked first, for it reads no samples
			out = append(out, l.Copy()) // those of blocks are unmapped with the block
			continue
		}
		it = set.At().Iterator(it)
		watched := it.Next() == chunkenc.ValFloat && detector.Watches(l)
		if watched || len(out) == 0 && len(others) < maxReplays { // else nothing is foreseen of it
			switch of := it.Seek(recent.UnixMilli()); {
			case of == chunkenc.ValNone:
			case watched:
				out = append(out, l.Copy())
			default:
				others = append(others, l.Copy())
			}
		}
		if err := it.Err(); err != nil {
			return nil, nil, err
		}
	}
	if err := set.Err(); err != nil || stored {
		return out, others, err
	}
	err = c.bands.Watched(ctx, ms, recent, now, func(l labels.Labels) { out = append(out, l) })
	slices.SortFunc(out, labels.Compare)
	return out, nil, err
}

// goesOn reports whether the detector knows that the newest sample of a series is not old.
func (c *Core) goesOn(l labels.Labels, now time.Time) bool {
	slot := c.bank.Lookup(l)
	if c.bank.LateBefore(slot) > now.Add(-aliveFor).UnixMilli() {
		return true
	}
	f, known := c.bank.Future(slot)
	last, _ := f.Last()
	return known && now.Sub(time.UnixMilli(last)) <= aliveSteps*f.Step()
}

// replayFuture runs the stored samples of a series through a fresh detector, and returns
// false of one that has none with a value.
func (c *Core) replayFuture(ctx context.Context, l labels.Labels) (detector.Future, bool, error) {
	var ms []*labels.Matcher
	l.Range(func(x labels.Label) { ms = append(ms, labels.MustNewMatcher(labels.MatchEqual, x.Name, x.Value)) })
	now := c.now()
	s, err := c.source(ctx, ms, now.Add(-replayFrom), now)
	switch {
	case errors.Is(err, errNoSeries), errors.Is(err, errManySeries), err == nil && s.Derived():
		return detector.Future{}, false, nil // a native histogram, which has no value to foresee
	case err != nil:
		return detector.Future{}, false, err
	}
	f, ok := detector.ReplayFuture(c.replayOf(s.Labels), s.Labels, s.Samples())
	return f, ok, nil
}
