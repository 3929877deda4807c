package app

import (
	"context"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/incident/similar"
	"github.com/tocsinhq/tocsin/report"
)

// alike returns the incidents that were over before this one opened and looked most
// like it, the likest first, each with what helped then if its log says so. What came
// later is left out, so that a report written twice says the same twice.
func (c *Core) alike(ctx context.Context, i incident.Incident) ([]report.Similar, error) {
	own, _, err := c.lessons.prints.Get(ctx, i.ID)
	if err != nil {
		return nil, err
	}
	past, err := c.lessons.prints.Past(ctx, i.ID, i.Opened)
	if err != nil {
		return nil, err
	}
	var out []report.Similar
	for _, m := range similar.Nearest(own.Print, endedBefore(past, i.Opened), similar.Most, similar.Cut) {
		s := report.Similar{ID: m.Record.Incident, Title: m.Record.Title, Onset: m.Record.Onset, Score: m.Similarity}
		for _, done := range m.Record.Ended {
			if done.Helped {
				s.Fixed = done.Text
			}
		}
		out = append(out, s)
	}
	return out, nil
}
