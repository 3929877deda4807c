package app

import (
	"context"
	"fmt"

	"github.com/prometheus/prometheus/util/strutil"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/rca"
)

// respondCursor names the place in the event log up to which messages have been
// put into the outbox.
const respondCursor = "respond"

// respondBatch bounds the events read at once.
const respondBatch = 64

// Respond works off the incident event log from its cursor: it ranks causes for
// each event, stores the ranking, puts the messages into the outbox and moves the
// cursor. A crash at any point repeats steps whose effect is already there: the
// outbox is keyed by event and channel. Returns how many events were worked off.
func (c *Core) Respond(ctx context.Context) (int, error) {
	c.respondMu.Lock()
	defer c.respondMu.Unlock()
	done := 0
	for {
		seq, err := c.incidents.Cursor(ctx, respondCursor)
		if err != nil {
			return done, fmt.Errorf("respond: read cursor: %w", err)
		}
		recs, err := c.incidents.EventsAfter(ctx, seq, respondBatch)
		if err != nil {
			return done, fmt.Errorf("respond: read events after %d: %w", seq, err)
		}
		for _, rec := range recs {
			if err := c.respondTo(ctx, rec); err != nil {
				return done, fmt.Errorf("respond to event %d of incident %s: %w", rec.Event.Seq, rec.Incident.ID, err)
			}
			if err := c.incidents.SetCursor(ctx, respondCursor, rec.Event.Seq); err != nil {
				return done, fmt.Errorf("respond: move cursor to %d: %w", rec.Event.Seq, err)
			}
			done++
		}
		if len(recs) < respondBatch {
			return done, nil
		}
	}
}

func (c *Core) respondTo(ctx context.Context, rec incident.EventRecord) error {
	c.refund(rec.Incident)
	c.remember(ctx, rec)
	c.related.over(rec.Incident)
	if rec.Silent() {
		return nil
	}
	ranking, err := c.rank(ctx, rec)
	if err != nil {
		// People must be told even when the cause cannot be ranked.
		c.log.Warn("rank causes", "incident", rec.Incident.ID, "error", err)
	}
	box := c.Outbox()
	m := notify.Message{
		Key:      notify.Key(rec.Event),
		Event:    rec.Event,
		Incident: rec.Incident,
		Ranking:  ranking,
		Links:    c.links(rec.Incident),
		Chart:    c.chartFor(ctx, rec, ranking),
	}
	if m.Chart != nil {
		m.ChartURL = c.chartURL(m.Key)
	}
	_, err = box.Enqueue(ctx, m)
	if err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	if now := c.Outbox(); now != box {
		now.Wake() // a reload came between, and only the old one knows of the row
	}
	return nil
}

// rank makes and stores a new ranking for events that can change it, and returns
// the latest stored one for the rest.
func (c *Core) rank(ctx context.Context, rec incident.EventRecord) (rca.Ranking, error) {
	if !reranks(rec.Event.Kind) {
		r, _, err := c.rankings.Latest(ctx, rec.Incident.ID)
		return r, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.rankTimeout)
	defer cancel()
	r, err := c.currentRanker().Rank(ctx, c.taught(ctx, rec.Incident, rca.Query{
		Service:     rec.Incident.Service,
		Environment: rec.Incident.Environment,
		Onset:       rec.Incident.Onset,
		At:          rec.Event.At,
		Seen:        rec.Incident.Opened,
	}))
	if err != nil {
		return rca.Ranking{}, err
	}
	c.related.ranked(rec.Incident.ID, r)
	if _, err := c.rankings.Save(ctx, rec.Incident.ID, r); err != nil {
		return r, err
	}
	return r, nil
}

// reranks says which events bring new evidence about the cause. Recovery does
// not: a ranking made from healthy data would forget why the incident happened.
func reranks(k incident.EventKind) bool {
	switch k {
	case incident.EventOpened, incident.EventAttached, incident.EventRaised, incident.EventReopened, incident.EventChange:
		return true
	}
	return false
}

// links returns the addresses that every message about an incident carries: its
// page, the query that draws the series that tells most, and the runbooks of the
// alerts that burn.
func (c *Core) links(inc incident.Incident) []notify.Link {
	out := []notify.Link{{Name: "Incident", URL: c.externalURL + "/incidents/" + inc.ID}}
	if o, ok := render.Lead(inc); ok && o.Query != "" {
		out = append(out, notify.Link{Name: "Chart", URL: c.externalURL + strutil.GraphLinkForExpression(o.Query)})
	}
	return append(out, c.runbooks(inc)...)
}

// maxRunbooks bounds the runbooks of one message.
const maxRunbooks = 3

// runbooks returns the address that each burning alert of an incident has as its
// annotation runbook_url, each once.
func (c *Core) runbooks(inc incident.Incident) []notify.Link {
	wanted := map[string]bool{}
	for _, o := range inc.Occurrences {
		if o.Source == incident.SourceAlert {
			wanted[o.Key] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var out []notify.Link
	seen := map[string]bool{}
	for _, a := range c.engine.Alerts() {
		u := a.Annotations["runbook_url"]
		if u == "" || seen[u] || !wanted[incident.AlertKey(a)] {
			continue
		}
		seen[u] = true
		name := "Runbook"
		if len(out) > 0 {
			name += " of " + a.Name
		}
		if out = append(out, notify.Link{Name: name, URL: u}); len(out) == maxRunbooks {
			break
		}
	}
	return out
}
