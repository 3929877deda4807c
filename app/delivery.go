package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

const (
	// deliveryBefore is how far before its time a report looks for the version that ran.
	deliveryBefore = 30 * 24 * time.Hour
	// deliveryMost bounds what one report reads of changes and of incidents.
	deliveryMost = 50_000
	// page is what the stores hand out at once.
	page = 1000
)

// Delivery computes the figures of delivery; see package delivery.
func (c *Core) Delivery(ctx context.Context, r web.DeliveryRequest) (delivery.Report, error) {
	in := delivery.Input{From: r.From, To: r.To, Zone: r.Zone}
	f := change.Filter{Service: r.Service, Environment: r.Environment, From: r.From.Add(-deliveryBefore), To: r.To, Limit: page}
	known := map[string]bool{}
	for {
		list, err := c.feed.List(ctx, f)
		if err != nil {
			return delivery.Report{}, err
		}
		in.Changes = appendNew(in.Changes, list, known)
		if len(in.Changes) > deliveryMost {
			return delivery.Report{}, tooMuch("changes")
		}
		if len(list) < page || !list[page-1].Started.Before(list[0].Started) {
			break
		}
		f.To = list[page-1].Started.Add(time.Millisecond) // those of the same millisecond come again
	}
	var err error
	if in.Verdicts, err = c.feed.VerdictStates(ctx, ids(in.Changes)); err != nil {
		return delivery.Report{}, err
	}
	if in.Incidents, err = c.deliveryIncidents(ctx, r); err != nil {
		return delivery.Report{}, err
	}
	return delivery.Compute(in), nil
}

func tooMuch(what string) error {
	return &web.Error{Kind: web.KindInvalid, Message: fmt.Sprintf("more than %d %s in this time; ask for a shorter one or for one service", deliveryMost, what)}
}

func appendNew(all, list []telemetry.Change, known map[string]bool) []telemetry.Change {
	for _, ch := range list {
		if !known[ch.ID] {
			known[ch.ID] = true
			all = append(all, ch)
		}
	}
	return all
}

func ids(list []telemetry.Change) []string {
	out := make([]string, len(list))
	for i, ch := range list {
		out[i] = ch.ID
	}
	return out
}

// deliveryIncidents returns the incidents of all services, since one may be put down
// to a change of another service than its own.
func (c *Core) deliveryIncidents(ctx context.Context, r web.DeliveryRequest) ([]delivery.Incident, error) {
	f := incident.Filter{From: r.From, To: r.To, Limit: page}
	known := map[string]bool{}
	var out []delivery.Incident
	for {
		list, err := c.incidents.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			if known[i.ID] || r.Environment != "" && i.Environment != "" && i.Environment != r.Environment {
				continue
			}
			known[i.ID] = true
			one := delivery.Incident{ID: i.ID, Service: i.Service, Opened: i.Opened, Acked: i.Acked, Resolved: i.Resolved}
			ranking, _, err := c.rankings.Latest(ctx, i.ID)
			if err != nil {
				return nil, err
			}
			if len(ranking.Findings) > 0 && ranking.Findings[0].Change != nil {
				one.Change, one.Probability = ranking.Findings[0].Change.ID, ranking.Findings[0].Probability
			}
			out = append(out, one)
		}
		if len(out) > deliveryMost {
			return nil, tooMuch("incidents")
		}
		if len(list) < page || !list[page-1].Opened.Before(list[0].Opened) {
			return out, nil
		}
		f.To = list[page-1].Opened.Add(time.Millisecond)
	}
}
