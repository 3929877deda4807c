package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// Escalation says that a message is told because nobody acknowledged.
type Escalation struct {
	Policy string    `json:"policy"` // name of the EscalationConfig
	Step   int       `json:"step"`   // from 1
	Round  int       `json:"round"`  // from 1
	Since  time.Time `json:"since"`  // when it began
	Told   []string  `json:"told"`   // channels that were told before
}

// String says why the message is told.
func (e Escalation) String() string {
	s := "nobody acknowledged since " + e.Since.UTC().Format(time.RFC3339)
	if len(e.Told) > 0 {
		s += "; told before: " + strings.Join(e.Told, ", ")
	}
	return s + fmt.Sprintf(" (escalation %s, step %d)", e.Policy, e.Step)
}

// States of an escalation. Those that are not running or muted are its end.
const (
	climbRunning   = "running"
	climbMuted     = "muted" // stands still; due is when to ask again
	climbAcked     = "acknowledged"
	climbResolved  = "resolved"
	climbExhausted = "exhausted"
	climbRemoved   = "removed" // from the configuration
)

// climb is one escalation of one incident.
type climb struct {
	incident, policy string
	step, round      int
	started, due     time.Time
	state            string
}

// ladder begins and ends escalations as an event of the incident demands, and
// reports whether one began. Repeating an event changes nothing.
func (b *Outbox) ladder(ctx context.Context, tx *sql.Tx, m Message, route Route) (bool, error) {
	switch {
	case m.Incident.State.Over():
		return false, b.endClimbs(ctx, tx, m, climbResolved)
	case m.Incident.State.InHand():
		return false, b.endClimbs(ctx, tx, m, climbAcked)
	}
	switch m.Event.Kind {
	case incident.EventOpened, incident.EventReopened, incident.EventRaised, incident.EventAttached:
	default:
		return false, nil
	}
	began := false
	for _, e := range b.cfg.Escalations {
		if !e.concerns(m.Incident, route.Channels) {
			continue
		}
		// Only a reopening begins one that has ended again.
		again := m.Event.Kind == incident.EventReopened
		res, err := tx.ExecContext(ctx, `INSERT INTO escalations (incident, policy, step, round, started, due, state) VALUES (?1, ?2, 0, 0, ?3, ?4, 'running')
			ON CONFLICT (incident, policy) DO UPDATE SET step = 0, round = 0, started = excluded.started, due = excluded.due, state = 'running'
			WHERE ?5 AND escalations.state NOT IN ('running', 'muted') AND escalations.started < excluded.started`,
			m.Event.Incident, e.Name, ms(m.Event.At), ms(m.Event.At.Add(time.Duration(e.Steps[0].After))), again)
		if err != nil {
			return false, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return false, err
		}
		began = began || n > 0
	}
	return began, nil
}

// endClimbs ends what escalates for an incident, and journals it.
func (b *Outbox) endClimbs(ctx context.Context, tx *sql.Tx, m Message, state string) error {
	rows, err := tx.QueryContext(ctx, `UPDATE escalations SET state = ? WHERE incident = ? AND state IN ('running', 'muted') RETURNING policy`, state, m.Event.Incident)
	if err != nil {
		return err
	}
	var ended []string
	for rows.Next() {
		var p string
		if err := rows.Scan(&p); err != nil {
			rows.Close()
			return err
		}
		ended = append(ended, p)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, p := range ended {
		detail := "escalation " + p + " ends: " + state
		if state == climbAcked && m.Event.Kind == incident.EventAcked {
			detail += " by " + m.Event.Actor
		}
		if err := b.journal(ctx, tx, Entry{At: b.now(), What: WhatEscalated, Subject: m.Subject(), Key: m.Key, Event: m.kind(), Reason: state, Detail: detail}); err != nil {
			return err
		}
	}
	return nil
}

// Escalate takes every step that is due at event time now: the channels of the
// step get a message about the incident as it stands. It returns when the next
// one is due, zero when none is. Run does so by itself; Deliver does it first.
func (b *Outbox) Escalate(ctx context.Context, now time.Time) (time.Time, error) {
	if b.present == nil {
		return time.Time{}, nil
	}
	b.climb.mu.Lock()
	defer b.climb.mu.Unlock()
	for ctx.Err() == nil {
		c, ok, err := b.nextClimb(ctx)
		if err != nil {
			return time.Time{}, fmt.Errorf("read escalations: %w", err)
		}
		if !ok || c.due.After(now) {
			return c.due, nil
		}
		if err := b.takeStep(ctx, c, now); err != nil {
			return time.Time{}, fmt.Errorf("escalation %s of incident %s, step %d: %w", c.policy, c.incident, c.step+1, err)
		}
	}
	return time.Time{}, nil
}

func (b *Outbox) nextClimb(ctx context.Context) (c climb, ok bool, err error) {
	var started, due int64
	err = b.db.QueryRowContext(ctx, `SELECT incident, policy, step, round, started, due, state FROM escalations
		WHERE state IN ('running', 'muted') ORDER BY due, incident, policy LIMIT 1`).
		Scan(&c.incident, &c.policy, &c.step, &c.round, &started, &due, &c.state)
	if errors.Is(err, sql.ErrNoRows) {
		return climb{}, false, nil
	}
	c.started, c.due = fromMS(started), fromMS(due)
	return c, err == nil, err
}

// takeStep takes the step of one escalation that is due, or notes why it does
// not.
func (b *Outbox) takeStep(ctx context.Context, c climb, now time.Time) error {
	at := slices.IndexFunc(b.cfg.Escalations, func(e EscalationConfig) bool { return e.Name == c.policy })
	if at < 0 || c.step >= len(b.cfg.Escalations[at].Steps) {
		c.state = climbRemoved
		return b.saveClimb(ctx, c, nil, Entry{At: now, Reason: climbRemoved, Detail: "escalation " + c.policy + " is not configured any more"})
	}
	e := b.cfg.Escalations[at]
	m, err := b.present(ctx, c.incident)
	if errors.Is(err, incident.ErrNotFound) {
		c.state = climbRemoved
		return b.saveClimb(ctx, c, nil, Entry{At: now, Reason: climbRemoved, Detail: "the incident is gone"})
	}
	if err != nil {
		return err
	}
	switch {
	case m.Incident.State.Over():
		c.state = climbResolved
	case m.Incident.State.InHand():
		c.state = climbAcked
	}
	if c.state == climbResolved || c.state == climbAcked {
		return b.saveClimb(ctx, c, nil, Entry{At: now, Reason: c.state, Detail: "escalation " + c.policy + " ends: " + c.state})
	}
	step := e.Steps[c.step]
	m.Event.Incident = c.incident
	m.Key = fmt.Sprintf("%s/escalation/%s/%d/%d.%d", c.incident, c.policy, ms(c.started), c.round+1, c.step+1)
	if mute, again := b.muteOfAll(ctx, m, step.Tell, now); mute.Reason != "" {
		was := c.state
		c.state, c.due = climbMuted, again
		entry := Entry{At: now, Reason: mute.Reason, Detail: "escalation " + c.policy + " stands still: " + heldText(mute)}
		if was == climbMuted {
			entry = Entry{} // known
		}
		return b.saveClimb(ctx, c, nil, entry)
	}
	if c.state == climbMuted {
		c.state, c.due = climbRunning, now.Add(time.Duration(step.After))
		return b.saveClimb(ctx, c, nil, Entry{At: now, Reason: "unmuted", Detail: "escalation " + c.policy + " goes on in " + step.After.String()})
	}
	return b.tellStep(ctx, c, e, m, now)
}

// muteOfAll returns the mute under which all channels of a step are, with the
// earliest time to ask again; none when at least one may be told.
func (b *Outbox) muteOfAll(ctx context.Context, m Message, channels []string, now time.Time) (Mute, time.Time) {
	var (
		all   Mute
		again time.Time
	)
	for _, ch := range channels {
		mute, at := b.ask(ctx, m, ch, now)
		if mute.Reason == "" {
			return Mute{}, time.Time{}
		}
		if all.Reason == "" || at.Before(again) {
			all, again = mute, at
		}
	}
	return all, again
}

// tellStep writes the messages of a step with the escalation's next state, in
// one transaction.
func (b *Outbox) tellStep(ctx context.Context, c climb, e EscalationConfig, m Message, now time.Time) error {
	step := e.Steps[c.step]
	told, err := b.toldBefore(ctx, c.incident)
	if err != nil {
		return err
	}
	m.Escalation = &Escalation{Policy: c.policy, Step: c.step + 1, Round: c.round + 1, Since: c.started, Told: told}
	text := fmt.Sprintf("nobody acknowledged for %s: telling %s (escalation %s, step %d)",
		now.Sub(c.started).Round(time.Second), strings.Join(step.Tell, ", "), c.policy, c.step+1)
	m.Event.At, m.Event.Actor, m.Event.Text = now, "tocsin", text
	if b.tellOf != nil {
		if err := b.tellOf(ctx, c.incident, m.Key, text, now); err != nil {
			return err
		}
	}
	entries := []Entry{{At: now, Key: m.Key, Reason: "unacknowledged", Detail: text}}
	c.step++
	if c.step >= len(e.Steps) {
		c.step, c.round = 0, c.round+1
	}
	if c.round > e.Repeat {
		c.state = climbExhausted
		entries = append(entries, Entry{At: now, Key: m.Key, Reason: climbExhausted, Detail: "escalation " + c.policy + " has no further step"})
	}
	c.due = now.Add(time.Duration(e.Steps[c.step].After))
	var rows []row
	for _, ch := range step.Tell {
		if b.byName[ch] == nil {
			continue // Config.Validate wants it; a test may not
		}
		m.Event.Kind = incident.EventOpened
		if slices.Contains(told, ch) {
			m.Event.Kind = incident.EventRaised // it must make a sound again
		}
		r := row{key: m.Key, channel: ch, subject: c.incident, seq: m.Event.Seq, kind: m.kind(), created: now, due: now}
		if r.body, err = json.Marshal(m.Storable()); err != nil {
			return err
		}
		rows = append(rows, r)
	}
	return b.saveClimb(ctx, c, rows, entries...)
}

// toldBefore returns the channels that took a message about the incident, in
// configured order.
func (b *Outbox) toldBefore(ctx context.Context, id string) ([]string, error) {
	out := []string{}
	for _, l := range b.lanes {
		if kind, err := b.lastTold(ctx, l.name, id); err != nil {
			return nil, err
		} else if kind != "" {
			out = append(out, l.name)
		}
	}
	return out, nil
}

// saveClimb stores an escalation with the rows that its step makes and what the
// journal says of it. An escalation that was ended meanwhile stays as it is, and
// nothing is told.
func (b *Outbox) saveClimb(ctx context.Context, c climb, rows []row, entries ...Entry) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	res, err := tx.ExecContext(ctx, `UPDATE escalations SET step = ?, round = ?, due = ?, state = ? WHERE incident = ? AND policy = ? AND state IN ('running', 'muted') AND started = ?`,
		c.step, c.round, ms(c.due), c.state, c.incident, c.policy, ms(c.started))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	for _, r := range rows {
		if _, err := insertRow(ctx, tx, r); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if e.Reason == "" {
			continue
		}
		e.What, e.Subject = WhatEscalated, c.incident
		if err := b.journal(ctx, tx, e); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	for _, r := range rows {
		b.metrics.enqueued(r.channel, false)
		b.byName[r.channel].waiting.Add(1)
		b.byName[r.channel].signal()
	}
	return nil
}
