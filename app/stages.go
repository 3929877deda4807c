package app

import (
	"context"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

const (
	// stageHistory is how far back a version may have been in an earlier stage.
	stageHistory = 90 * 24 * time.Hour
	// stageMost bounds the deployments that are looked at for one answer.
	stageMost = 5000
)

// StageNotes says where each deployment among the changes stands among the stages, by
// its id; those that are of no stage are left out.
func (c *Core) StageNotes(ctx context.Context, list []telemetry.Change) (map[string]stage.Note, error) {
	p := c.stages.Load()
	var services []string
	var first, last time.Time
	for _, ch := range list {
		if p.Of(ch) < 0 || ch.Kind != telemetry.KindDeployment {
			continue
		}
		if !slices.Contains(services, ch.Service) {
			services = append(services, ch.Service)
		}
		if first.IsZero() || ch.Started.Before(first) {
			first = ch.Started
		}
		if ch.Started.After(last) {
			last = ch.Started
		}
	}
	if len(services) == 0 {
		return map[string]stage.Note{}, nil
	}
	// Those that came to an earlier stage only afterwards are looked for too.
	history, err := c.feed.Deployments(ctx, services, first.Add(-stageHistory), last.Add(stageHistory), stageMost)
	if err != nil {
		return nil, err
	}
	return p.Notes(list, history), nil
}

// StageReport returns the stages and the ways that versions took through them, of one
// service or all, the latest first.
func (c *Core) StageReport(ctx context.Context, service string, from time.Time, limit int) (web.StageReport, error) {
	p := c.stages.Load()
	out := web.StageReport{Stages: []web.Stage{}}
	for _, s := range p.Stages() {
		out.Stages = append(out.Stages, web.Stage{
			Name: s.Name, Trigger: string(s.Trigger), Branch: s.Branch, ApprovalRequired: s.ApprovalRequired,
			Tests: s.Tests, Rollback: s.Rollback, Variables: s.Variables(),
		})
	}
	var services []string
	if service != "" {
		services = []string{service}
	}
	if from.IsZero() {
		from = c.now().Add(-stageHistory)
	}
	history, err := c.feed.Deployments(ctx, services, from, c.now().Add(time.Hour), stageMost)
	if err != nil {
		return out, err
	}
	out.Promotions = p.Promotions(history)
	out.More = len(out.Promotions) > limit
	out.Promotions = out.Promotions[:min(len(out.Promotions), limit)]
	return out, nil
}

// StageNotes does it for the pages.
func (s webChanges) StageNotes(ctx context.Context, list []telemetry.Change) (map[string]stage.Note, error) {
	return s.c.StageNotes(ctx, list)
}
