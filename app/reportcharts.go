package app

import (
	"context"
	"slices"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/report"
)

// reportPictures is how many charts a report has.
const reportPictures = 3

// reportCharts returns the charts of what users felt, and of what messages showed. Those
// that a message showed are as they were then; the others are drawn anew of what is
// stored, and left out when that is gone.
func (c *Core) reportCharts(ctx context.Context, in report.Input) ([]*notify.Chart, error) {
	if len(in.Records) == 0 {
		return nil, nil
	}
	kept, err := c.keptCharts(ctx, in)
	if err != nil {
		return nil, err
	}
	var out []*notify.Chart
	has := func(title string) func(*notify.Chart) bool {
		return func(x *notify.Chart) bool { return x.Title == title }
	}
	for _, o := range in.Incident.Occurrences {
		title := chartTitle(o)
		if len(out) == reportPictures || !o.Symptom || o.Query == "" || slices.ContainsFunc(out, has(title)) {
			continue
		}
		if n := slices.IndexFunc(kept, has(title)); n >= 0 {
			out = append(out, kept[n])
			continue
		}
		x, err := c.drawnAlone(ctx, in, o)
		if err != nil {
			return nil, err
		}
		if x.Drawable() && !slices.ContainsFunc(out, has(x.Title)) {
			out = append(out, x)
		}
	}
	for _, x := range kept {
		if len(out) < reportPictures && !slices.ContainsFunc(out, has(x.Title)) {
			out = append(out, x)
		}
	}
	return out, nil
}

// keptCharts returns the pictures that messages about the incident showed, the last of
// each series, the latest first.
func (c *Core) keptCharts(ctx context.Context, in report.Input) ([]*notify.Chart, error) {
	var out []*notify.Chart
	for _, r := range slices.Backward(in.Records) {
		if !drawsChart(r.Event.Kind) {
			continue
		}
		m, kept, err := c.Outbox().Message(ctx, notify.Key(r.Event))
		if err != nil {
			return nil, err
		}
		if kept && m.Chart.Drawable() && !slices.ContainsFunc(out, func(x *notify.Chart) bool { return x.Title == m.Chart.Title }) {
			out = append(out, m.Chart)
		}
	}
	return out, nil
}

// drawnAlone draws one occurrence up to the last event of the incident.
func (c *Core) drawnAlone(ctx context.Context, in report.Input, o incident.Occurrence) (*notify.Chart, error) {
	var ranking rca.Ranking
	if in.Ranking != nil {
		ranking = *in.Ranking
	}
	last := in.Records[len(in.Records)-1]
	last.Incident = in.Incident
	last.Incident.Occurrences = []incident.Occurrence{o}
	return c.drawn(ctx, last, ranking)
}
