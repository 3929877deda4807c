package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// muteAgain is when a muted message is asked about again whose mute has no end
// that is known.
const muteAgain = time.Minute

// Reasons of a Mute.
const (
	MuteSilence      = "silence"
	MuteInhibited    = "inhibited"
	MuteMaintenance  = "maintenance"
	MuteTimeInterval = "time_interval"
)

// Mute is a word on whether a message may be told just now. A message that may
// not waits, and newer messages of its subject are merged into it; it is asked
// about again at Until, or each minute when that is not known.
type Mute struct {
	Reason string    // silence, inhibited, maintenance or time_interval; "": tell
	Detail string    // which one, for people: the id of the silence, the name of the window
	Until  time.Time // zero: not known
}

// String names the mute, as in "maintenance window db upgrade".
func (m Mute) String() string {
	s := m.Reason
	switch m.Reason {
	case MuteMaintenance:
		s = "maintenance window"
	case MuteTimeInterval:
		s = "time interval"
	case MuteInhibited:
		s = "inhibition"
	}
	if m.Detail != "" {
		s += " " + m.Detail
	}
	return s
}

// Held is why and since when a message that is told now was held back.
type Held struct {
	Reason string    `json:"reason"` // see Mute
	Detail string    `json:"detail,omitempty"`
	Since  time.Time `json:"since"`
}

// String says what is over, as in "after maintenance window db upgrade".
func (h Held) String() string { return "after " + Mute{Reason: h.Reason, Detail: h.Detail}.String() }

// ask asks whether a message may be told, and returns when to ask again.
func (b *Outbox) ask(ctx context.Context, m Message, channel string, now time.Time) (Mute, time.Time) {
	if b.muted == nil {
		return Mute{}, time.Time{}
	}
	mute, err := b.muted(ctx, m, channel, now)
	if err != nil {
		b.metrics.muteErrors.Inc()
		b.log.Error("it could not be found out whether a message is muted; it is told", "channel", channel, "subject", m.Subject(), "key", m.Key, "error", err)
		return Mute{}, time.Time{}
	}
	at := mute.Until
	if !at.After(now) {
		at = now.Add(muteAgain)
	}
	return mute, at
}

// unmuted says in short why a message that is told is not held back: because
// nothing does, or because what held it has ended.
func (b *Outbox) unmuted(m Message) string {
	switch {
	case b.muted == nil:
		return ""
	case m.Held != nil:
		return strings.ReplaceAll(m.Held.Reason, "_", " ") + " is over"
	}
	return "no silence, no window"
}

// permission is the word on a row that is due.
type permission int

const (
	tell   permission = iota
	wait              // it is muted, or has just become free and is looked at anew
	forget            // it ended while it was muted
)

// permit asks whether a row that is due may be told. What has ended is told in
// spite of a mute when its beginning was; else it is forgotten. A row whose mute
// is over is written anew as what still burns stands now, and then waits its
// turn.
func (b *Outbox) permit(ctx context.Context, r row, m Message, now time.Time) (permission, error) {
	mute, again := b.ask(ctx, m, r.channel, now)
	if mute.Reason == "" && r.muted.Reason == "" {
		return tell, nil
	}
	told, err := b.lastTold(ctx, r.channel, r.subject)
	if err != nil {
		return wait, fmt.Errorf("read what channel %s was told of %s: %w", r.channel, r.subject, err)
	}
	burns := told != "" && !incident.EventKind(told).Ends() && told != "group/"+GroupResolved
	switch {
	case !m.Burning() && (burns || r.attempts > 0):
		return tell, nil
	case !m.Burning():
		return forget, nil
	case mute.Reason != "":
		return wait, b.hold(ctx, r, mute, now, again)
	}
	if m, err = b.refresh(ctx, m); err != nil {
		return wait, err
	}
	if !m.Burning() {
		return forget, nil
	}
	m.Held = &Held{Reason: r.muted.Reason, Detail: r.muted.Detail, Since: r.mutedSince}
	if m.Group == nil && !burns {
		m.Event.Kind = incident.EventOpened
		if told != "" {
			m.Event.Kind = incident.EventReopened
		}
	}
	return wait, b.release(ctx, r, m, now)
}

// refresh returns the message with what it is about as that stands now.
func (b *Outbox) refresh(ctx context.Context, m Message) (Message, error) {
	if b.present == nil || m.Group != nil {
		return m, nil
	}
	p, err := b.present(ctx, m.Event.Incident)
	if err != nil {
		return m, fmt.Errorf("look up incident %s as it stands: %w", m.Event.Incident, err)
	}
	m.Incident, m.Ranking, m.Links, m.Chart = p.Incident, p.Ranking, p.Links, p.Chart
	return m, nil
}

// hold keeps a muted row waiting until it is to be asked about again. Rows of
// the subject that came before it was known to be muted are merged into the
// newest, which is asked about at once, because it may not be muted.
func (b *Outbox) hold(ctx context.Context, r row, mute Mute, now, again time.Time) error {
	fail := func(err error) error {
		return fmt.Errorf("keep message %s waiting on channel %s while it is muted: %w", r.key, r.channel, err)
	}
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return fail(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	rows, err := waitingRows(ctx, tx, r.channel, r.subject)
	if err != nil {
		return fail(err)
	}
	merged := 0
	if n := len(rows); n > 1 {
		heir := rows[n-1]
		for _, o := range rows[:n-1] {
			heir.replace(o)
			heir.quiet = heir.quiet && o.quiet
		}
		if merged, err = b.merge(ctx, tx, heir, mergeEvery, "muted"); err != nil {
			return fail(err)
		}
		r, again = heir, now
	}
	if r.mutedSince.IsZero() {
		r.mutedSince = now
	}
	if err := holdRow(ctx, tx, r, mute, again); err != nil {
		return fail(err)
	}
	if r.muted.Reason != mute.Reason || r.muted.Detail != mute.Detail {
		if err := b.journal(ctx, tx, r.entry(WhatMuted, now, mute.Reason, heldText(mute))); err != nil {
			return fail(err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fail(err)
	}
	if r.muted.Reason == "" {
		b.metrics.mutedRow(r.channel, mute.Reason)
	}
	if merged > 0 {
		b.metrics.finished(r.channel, StateMerged, "muted", merged)
	}
	return nil
}

func holdRow(ctx context.Context, tx execer, r row, mute Mute, again time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE outbox SET muted = ?, mute_detail = ?, muted_since = ?, due = ?, quiet = ?, attempts = ?, give_up_from = ?
		WHERE id = ? AND state = 'waiting'`,
		mute.Reason, mute.Detail, ms(r.mutedSince), ms(again), r.quiet, r.attempts, ms(r.giveUpFrom), r.id)
	return err
}

func heldText(m Mute) string {
	s := "held back by " + m.String()
	if !m.Until.IsZero() {
		s += " until " + m.Until.UTC().Format(time.RFC3339)
	}
	return s
}

// release writes a row anew whose mute is over: it is due at once, and the time
// after which the outbox gives up begins.
func (b *Outbox) release(ctx context.Context, r row, m Message, now time.Time) error {
	fail := func(err error) error {
		return fmt.Errorf("let message %s go on channel %s after its mute: %w", r.key, r.channel, err)
	}
	body, err := json.Marshal(m.Storable())
	if err != nil {
		return fail(err)
	}
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return fail(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	res, err := tx.ExecContext(ctx, `UPDATE outbox SET muted = '', mute_detail = '', muted_since = 0, due = ?, give_up_from = ?, kind = ?, body = ?
		WHERE id = ? AND state = 'waiting'`, ms(now), ms(now), m.kind(), string(body), r.id)
	if err != nil {
		return fail(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err // a newer message has taken its place just now
	}
	if err := b.journal(ctx, tx, r.entry(WhatUnmuted, now, r.muted.Reason, m.Held.String())); err != nil {
		return fail(err)
	}
	return tx.Commit()
}
