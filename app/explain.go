package app

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

const (
	// explainFrom is how much history before the time asked for is replayed: weeks,
	// because tails and the calendar have learned from as many.
	explainFrom = 21 * 24 * time.Hour
	// explainNear is how old the sample may be that a time stands for.
	explainNear = time.Hour
	// explainDoubt is how near to what is needed, in powers of ten, what is owed
	// may have decided: an alarm that is charged is that near, and raises it by a third.
	explainDoubt = 1
)

// Explain asks the core.
func (s webBands) Explain(ctx context.Context, query string, at time.Time) (web.Explanation, error) {
	return s.c.Explain(ctx, query, at)
}

// Explain says why the newest sample of the one series that the query selects,
// stored or derived from a stored histogram, was or was not odd at a time. It
// replays the samples up to there; where the detector knows a history that is not stored,
// the text says so.
func (c *Core) Explain(ctx context.Context, query string, at time.Time) (web.Explanation, error) {
	ms, err := selector(query)
	if err != nil {
		return web.Explanation{}, err
	}
	l, samples, derived, err := c.watchedSamples(ctx, ms, at.Add(-explainFrom), at)
	if err != nil {
		return web.Explanation{}, err
	}
	config := c.replayOf(l)
	if derived { // a histogram that comes has no figure where little was observed
		config.Away = [][2]int64{{math.MinInt64, math.MaxInt64}}
	}
	e, ok := detector.ReplayExplain(config, c.shareOf(l), l, samples, at.UnixMilli())
	if when := time.UnixMilli(e.Time); !ok || at.Sub(when) > explainNear {
		why := fmt.Sprintf("query: %s has no sample in the hour before %s", l, at.UTC().Format(time.RFC3339))
		if ok {
			why += "; its newest is of " + when.UTC().Format(time.RFC3339)
		}
		return web.Explanation{}, &web.Error{Kind: web.KindNotFound, Message: why}
	}
	out := explanationOf(l, e)
	if v, ok := c.live(l); ok && v.Time == e.Time && math.IsNaN(e.Lower) && !math.IsNaN(v.Lower) {
		out.Text = fmt.Sprintf("The detector that watches has seen more of this series than is stored here, as after a warm start from a server: it expects %.5g, band %.5g to %.5g. By what is stored:\n%s", v.Expected, v.Lower, v.Upper, out.Text)
	}
	if e.Reason == "" && e.Share != 0 && math.Abs(e.Decades-e.Need) < explainDoubt {
		out.Text += "What is owed to the service is that of now. When the sample came it may have been less or more, for an alarm raises it and time takes it back, and what was told then followed from that.\n"
	}
	if !detector.Watches(l) {
		out.Text = unwatched(l) + out.Text
	}
	return out, nil
}

// unwatched says that nobody is told of a series, and of what instead.
func unwatched(l labels.Labels) string {
	h, ok := detector.HistogramOf(l)
	if !ok {
		return "The detector does not watch this series, which is of the daemon itself or says what was found already. If it did:\n"
	}
	q := detector.DerivedOf(h)
	return fmt.Sprintf("The detector does not watch this bucket by itself, but all of the histogram together, as %s and %s. If it did:\n", q[0], q[1])
}

// watchedSamples returns the samples of the one series that the matchers select,
// or the figures that a stored histogram gave of one of its quantiles, as the
// detector saw them, and whether they are such.
func (c *Core) watchedSamples(ctx context.Context, ms []*labels.Matcher, from, to time.Time) (l labels.Labels, out []telemetry.Sample, derived bool, err error) {
	s, err := c.source(ctx, ms, from, to)
	if err != nil {
		return labels.EmptyLabels(), nil, false, err
	}
	if !s.Derived() {
		return s.Labels, s.Samples(), false, nil
	}
	rate := false
	s.Replay(c.detectorConfig, 0, func(v detector.Verdict) {
		rate = rate || v.Rate
		if !math.IsNaN(v.Value) {
			out = append(out, telemetry.Sample{T: v.Time, V: v.Value})
		}
	})
	if rate {
		return s.Labels, nil, true, &web.Error{Kind: web.KindInvalid, Message: fmt.Sprintf("query: %s is the rate of a histogram's count, of which there is a band but no explanation", s.Labels)}
	}
	return s.Labels, out, true, nil
}

// selector reads the selector of one series.
func selector(query string) ([]*labels.Matcher, error) {
	ms, err := parser.NewParser(parser.Options{}).ParseMetricSelector(query)
	if err != nil {
		return nil, &web.Error{Kind: web.KindInvalid, Message: fmt.Sprintf("query: want a selector of one series such as tocsin:error_rate{service=\"checkout\"}: %v", err)}
	}
	return ms, nil
}

func explanationOf(l labels.Labels, e detector.Explanation) web.Explanation {
	n := func(v float64) telemetry.Number { return telemetry.Number(v) }
	out := web.Explanation{
		Series: l.Map(), Time: time.UnixMilli(e.Time).UTC(), Value: n(e.Value), Expected: n(e.Expected), Lower: n(e.Lower), Upper: n(e.Upper),
		Score: n(e.Score), Threshold: n(e.Threshold), Decades: n(e.Decades), Need: n(e.Need),
		Odd: e.Odd, Excused: e.Excused, Kind: e.Kind.String(), Reason: e.Reason, Text: e.String(),
	}
	for i, x := range e.Evidence {
		out.Evidence = append(out.Evidence, web.ChannelEvidence{
			Channel: x.Channel, Size: n(x.Size), Quantile: n(x.Quantile), Shape: n(x.Shape), Bonus: n(x.Bonus), Most: n(x.Most),
			Against: n(x.Against), Lasting: x.Lasting, Decades: n(x.Decades), Decisive: i == e.Decisive, Silent: x.Silent,
		})
	}
	return out
}
