package notify

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// What says what happened to a message.
type What string

// What the journal tells.
const (
	WhatSent      What = "sent"
	WhatRetry     What = "retry"     // a try failed; another follows
	WhatFailed    What = "failed"    // refused or given up: nobody on the channel knows
	WhatMuted     What = "muted"     // held back, or the reason for it changed
	WhatUnmuted   What = "unmuted"   // may be told from now on
	WhatMerged    What = "merged"    // a newer message of the same subject stands for it
	WhatDropped   What = "dropped"   // never told, and never to be
	WhatSkipped   What = "skipped"   // an update of a message that is not there
	WhatUnrouted  What = "unrouted"  // no channel is to hear of it
	WhatFallback  What = "fallback"  // another channel is to say what was not told
	WhatEscalated What = "escalated" // further channels are told, or nobody is left to tell
)

// Entry is one row of the journal. It is never altered.
type Entry struct {
	ID      int64         `json:"id"` // rises with every entry
	At      time.Time     `json:"at"`
	What    What          `json:"what"`
	Channel string        `json:"channel,omitempty"`
	Subject string        `json:"subject"`           // incident id, or group/ and the key of a group
	Key     string        `json:"key,omitempty"`     // of the message
	Event   string        `json:"event,omitempty"`   // kind of the event; group/ and the reason for a group
	Attempt int           `json:"attempt,omitempty"` // number of the try, from 1
	Code    string        `json:"code,omitempty"`    // the provider's answer, such as 200 or 429
	Took    time.Duration `json:"-"`                 // of the try
	Reason  string        `json:"reason,omitempty"`  // in a word
	Detail  string        `json:"detail,omitempty"`  // in a sentence
}

// execer is a transaction or a database.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// trimEvery is after how many entries the journal is cut to Config.LogRows.
const trimEvery = 4096

// journal writes an entry. It is written in the transaction that changes the
// row concerned, so it costs no commit of its own and tells no lies after a
// crash.
func (b *Outbox) journal(ctx context.Context, tx execer, e Entry) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO notify_log (at, what, channel, subject, key, event, attempt, code, took, reason, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		ms(e.At), string(e.What), e.Channel, e.Subject, e.Key, e.Event, e.Attempt, e.Code, e.Took.Microseconds(), e.Reason, cut(e.Detail))
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return b.trimAt(ctx, tx, res)
}

// trimAt cuts the journal to its greatest length each time a round number of
// entries has been written.
func (b *Outbox) trimAt(ctx context.Context, tx execer, res sql.Result) error {
	id, err := res.LastInsertId()
	if err != nil || id%trimEvery != 0 {
		return err
	}
	return b.trim(ctx, tx, id)
}

func (b *Outbox) trim(ctx context.Context, tx execer, last int64) error {
	res, err := tx.ExecContext(ctx, `DELETE FROM notify_log WHERE id <= ?`, last-int64(b.cfg.LogRows))
	if err != nil {
		return fmt.Errorf("cut journal: %w", err)
	}
	n, err := res.RowsAffected()
	b.metrics.journalCut.AddInt64(n)
	return err
}

// pruneJournal removes entries from before the time, and those beyond
// Config.LogRows. Ids rise with time, so only what is removed is looked at.
func (b *Outbox) pruneJournal(ctx context.Context, tx *sql.Tx, before int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM notify_log WHERE id < COALESCE(
		(SELECT id FROM notify_log WHERE at >= ? ORDER BY id LIMIT 1), (SELECT MAX(id) + 1 FROM notify_log))`, before); err != nil {
		return fmt.Errorf("prune journal: %w", err)
	}
	var last int64
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM notify_log`).Scan(&last); err != nil {
		return fmt.Errorf("prune journal: %w", err)
	}
	return b.trim(ctx, tx, last)
}

// JournalFilter chooses entries of the journal; zero fields do not restrict.
type JournalFilter struct {
	Subject string
	Channel string
	What    []What
	Since   time.Time
	After   int64 // only entries with a higher id
	Before  int64 // only entries with a lower id
	Oldest  bool  // oldest first; the newest come first otherwise
	Limit   int   // 100 when zero
}

// Journal returns entries of the journal; none is an empty list.
func (b *Outbox) Journal(ctx context.Context, f JournalFilter) ([]Entry, error) {
	var (
		where []string
		args  []any
	)
	add := func(cond string, arg ...any) { where, args = append(where, cond), append(args, arg...) }
	if f.Subject != "" {
		add("subject = ?", f.Subject)
	}
	if f.Channel != "" {
		add("channel = ?", f.Channel)
	}
	if len(f.What) > 0 {
		words := make([]any, len(f.What))
		for i, w := range f.What {
			words[i] = string(w)
		}
		add("what IN (?"+strings.Repeat(", ?", len(words)-1)+")", words...)
	}
	if !f.Since.IsZero() {
		add("at >= ?", ms(f.Since))
	}
	order := "DESC"
	if f.Oldest {
		order = "ASC"
	}
	if f.After > 0 {
		add("id > ?", f.After)
	}
	if f.Before > 0 {
		add("id < ?", f.Before)
	}
	clause := ""
	if len(where) > 0 {
		clause = "WHERE " + strings.Join(where, " AND ")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	rows, err := b.db.QueryContext(ctx, `SELECT id, at, what, channel, subject, key, event, attempt, code, took, reason, detail
		FROM notify_log `+clause+` ORDER BY id `+order+` LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("read the journal of notifications: %w", err)
	}
	defer rows.Close()
	out := []Entry{}
	for rows.Next() {
		var (
			e        Entry
			at, took int64
		)
		if err := rows.Scan(&e.ID, &at, &e.What, &e.Channel, &e.Subject, &e.Key, &e.Event, &e.Attempt, &e.Code, &took, &e.Reason, &e.Detail); err != nil {
			return nil, fmt.Errorf("read the journal of notifications: %w", err)
		}
		e.At, e.Took = fromMS(at), time.Duration(took)*time.Microsecond
		out = append(out, e)
	}
	return out, rows.Err()
}
