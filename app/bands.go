package app

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/store/remote"
	"github.com/tocsinhq/tocsin/web"
)

// source reads the history of the one series that the matchers select, stored or
// derived from a stored histogram. More than one series, or none, is an error
// that says so; but the labels of a series, written out, mean that one, also where others
// have them and more.
func (c *Core) source(ctx context.Context, ms []*labels.Matcher, from, to time.Time) (*bands.Source, error) {
	var found, another *bands.Source
	own, written := writtenOut(ms)
	err := c.bands.Each(ctx, ms, from, to, func(s *bands.Source) error {
		switch {
		case found == nil:
			found = s
		case !written:
			return severalSeries(found, s)
		case labels.Equal(s.Labels, own):
			found = s
		default:
			another = s
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, noSeries(ms, from, to)
	case another != nil && !labels.Equal(found.Labels, own):
		return nil, severalSeries(found, another)
	}
	return found, nil
}

// noSeries says what was looked for and when.
func noSeries(ms []*labels.Matcher, from, to time.Time) error {
	return fmt.Errorf("%w %s and has a sample from %s to %s", errNoSeries, remote.SelectorOf(ms), from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
}

func severalSeries(one, other *bands.Source) error {
	return fmt.Errorf("%w, %s and %s among them", errManySeries, one.Labels, other.Labels)
}

// writtenOut returns the labels that matchers write out one by one, false where one of
// them leaves a choice.
func writtenOut(ms []*labels.Matcher) (labels.Labels, bool) {
	b := labels.NewBuilder(labels.EmptyLabels())
	for _, m := range ms {
		if m.Type != labels.MatchEqual {
			return labels.EmptyLabels(), false
		}
		b.Set(m.Name, m.Value)
	}
	return b.Labels(), true
}

// live returns the detector's word on the newest sample of a series.
func (c *Core) live(l labels.Labels) (detector.Verdict, bool) {
	return c.bank.Last(c.bank.Lookup(l))
}

// shareOf returns what a series owes to its service now.
func (c *Core) shareOf(lbls labels.Labels) float64 {
	s, _ := c.bank.Service(c.owner.Service(lbls), c.now().UnixMilli())
	return s.Share
}

// replayOf returns the configuration by which a series is replayed: it starts from what
// the watched one started from, and what nobody could see then is no silence.
func (c *Core) replayOf(lbls labels.Labels) detector.Config {
	out := c.detectorConfig
	out.Start, out.Away = c.startOf(lbls), c.absences.list()
	return out
}

// startOf returns what a watched series started from.
func (c *Core) startOf(lbls labels.Labels) detector.Start { return c.bank.Start(c.bank.Lookup(lbls)) }

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
	s, err := c.source(ctx, ms, r.Start.Add(-c.bandHistory), r.End)
	if err != nil {
		return labels.EmptyLabels(), nil, err
	}
	out := newDrawn(r.Start, r.Step)
	s.Replay(c.replayOf(s.Labels), c.shareOf(s.Labels), out.take)
	return s.Labels, out.kept, nil
}
