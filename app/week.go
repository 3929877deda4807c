package app

import (
	"context"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/report"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// week writes the report on a time. Budgets are those of the seven days before now, as
// the detector keeps no older ones.
func (a *App) week(ctx context.Context, c *Core, cfg report.Config, from, to time.Time) (report.Week, error) {
	in := report.WeekInput{From: from, To: to, BaseURL: a.url}
	list, err := c.incidents.List(ctx, incident.Filter{From: from, To: to, Limit: page})
	if err != nil {
		return report.Week{}, err
	}
	if len(list) == page {
		return report.Week{}, tooMuch("incidents")
	}
	for _, i := range list {
		one := report.WeekIncident{Incident: i}
		r, _, err := c.rankings.Latest(ctx, i.ID)
		if err != nil {
			return report.Week{}, err
		}
		if len(r.Findings) > 0 {
			one.Suspect, one.Probability = r.Findings[0].Title, r.Findings[0].Probability
		}
		in.Incidents = append(in.Incidents, one)
	}
	if in.Changes, err = c.weekChanges(ctx, from, to); err != nil {
		return report.Week{}, err
	}
	budgets, err := c.Budgets(ctx)
	if err != nil {
		return report.Week{}, err
	}
	for _, b := range budgets {
		in.Alarms = append(in.Alarms, report.WeekAlarms{Service: b.Service, Allowed: b.PerWeek, Charged: b.Spent7})
	}
	if in.Alerts, err = c.alertLog.Entries(ctx, journal.Filter{From: from, To: to}); err != nil {
		return report.Week{}, err
	}
	if in.Runbooks, err = a.runbookFolder(cfg).Names(); err != nil {
		return report.Week{}, err
	}
	if in.Delivery, err = c.Delivery(ctx, web.DeliveryRequest{From: from, To: to, Zone: time.UTC}); err != nil {
		return report.Week{}, err
	}
	return report.BuildWeek(in, cfg), nil
}

// weekChanges returns the changes that began within a time, with the words on them.
func (c *Core) weekChanges(ctx context.Context, from, to time.Time) ([]report.Change, error) {
	f := change.Filter{From: from, To: to, Limit: page}
	known := map[string]bool{}
	var all []telemetry.Change
	for {
		list, err := c.feed.List(ctx, f)
		if err != nil {
			return nil, err
		}
		all = appendNew(all, list, known)
		if len(all) > deliveryMost {
			return nil, tooMuch("changes")
		}
		if len(list) < page || !list[page-1].Started.Before(list[0].Started) {
			break
		}
		f.To = list[page-1].Started.Add(time.Millisecond)
	}
	out := make([]report.Change, len(all))
	for n, ch := range all {
		out[n].Change = ch
		v, _, judged, err := c.feed.Verdict(ctx, ch.ID)
		if err != nil {
			return nil, err
		}
		if judged {
			out[n].Verdict = &v
		}
	}
	return out, nil
}
