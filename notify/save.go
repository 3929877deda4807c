package notify

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// save writes an outcome with the channel's thread, its place in the journal and
// what another channel is to say of it, in one transaction. The text of a
// message that has come to its end is not kept, unless a picture is drawn of it.
func (b *Outbox) save(ctx context.Context, r row, out outcome) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if out.thread != r.thread {
		if _, err := tx.ExecContext(ctx, `INSERT INTO threads (channel, subject, thread) VALUES (?, ?, ?)
			ON CONFLICT (channel, subject) DO UPDATE SET thread = excluded.thread`, r.channel, r.subject, string(out.thread)); err != nil {
			return err
		}
	}
	if err := saveState(ctx, tx, r, out); err != nil {
		return err
	}
	if err := b.journal(ctx, tx, r.outcome(out)); err != nil {
		return err
	}
	if r.quiet && out.state == StateSent {
		if _, err := tx.ExecContext(ctx, `UPDATE outbox SET due = MAX(due, ?) WHERE channel = ? AND subject = ? AND state = 'waiting' AND quiet = 1`,
			ms(out.at.Add(time.Duration(b.cfg.UpdateEvery))), r.channel, r.subject); err != nil {
			return err
		}
	}
	if out.again != nil {
		if err := b.writeNotice(ctx, tx, r, out); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if out.again != nil {
		out.again.lane.signal()
	}
	return nil
}

func saveState(ctx context.Context, tx *sql.Tx, r row, out outcome) (err error) {
	if out.state == StateWaiting {
		// A row that was merged while its try was under way stays merged.
		_, err = tx.ExecContext(ctx, `UPDATE outbox SET attempts = attempts + ?, tried = ?, due = ?, error = ? WHERE id = ? AND state = 'waiting'`,
			out.tries, ms(out.at), ms(out.due), out.err, r.id)
		return err
	}
	tried := ms(out.at)
	if out.tries == 0 {
		tried = 0
	}
	_, err = tx.ExecContext(ctx, `UPDATE outbox SET state = ?, attempts = attempts + ?, tried = MAX(tried, ?), done = ?, error = ?, body = CASE WHEN ? THEN body ELSE '' END, muted = '', mute_detail = ''
		WHERE id = ?`, string(out.state), out.tries, tried, ms(out.at), out.err, out.keep && out.state == StateSent, r.id)
	return err
}

// outcome returns what the journal says of the end of a try.
func (r row) outcome(out outcome) Entry {
	e := r.entry(What(out.state), out.at, out.reason, out.err)
	if out.state == StateWaiting {
		e.What = WhatRetry
		e.Detail = fmt.Sprintf("next try at %s: %s", out.due.UTC().Format(time.RFC3339), out.err)
	}
	if out.note != "" {
		e.Detail = strings.TrimPrefix(e.Detail+"; "+out.note, "; ")
	}
	e.Attempt += out.tries
	e.Code, e.Took = out.code, out.took
	return e
}

// cut shortens an error text to maxErrorText bytes at a rune's border.
func cut(s string) string {
	if len(s) <= maxErrorText {
		return s
	}
	n := maxErrorText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
