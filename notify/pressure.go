package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// maxWaitingPerSubject is how many messages of one subject wait on one channel
// before they are merged although none is shown by another.
const maxWaitingPerSubject = 16

// inserted is what became of a row that was to be written.
type inserted struct {
	written bool
	merged  int
	why     string // of the merge
	full    bool   // it was dropped, because too many wait on the channel
}

// insert writes one row unless it is there. While its subject is muted on the
// channel, it takes the place of what waits; on a channel that edits, of what it
// shows anyway; when too many wait, of all but the first, which somebody may
// have got. A channel on which far too many wait takes no more.
func (b *Outbox) insert(ctx context.Context, tx *sql.Tx, m Message, p planned) (out inserted, err error) {
	now, l := b.now(), p.lane
	r := row{
		key: m.Key, channel: l.name, subject: m.Subject(), seq: m.Event.Seq,
		kind: m.kind(), quiet: p.quiet, created: now, due: now,
	}
	var known, waiting, muted int
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(key = ?), 0), COALESCE(SUM(state = 'waiting'), 0), COALESCE(SUM(state = 'waiting' AND muted <> ''), 0)
		FROM outbox WHERE subject = ? AND channel = ?`, r.key, r.subject, r.channel).Scan(&known, &waiting, &muted); err != nil || known > 0 {
		return out, err
	}
	full, err := b.full(ctx, tx, l)
	if err != nil {
		return out, err
	}
	which := ""
	switch {
	case muted > 0:
		which, out.why = mergeEvery, "muted"
	case waiting >= maxWaitingPerSubject, full > 0 && waiting > 1:
		which, out.why = mergeUntried, "crowded"
	case full > 0 && (p.quiet || minor(m.Event.Kind)), full > 1 && waiting == 0:
		out.full = true
		return out, b.journal(ctx, tx, r.entry(WhatDropped, now, "queue_full", "too many messages wait on the channel"))
	case l.edits:
		which, out.why = mergeQuiet, "newer"
	}
	if which == mergeEvery || which == mergeUntried {
		if err := b.takePlace(ctx, tx, &r, &m, which); err != nil {
			return out, err
		}
	}
	if r.quiet {
		last, err := lastQuiet(ctx, tx, r.channel, r.subject)
		if err != nil {
			return out, err
		}
		if t := last.Add(time.Duration(b.cfg.UpdateEvery)); !last.IsZero() && t.After(now) && muted == 0 {
			r.due = t
		}
	}
	m.Quiet = r.quiet
	if r.body, err = json.Marshal(m.Storable()); err != nil {
		return out, err
	}
	if out.written, err = insertRow(ctx, tx, r); err != nil || !out.written || which == "" {
		return out, err
	}
	out.merged, err = b.merge(ctx, tx, r, which, out.why)
	return out, err
}

// minor are events that a channel which cannot keep up need not hear of.
func minor(k incident.EventKind) bool {
	return k == incident.EventSuspects || k == incident.EventNote
}

// takePlace makes the new row the heir of those that it is merged with: it makes
// a sound if one of them would have, and is an opening if one of them was. What
// a muted row is told as is decided when the mute ends.
func (b *Outbox) takePlace(ctx context.Context, tx *sql.Tx, r *row, m *Message, which string) error {
	older, err := waitingRows(ctx, tx, r.channel, r.subject)
	if err != nil {
		return err
	}
	for i, o := range older {
		if which == mergeUntried && (i == 0 || o.attempts > 0) {
			continue
		}
		r.replace(o)
		r.quiet = r.quiet && o.quiet
		if which == mergeUntried && opening(o.kind) && m.Burning() {
			m.Event.Kind, r.kind = incident.EventKind(o.kind), o.kind
		}
	}
	return nil
}

func opening(kind string) bool {
	switch incident.EventKind(kind) {
	case incident.EventOpened, incident.EventAttached, incident.EventReopened:
		return true
	}
	return false
}

// full returns 1 when more than Config.MaxWaiting rows wait on the lane, 2 when
// more than twice as many do, and 0 else. Rows are counted only when the guess
// that is kept in memory says that there may be so many.
func (b *Outbox) full(ctx context.Context, tx *sql.Tx, l *lane) (int, error) {
	most := int64(b.cfg.MaxWaiting)
	if l.waiting.Load() < most {
		return 0, nil
	}
	var n int64
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM outbox WHERE state = 'waiting' AND channel = ?`, l.name).Scan(&n); err != nil {
		return 0, err
	}
	l.waiting.Store(n)
	switch {
	case n >= 2*most:
		return 2, nil
	case n >= most:
		return 1, nil
	}
	return 0, nil
}
