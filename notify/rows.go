package notify

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// State is where a row of the outbox stands.
type State string

// A row waits until it is sent, has failed for good, was merged into a newer
// message of the same subject, had no message to update, or was dropped because
// what it tells had ended while it was muted.
const (
	StateWaiting State = "waiting"
	StateSent    State = "sent"
	StateFailed  State = "failed"
	StateMerged  State = "merged"
	StateSkipped State = "skipped"
	StateDropped State = "dropped"
)

// row is a message on its way to one channel.
type row struct {
	id         int64
	key        string
	channel    string
	subject    string
	seq        int64
	kind       string
	quiet      bool
	attempts   int // tries that ended, those of rows it took the place of included
	created    time.Time
	due        time.Time
	giveUpFrom time.Time // when it is not created
	muted      Mute      // the latest word on a row that waits; Until is not kept
	mutedSince time.Time
	body       []byte
	thread     Thread
}

// patience returns from when the time to give up counts.
func (r row) patience() time.Time {
	if r.giveUpFrom.IsZero() {
		return r.created
	}
	return r.giveUpFrom
}

// entry returns what the journal says of the row.
func (r row) entry(what What, at time.Time, reason, detail string) Entry {
	return Entry{At: at, What: what, Channel: r.channel, Subject: r.subject, Key: r.key, Event: r.kind, Attempt: r.attempts, Reason: reason, Detail: detail}
}

// replace makes the row, which is new, the heir of an older one that waits: what
// was tried in vain stays known, and so does that it was muted.
func (r *row) replace(o row) {
	r.attempts = max(r.attempts, o.attempts)
	if o.muted.Reason != "" {
		if r.mutedSince.IsZero() {
			r.muted, r.mutedSince = o.muted, o.mutedSince
		}
		return // the time to give up does not pass while a message is muted
	}
	if from := o.patience(); r.giveUpFrom.IsZero() || from.Before(r.giveUpFrom) {
		r.giveUpFrom = from
	}
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// toldChannels returns the channels that have, or will have, a message about
// the incident. Those whose message failed count too: they are not told anew
// at every turn.
func toldChannels(ctx context.Context, tx *sql.Tx, incidentID string) (map[string]bool, error) {
	rows, err := tx.QueryContext(ctx, `SELECT channel FROM outbox WHERE subject = ? AND quiet = 0
		UNION SELECT channel FROM threads WHERE subject = ?`, incidentID, incidentID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	told := map[string]bool{}
	for rows.Next() {
		var c string
		if err := rows.Scan(&c); err != nil {
			return nil, err
		}
		told[c] = true
	}
	return told, rows.Err()
}

// lastQuiet returns when the latest quiet update of the incident was sent on
// the channel, or the zero time.
func lastQuiet(ctx context.Context, tx *sql.Tx, channel, incidentID string) (time.Time, error) {
	var at int64
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(done), 0) FROM outbox
		WHERE subject = ? AND channel = ? AND state = 'sent' AND quiet = 1`, incidentID, channel).Scan(&at)
	return fromMS(at), err
}

// insertRow writes a waiting row and reports whether it was new.
func insertRow(ctx context.Context, tx *sql.Tx, r row) (bool, error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO outbox (key, channel, subject, seq, kind, quiet, state, attempts, created, due,
		give_up_from, muted, mute_detail, muted_since, body)
		VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key, channel) DO NOTHING`,
		r.key, r.channel, r.subject, r.seq, r.kind, r.quiet, r.attempts, ms(r.created), ms(r.due),
		ms(r.giveUpFrom), r.muted.Reason, r.muted.Detail, ms(r.mutedSince), string(r.body))
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// waitingRows returns the rows that wait for a subject on a channel, in order.
func waitingRows(ctx context.Context, tx *sql.Tx, channel, subject string) ([]row, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+rowColumns+` FROM outbox o LEFT JOIN threads t ON t.channel = o.channel AND t.subject = o.subject
		WHERE o.state = 'waiting' AND o.channel = ? AND o.subject = ? ORDER BY o.seq, o.id`, channel, subject)
	if err != nil {
		return nil, err
	}
	return scanRows(rows)
}

// scanRows reads and closes rows of rowColumns.
func scanRows(rows *sql.Rows) ([]row, error) {
	defer rows.Close()
	var out []row
	for rows.Next() {
		r, err := scanRow(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// rowColumns are what scanRow reads, of the tables outbox o and threads t.
const rowColumns = `o.id, o.key, o.channel, o.subject, o.seq, o.kind, o.quiet, o.attempts, o.created, o.due,
	o.give_up_from, o.muted, o.mute_detail, o.muted_since, o.body, COALESCE(t.thread, '')`

func scanRow(from interface{ Scan(...any) error }) (row, error) {
	var (
		r                         row
		thread                    string
		created, due, from0, mute int64
	)
	err := from.Scan(&r.id, &r.key, &r.channel, &r.subject, &r.seq, &r.kind, &r.quiet, &r.attempts, &created, &due,
		&from0, &r.muted.Reason, &r.muted.Detail, &mute, &r.body, &thread)
	r.thread, r.created, r.due, r.giveUpFrom, r.mutedSince = Thread(thread), fromMS(created), fromMS(due), fromMS(from0), fromMS(mute)
	return r, err
}

// lastTold returns the kind of the latest message of a subject, quiet ones
// apart, that the channel took; "" when there is none.
func (b *Outbox) lastTold(ctx context.Context, channel, subject string) (string, error) {
	var kind string
	err := b.db.QueryRowContext(ctx, `SELECT kind FROM outbox WHERE subject = ? AND channel = ? AND state = 'sent' AND quiet = 0
		ORDER BY seq DESC, id DESC LIMIT 1`, subject, channel).Scan(&kind)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return kind, err
}

// knows reports whether the latest message of a subject that the channel took,
// or is yet to be told, quiet ones apart, is not about its end.
func (b *Outbox) knows(ctx context.Context, channel, subject string) (bool, error) {
	var kind string
	err := b.db.QueryRowContext(ctx, `SELECT kind FROM outbox WHERE subject = ? AND channel = ? AND state IN ('sent', 'waiting') AND quiet = 0
		ORDER BY seq DESC, id DESC LIMIT 1`, subject, channel).Scan(&kind)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return !incident.EventKind(kind).Ends() && kind != "group/"+GroupResolved, err
}

// firstWaiting is true of a row that no earlier waiting row of the same
// subject and channel stands before: the order within a subject.
const firstWaiting = `NOT EXISTS (SELECT 1 FROM outbox e WHERE e.subject = o.subject AND e.channel = o.channel
	AND e.state = 'waiting' AND (e.seq < o.seq OR (e.seq = o.seq AND e.id < o.id)))`

// head returns the row of the channel that is due first, among the first
// waiting rows of each subject; false when none waits.
func (b *Outbox) head(ctx context.Context, channel string) (row, bool, error) {
	r, err := scanRow(b.db.QueryRowContext(ctx, `SELECT `+rowColumns+`
		FROM outbox o LEFT JOIN threads t ON t.channel = o.channel AND t.subject = o.subject
		WHERE o.state = 'waiting' AND o.channel = ? AND `+firstWaiting+`
		ORDER BY o.due, o.id LIMIT 1`, channel))
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, false, nil
	}
	return r, err == nil, err
}

// backlog returns how many rows of the channel wait and since when the oldest does.
func (b *Outbox) backlog(ctx context.Context, channel string) (int, time.Time, error) {
	var n, oldest int64
	err := b.db.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MIN(created), 0) FROM outbox
		WHERE state = 'waiting' AND channel = ?`, channel).Scan(&n, &oldest)
	return int(n), fromMS(oldest), err
}
