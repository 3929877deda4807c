package notify

import (
	"context"
	"fmt"
	"strings"
	"time"
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

// asks asks whether the row may be told, and returns when to ask again.
func (b *Outbox) asks(ctx context.Context, m Message, r row, now time.Time) (Mute, time.Time) {
	if b.muted == nil {
		return Mute{}, time.Time{}
	}
	mute, err := b.muted(ctx, m, r.channel, now)
	if err != nil {
		b.metrics.muteErrors.Inc()
		b.log.Error("it could not be found out whether a message is muted; it is told", "channel", r.channel, "subject", r.subject, "key", r.key, "error", err)
		return Mute{}, time.Time{}
	}
	at := mute.Until
	if !at.After(now) {
		at = now.Add(muteAgain)
	}
	return mute, at
}

// unmuted says in short why a row that asks allows is told: because nothing holds it,
// or because what held it has ended.
func (b *Outbox) unmuted(r row) string {
	switch {
	case b.muted == nil:
		return ""
	case r.muted.Reason != "":
		return strings.ReplaceAll(r.muted.Reason, "_", " ") + " is over"
	}
	return "no silence, no window"
}

// hold keeps a muted row waiting until it is to be asked about again.
func (b *Outbox) hold(ctx context.Context, r row, mute Mute, now, at time.Time) error {
	if _, err := b.db.ExecContext(ctx, `UPDATE outbox SET muted = ?, mute_detail = ?, due = ?,
		muted_since = CASE WHEN muted_since = 0 THEN ? ELSE muted_since END WHERE id = ? AND state = 'waiting'`,
		mute.Reason, mute.Detail, ms(at), ms(now), r.id); err != nil {
		return fmt.Errorf("keep message %s waiting on channel %s while it is muted: %w", r.key, r.channel, err)
	}
	if r.muted.Reason == "" {
		b.metrics.mutedRow(r.channel, mute.Reason)
	}
	return nil
}
