package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ReceiverPrefix begins the names of channels that are receivers of an
// Alertmanager configuration. Such channels hear of groups only: no incident is
// routed to them.
const ReceiverPrefix = "receiver/"

// MaxGroupAlerts bounds the alerts of one message; those beyond are counted in
// Group.TruncatedAlerts.
const MaxGroupAlerts = 10_000

// Reasons why a group of alerts is told.
const (
	GroupFirst    = "first"    // nothing of the group has been told yet
	GroupChanged  = "changed"  // alerts joined or ended
	GroupRepeat   = "repeat"   // unchanged, told again after the repeat interval
	GroupResolved = "resolved" // every alert has ended
)

// Group is a group of alerts as an Alertmanager route makes it, told to one of
// its receivers. It holds the state of every alert when the message was made.
type Group struct {
	Key             string            `json:"key"`                    // of the group, unique over routes
	Receiver        string            `json:"receiver"`               // its name in the configuration
	Labels          map[string]string `json:"labels"`                 // that the alerts are grouped by
	RouteLabels     map[string]string `json:"route_labels,omitempty"` // of the route, rendered
	Alerts          []GroupAlert      `json:"alerts"`
	Reason          string            `json:"reason"`           // first, changed, repeat or resolved
	Joined          bool              `json:"joined,omitempty"` // of changed: alerts joined, else some have ended
	TruncatedAlerts int               `json:"truncated_alerts,omitempty"`
}

// GroupAlert is one alert of a group.
type GroupAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"starts_at"`
	EndsAt       time.Time         `json:"ends_at,omitzero"` // of a firing alert: when it counts as ended if nobody repeats it
	GeneratorURL string            `json:"generator_url,omitempty"`
	Fingerprint  string            `json:"fingerprint"`
	Resolved     bool              `json:"resolved,omitempty"`
}

// Burning reports whether at least one alert has not ended.
func (g *Group) Burning() bool {
	if g == nil {
		return false
	}
	for _, a := range g.Alerts {
		if !a.Resolved {
			return true
		}
	}
	return false
}

// Subject names what a message is about, within which the order of messages is
// kept: the id of the incident, or group/ and the key of the group.
func (m Message) Subject() string {
	if m.Group != nil {
		return "group/" + m.Group.Key
	}
	return m.Event.Incident
}

// Burning reports whether what the message is about goes on: the incident is
// not resolved, or an alert of the group has not ended.
func (m Message) Burning() bool {
	if m.Group != nil {
		return m.Group.Burning()
	}
	return !m.Incident.State.Over()
}

// kind is the column of that name: the kind of the event, or group/ and why the
// group is told.
func (m Message) kind() string {
	if m.Group != nil {
		return "group/" + m.Group.Reason
	}
	return string(m.Event.Kind)
}

// EnqueueGroup writes the message about a group of alerts for one channel,
// whatever incidents the channel is told of, and returns whether it was new:
// repeated with the same key it writes nothing. When it returns without error
// the row is on disk. Because a group's message shows the whole group, those of
// it that still wait on the channel are merged into the new one: alerts which
// ended according to them and are not part of it any more go along, and the
// time after which the outbox gives up counts from the oldest. A channel that is
// not configured is an error.
func (b *Outbox) EnqueueGroup(ctx context.Context, m Message, channel string) (bool, error) {
	if m.Key == "" || m.Group == nil || m.Group.Key == "" {
		return false, errors.New("enqueue group: want a message with a key and a group that has one")
	}
	l := b.byName[channel]
	if l == nil {
		return false, fmt.Errorf("enqueue group %s: want the name of a channel, got %q, which is not configured", m.Group.Key, channel)
	}
	g := *m.Group
	if over := len(g.Alerts) - MaxGroupAlerts; over > 0 {
		g.Alerts, g.TruncatedAlerts = g.Alerts[:MaxGroupAlerts], g.TruncatedAlerts+over
	}
	m.Group = &g
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("enqueue group %s for %s: %w", g.Key, channel, err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	written, merged, err := b.writeGroup(ctx, tx, m, channel)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return false, fmt.Errorf("enqueue group %s for %s: %w", g.Key, channel, err)
	}
	if !written {
		return false, nil
	}
	b.metrics.enqueued(channel, false)
	if merged > 0 {
		b.metrics.finished(channel, StateMerged, "newer", merged)
	}
	l.signal()
	return true, nil
}

// writeGroup writes the row unless it is there, and marks those that it takes
// the place of; it returns how many.
func (b *Outbox) writeGroup(ctx context.Context, tx *sql.Tx, m Message, channel string) (written bool, merged int, err error) {
	g, now := m.Group, b.now()
	r := row{key: m.Key, channel: channel, subject: m.Subject(), kind: m.kind(), created: now, due: now}
	var known, last int64
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(key = ? AND channel = ?), 0), COALESCE(MAX(seq), 0) FROM outbox WHERE subject = ?`,
		r.key, channel, r.subject).Scan(&known, &last)
	if err != nil || known > 0 {
		return false, 0, err
	}
	r.seq = last + 1
	older, err := waitingRows(ctx, tx, channel, r.subject)
	if err != nil {
		return false, 0, err
	}
	first := false
	for _, o := range older {
		r.replace(o)
		var om Message
		if json.Unmarshal(o.body, &om) != nil || om.Group == nil {
			continue // what cannot be read has nothing to add
		}
		first = first || om.Group.Reason == GroupFirst && o.attempts == 0
		g.inherit(om.Group)
	}
	if first && g.Burning() {
		g.Reason, r.kind = GroupFirst, "group/"+GroupFirst
	}
	if r.body, err = json.Marshal(m.Storable()); err != nil {
		return false, 0, err
	}
	if written, err = insertRow(ctx, tx, r); err != nil || !written {
		return false, 0, err
	}
	merged, err = b.merge(ctx, tx, r, mergeEvery, "newer")
	return true, merged, err
}

// inherit takes over what an older message that was not delivered had to say:
// alerts that have ended and are not among the present ones.
func (g *Group) inherit(older *Group) {
	have := make(map[string]bool, len(g.Alerts))
	for _, a := range g.Alerts {
		have[a.Fingerprint] = true
	}
	alerts := g.Alerts[:len(g.Alerts):len(g.Alerts)]
	for _, a := range older.Alerts {
		if a.Resolved && !have[a.Fingerprint] && len(alerts) < MaxGroupAlerts {
			alerts = append(alerts, a)
		}
	}
	g.Alerts = alerts
}
