package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// presentMessage returns the message about an incident as it stands: its latest
// event, the latest ranking of causes and links. Messages that were held back or
// that nobody acknowledged are told with it.
func (c *Core) presentMessage(ctx context.Context, id string) (notify.Message, error) {
	inc, events, err := c.incidents.GetOwn(ctx, id)
	if err != nil {
		return notify.Message{}, err
	}
	m := notify.Message{Incident: inc, Links: c.links(inc)}
	if n := len(events); n > 0 {
		m.Event = events[n-1]
	}
	if m.Ranking, _, err = c.rankings.Latest(ctx, id); err != nil {
		return notify.Message{}, fmt.Errorf("latest ranking of incident %s: %w", id, err)
	}
	return m, nil
}

// silencesChanged looks again at what is held back, since a silence may have
// ended.
func (c *Core) silencesChanged(ctx context.Context) {
	if err := c.Outbox().Reconsider(context.WithoutCancel(ctx)); err != nil {
		c.log.Error("messages that a silence held back are told only when it was to end", "error", err)
	}
}

// noteEscalation puts a step of an escalation on the incident's timeline, once
// for each key.
func (c *Core) noteEscalation(ctx context.Context, id, key, text string, at time.Time) error {
	_, _, err := c.incidents.AppendEvent(ctx, incident.Event{
		Incident: id, Kind: incident.EventNotified, At: at, Actor: "tocsin", Text: text, Key: key,
	})
	return err
}
