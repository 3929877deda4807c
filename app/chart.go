package app

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Bounds of what the picture of a message may cost. Messages wait for it.
const (
	chartPoints   = 240
	chartSeries   = 20 // looked at for the one that an occurrence is about
	chartMinute   = 10 * time.Second
	chartPatience = 2 * time.Second
)

// chartFor captures the picture of an event of an incident: the series of the
// occurrence that tells most, what was expected of it by a replay, and the suspected
// changes. It returns nil, counted by reason, when there is nothing to draw, when the
// event makes no message of its own, or when pictures have taken too much of the last
// minute: to tell people comes first.
func (c *Core) chartFor(ctx context.Context, rec incident.EventRecord, ranking rca.Ranking) *notify.Chart {
	if !drawsChart(rec.Event.Kind) {
		return nil
	}
	begun := time.Now()
	if !c.charts.may(begun) {
		c.metrics.chartSkipped("busy").Inc()
		return nil
	}
	defer func() { c.charts.took(begun, time.Since(begun)) }()
	ctx, cancel := context.WithTimeout(ctx, chartPatience)
	defer cancel()
	out, err := c.drawn(ctx, rec, ranking)
	switch {
	case err != nil:
		c.metrics.chartSkipped("error").Inc()
		c.log.Debug("a message goes without its chart", "incident", rec.Incident.ID, "error", err)
		return nil
	case !out.Drawable():
		c.metrics.chartSkipped("no_data").Inc()
		return nil
	}
	return out
}

// drawsChart says which events are told as messages of their own.
func drawsChart(k incident.EventKind) bool {
	switch k {
	case incident.EventOpened, incident.EventRaised, incident.EventReopened, incident.EventAcked, incident.EventMitigated, incident.EventSuspects, incident.EventNote:
		return true
	}
	return k.Ends()
}

func (c *Core) drawn(ctx context.Context, rec incident.EventRecord, ranking rca.Ranking) (*notify.Chart, error) {
	for _, o := range leading(rec.Incident) {
		if o.Query == "" {
			continue
		}
		ms, err := selector(o.Query)
		if err != nil {
			continue // an expression of several series; another occurrence may do
		}
		out := &notify.Chart{
			Title: chartTitle(o), Unit: o.Unit, Zone: c.detectorConfig.TimeZone, Threshold: o.Threshold, Below: o.Below,
			To: rec.Event.At, From: rec.Event.At.Add(-chart.Span(rec.Event.At.Sub(onsetOf(rec.Incident)))),
		}
		s, err := c.seriesOf(ctx, ms, o.Labels, out.From.Add(-c.bandHistory), out.To)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		d := newDrawn(out.From, out.To.Sub(out.From)/chartPoints+time.Millisecond)
		s.Replay(c.replayOf(s.Labels), c.shareOf(s.Labels), d.take)
		fill(out, d.kept)
		if !out.Drawable() {
			continue
		}
		out.Marks = marks(out, rec.Incident, ranking)
		return out, nil
	}
	return nil, nil
}

// leading returns the occurrences that tell most, the lead first, at most three: a
// picture of something else would mislead.
func leading(i incident.Incident) []incident.Occurrence {
	var out []incident.Occurrence
	rest := i
	rest.Occurrences = slices.Clone(i.Occurrences)
	for range 3 {
		o, ok := render.Lead(rest)
		if !ok {
			break
		}
		out = append(out, o)
		n := slices.IndexFunc(rest.Occurrences, func(x incident.Occurrence) bool { return x.Key == o.Key })
		if n < 0 {
			break
		}
		rest.Occurrences = slices.Delete(rest.Occurrences, n, n+1)
	}
	return out
}

func onsetOf(i incident.Incident) time.Time {
	if i.Onset.IsZero() {
		return i.Opened
	}
	return i.Onset
}

func chartTitle(o incident.Occurrence) string {
	name := o.Signal
	if name == "" {
		name = o.Name
	}
	if o.Service != "" {
		name += " of " + o.Service
	}
	return render.Cut(render.Line(name), 200)
}

// errEnough ends the search for a series.
var errEnough = errors.New("enough")

// seriesOf returns the history of the series among those selected that bears the
// labels of the occurrence, else the first; nil when there is none.
func (c *Core) seriesOf(ctx context.Context, ms []*labels.Matcher, wanted map[string]string, from, to time.Time) (*bands.Source, error) {
	var best *bands.Source
	most, seen := -1, 0
	err := c.bands.Each(ctx, ms, from, to, func(s *bands.Source) error {
		if n := shared(s.Labels, wanted); n > most {
			best, most = s, n
		}
		if seen++; most == len(wanted) || seen == chartSeries {
			return errEnough
		}
		return ctx.Err()
	})
	if err != nil && !errors.Is(err, errEnough) && best == nil {
		return nil, err
	}
	return best, nil
}

// shared is how many of the labels a series bears.
func shared(l labels.Labels, wanted map[string]string) int {
	n := 0
	for name, value := range wanted {
		if l.Get(name) == value {
			n++
		}
	}
	return n
}

// fill puts the verdicts of a replay into the columns of a chart.
func fill(c *notify.Chart, vs []detector.Verdict) {
	last := int64(math.MinInt64)
	for _, v := range vs {
		if v.Time <= last || len(c.Times) == notify.MaxChartPoints {
			continue
		}
		last = v.Time
		c.Times = append(c.Times, v.Time)
		c.Values, c.Expected = append(c.Values, short(v.Value)), append(c.Expected, short(v.Expected))
		c.Lower, c.Upper = append(c.Lower, short(v.Lower)), append(c.Upper, short(v.Upper))
	}
}

// short rounds to five digits: a picture shows no more, and the chart is stored with
// each message.
func short(v float64) telemetry.Number {
	f, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	if err != nil {
		return telemetry.Number(v)
	}
	return telemetry.Number(f)
}

// marks are the suspected changes within the picture, the onset and the end, in
// order of time.
func marks(c *notify.Chart, i incident.Incident, ranking rca.Ranking) []notify.ChartMark {
	var out []notify.ChartMark
	add := func(at time.Time, kind notify.MarkKind, text string) {
		if !at.Before(c.From) && !at.After(c.To) && len(out) < notify.MaxChartMarks {
			out = append(out, notify.ChartMark{At: at, Kind: kind, Text: render.Cut(render.Line(text), 100)})
		}
	}
	add(onsetOf(i), notify.MarkOnset, "onset")
	if i.State.Over() {
		add(i.Resolved, notify.MarkResolved, "resolved")
	}
	for _, f := range ranking.Findings[:min(len(ranking.Findings), 8)] {
		if f.Change != nil {
			add(f.Change.Started, notify.MarkChange, f.Change.Title())
		}
	}
	slices.SortStableFunc(out, func(a, b notify.ChartMark) int { return a.At.Compare(b.At) })
	return out
}

// chartTime is what pictures have taken of the present minute. It is used by one
// responder at a time.
type chartTime struct {
	since time.Time
	spent time.Duration
}

func (t *chartTime) may(now time.Time) bool {
	if now.Sub(t.since) >= time.Minute {
		*t = chartTime{since: now}
	}
	return t.spent < chartMinute
}

func (t *chartTime) took(_ time.Time, d time.Duration) { t.spent += d }
