package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// Untold says that another channel was not told, and why. The message that
// carries it is about what that channel should have heard.
type Untold struct {
	Channel string    `json:"channel"`          // that failed
	Reason  string    `json:"reason"`           // refused, gave_up, unreadable or not_configured
	Error   string    `json:"error,omitempty"`  // its last answer
	Event   string    `json:"event,omitempty"`  // what was not told; see Delivery.Kind
	Tries   int       `json:"tries"`            // that were made
	Since   time.Time `json:"since"`            // when it was to be told
	Passed  []string  `json:"passed,omitempty"` // channels that failed before; none of them is tried again
	// More counts messages that this one stands for when many fail; Missed
	// names the first of them.
	More   int      `json:"more,omitempty"`
	Missed []string `json:"missed,omitempty"`
}

// String says what was not told to whom and why.
func (u Untold) String() string {
	if u.More > 0 {
		return fmt.Sprintf("%d messages to channel %s were not told (%s): %s", u.More, u.Channel, u.Reason, strings.Join(u.Missed, "; "))
	}
	s := fmt.Sprintf("channel %s was not told (%s) of %s", u.Channel, u.Reason, strings.TrimPrefix(u.Event, "group/"))
	if u.Error != "" {
		s += ": " + u.Error
	}
	return s
}

const (
	// spokenPerHour bounds the messages of one channel that others tell of one
	// by one; those beyond are told together.
	spokenPerHour = 20
	// gatherUntold is how long a message that stands for many waits for more.
	gatherUntold = time.Minute
	// maxMissed bounds the names in it.
	maxMissed = 20
)

// budget counts what was spent since an hour began.
type budget struct {
	from  time.Time
	spent int
}

func (b *budget) spend(now time.Time) bool {
	if now.Sub(b.from) >= time.Hour {
		b.from, b.spent = now, 0
	}
	b.spent++
	return b.spent <= spokenPerHour
}

// fallback returns the lane that says what a channel was not told: the first of
// its own list, of the common list or, when neither is configured, the next
// channel in order, receivers after channels and channels after receivers.
// Those that have failed to say it already are passed over, so that a message
// goes round at most once.
func (b *Outbox) fallback(channel string, passed []string) *lane {
	names := b.cfg.Fallback
	if i := slices.IndexFunc(b.cfg.Channels, func(c ChannelConfig) bool { return c.Name == channel }); i >= 0 && b.cfg.Channels[i].Fallback != nil {
		names = b.cfg.Channels[i].Fallback
	}
	if names == nil {
		at := slices.IndexFunc(b.lanes, func(l *lane) bool { return l.name == channel }) + 1
		round := append(slices.Clone(b.lanes[at:]), b.lanes[:at]...)
		slices.SortStableFunc(round, func(x, y *lane) int {
			return boolRank(isReceiver(x.name) != isReceiver(channel)) - boolRank(isReceiver(y.name) != isReceiver(channel))
		})
		for _, l := range round {
			names = append(names, l.name)
		}
	}
	for _, n := range names {
		if l := b.byName[n]; l != nil && n != channel && !slices.Contains(passed, n) {
			return l
		}
	}
	return nil
}

func isReceiver(channel string) bool { return strings.HasPrefix(channel, ReceiverPrefix) }

func boolRank(v bool) int {
	if v {
		return 1
	}
	return 0
}

// sayElsewhere prepares what another channel is to say of a row that failed for
// good. Updates, notes and changes of suspects are not worth it.
func (b *Outbox) sayElsewhere(ctx context.Context, l *lane, r row, m Message, out *outcome, now time.Time) {
	if r.quiet || r.kind == string(incident.EventNote) || r.kind == string(incident.EventSuspects) {
		return
	}
	event := r.kind
	if event == string(incident.EventAttached) {
		event = string(incident.EventOpened) // for a channel that would have been told of it only then
	}
	u := Untold{
		Channel: r.channel, Reason: out.reason, Error: out.err, Event: event, Tries: r.attempts + out.tries, Since: r.created,
		Passed: []string{r.channel},
	}
	if m.Untold != nil {
		u.Passed = append(slices.Clone(m.Untold.Passed), r.channel)
		u.Channel, u.Event, u.Since, u.More, u.Missed = m.Untold.Channel, m.Untold.Event, m.Untold.Since, m.Untold.More, m.Untold.Missed
	}
	to := b.fallback(r.channel, u.Passed)
	if to == nil {
		b.metrics.fellBack(r.channel, "nobody")
		out.note = "nobody else is left to be told"
		return
	}
	b.metrics.fellBack(r.channel, "told")
	out.again = &planned{lane: to}
	switch {
	case m.Untold == nil && !l.spoken.spend(now):
		u.Missed, u.More = []string{fmt.Sprintf("%s %s", r.kind, name(m, r))}, 1
		out.notice = summary(u)
	case isReceiver(to.name):
		out.notice = asAlert(m, r, u, now)
	default:
		out.notice = b.asIncident(ctx, to, m, r, u)
	}
	out.notice.Key = r.key + "/untold/" + r.channel
}

// name says in a few words what a message is about.
func name(m Message, r row) string {
	switch {
	case m.Group != nil:
		return labelText(m.Group.Labels)
	case m.Incident.Title == "":
		return r.subject
	case m.Incident.Service == "":
		return m.Incident.Title
	}
	return m.Incident.Service + ": " + m.Incident.Title
}

func labelText(labels map[string]string) string {
	out := make([]string, 0, len(labels))
	for k, v := range labels {
		out = append(out, fmt.Sprintf("%s=%q", k, v))
	}
	slices.Sort(out)
	return "{" + strings.Join(out, ", ") + "}"
}

// asIncident returns the notice for a channel that is told of incidents: the
// message itself for one about an incident, as an opening if the channel knows
// nothing of it, and one about an incident made up for the purpose else.
func (b *Outbox) asIncident(ctx context.Context, to *lane, m Message, r row, u Untold) Message {
	n := Message{Event: m.Event, Incident: m.Incident, Ranking: m.Ranking, Links: m.Links, Untold: &u}
	if m.Group != nil || m.Incident.ID == "" {
		n = summary(u)
		n.Event.Incident, n.Incident.ID = r.subject, r.subject
		n.Incident.Title = name(m, r) + " was not told to " + u.Channel
		return n
	}
	if !m.Burning() {
		return n
	}
	told, err := b.knows(ctx, to.name, r.subject)
	switch {
	case err == nil && !told:
		n.Event.Kind = incident.EventOpened
	case opening(string(m.Event.Kind)):
		n.Event.Kind = incident.EventNote // it is no news there that it burns
	}
	return n
}

// summary returns a message that is about the failing channel itself.
func summary(u Untold) Message {
	id := "untold/" + u.Channel
	return Message{
		Event: incident.Event{Incident: id, Kind: incident.EventOpened, At: u.Since, Actor: "tocsin", Text: u.String()},
		Incident: incident.Incident{
			ID: id, Service: "tocsin", Title: "messages to channel " + u.Channel + " do not arrive", State: incident.StateOpen,
			Severity: incident.SeverityCritical, Onset: u.Since, Opened: u.Since, Updated: u.Since,
		},
		Untold: &u,
	}
}

// asAlert returns the notice for a receiver, which knows alerts only.
func asAlert(m Message, r row, u Untold, now time.Time) Message {
	labels := map[string]string{"alertname": "NotificationNotDelivered", "channel": u.Channel, "severity": "critical"}
	return Message{Untold: &u, Group: &Group{
		Key: "untold/" + r.subject + "/" + u.Channel, Labels: labels, Reason: GroupFirst,
		Alerts: []GroupAlert{{
			Labels: labels, StartsAt: now, Fingerprint: r.key + "/" + u.Channel,
			Annotations: map[string]string{"summary": name(m, r) + " was not told to " + u.Channel, "description": u.String()},
		}},
	}}
}

// writeNotice writes the row that another channel is to tell. One that stands
// for many is added to the one before while that still gathers.
func (b *Outbox) writeNotice(ctx context.Context, tx *sql.Tx, failed row, out outcome) error {
	m, channel, now := out.notice, out.again.lane.name, out.at
	if m.Group != nil {
		m.Group.Receiver = strings.TrimPrefix(channel, ReceiverPrefix)
	}
	r := row{key: m.Key, channel: channel, subject: m.Subject(), seq: failed.seq, kind: m.kind(), created: now, due: now}
	if m.Untold.More > 0 {
		r.due = now.Add(gatherUntold)
		rows, err := waitingRows(ctx, tx, channel, r.subject)
		if err != nil {
			return err
		}
		for _, o := range rows {
			var om Message
			if o.due.After(now) && o.attempts == 0 && json.Unmarshal(o.body, &om) == nil && om.Untold != nil && om.Untold.More > 0 {
				return addToNotice(ctx, tx, o, om, *m.Untold)
			}
		}
	}
	var err error
	if r.body, err = json.Marshal(m.Storable()); err != nil {
		return err
	}
	if _, err := insertRow(ctx, tx, r); err != nil {
		return err
	}
	return b.journal(ctx, tx, r.entry(WhatFallback, now, m.Untold.Reason, m.Untold.String()))
}

func addToNotice(ctx context.Context, tx *sql.Tx, o row, m Message, u Untold) error {
	m.Untold.More += u.More
	if len(m.Untold.Missed) < maxMissed {
		m.Untold.Missed = append(m.Untold.Missed, u.Missed...)
	}
	m.Event.Text = m.Untold.String()
	body, err := json.Marshal(m.Storable())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE outbox SET body = ? WHERE id = ? AND state = 'waiting'`, string(body), o.id)
	return err
}
