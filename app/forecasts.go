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
	alive, err := s.c.alive(ctx, ms)
	if err != nil {
		return nil, err
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
		alive, err := s.c.alive(ctx, ms)
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

// alive returns the labels of the series that match and had a sample in the last
// minutes, or within a few of their steps, sorted; where none is stored those that the
// detector derives from stored histograms.
func (c *Core) alive(ctx context.Context, ms []*labels.Matcher) ([]labels.Labels, error) {
	now := c.now()
	out, err := c.between(ctx, ms, now.Add(-aliveFor), now)
	if err != nil {
		return nil, err
	}
	sparse, err := c.between(ctx, ms, now.Add(-aliveSparse), now)
	if err == nil && len(sparse) == 0 {
		err = c.bands.Watched(ctx, ms, now.Add(-aliveFor), now, func(l labels.Labels) { out = append(out, l) })
		slices.SortFunc(out, labels.Compare)
	}
	if err != nil || len(sparse) <= len(out) {
		return out, err
	}
	return slices.DeleteFunc(sparse, func(l labels.Labels) bool {
		if _, recent := slices.BinarySearchFunc(out, l, labels.Compare); recent {
			return false
		}
		f, known := c.bank.Future(c.bank.Lookup(l))
		last, _ := f.Last()
		return !known || now.Sub(time.UnixMilli(last)) > aliveSteps*f.Step()
	}), nil
}

// between returns the labels of the series that match and had a sample from one time to
// another, sorted.
func (c *Core) between(ctx context.Context, ms []*labels.Matcher, from, to time.Time) ([]labels.Labels, error) {
	q, err := c.tsdb.Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer q.Close()
	set := q.Select(ctx, true, &storage.SelectHints{Start: from.UnixMilli(), End: to.UnixMilli()}, ms...)
	var out []labels.Labels
	for set.Next() {
		out = append(out, set.At().Labels())
	}
	return out, set.Err()
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
