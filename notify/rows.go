package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
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

// Delivery is what became of one message on one channel so far.
type Delivery struct {
	Key      string             `json:"key"`
	Channel  string             `json:"channel"`
	Seq      int64              `json:"seq"`  // of the event
	Kind     incident.EventKind `json:"kind"` // of the event; for a group "group/" and the reason
	Quiet    bool               `json:"quiet"`
	State    State              `json:"state"`
	Attempts int                `json:"attempts"` // tries that ended
	Created  time.Time          `json:"created"`
	Due      time.Time          `json:"due"`             // of the next try while it is waiting
	Tried    time.Time          `json:"tried,omitzero"`  // end of the latest try
	Done     time.Time          `json:"done,omitzero"`   // when it left the state waiting
	Error    string             `json:"error,omitempty"` // of the latest try, or why it failed
	Muted    string             `json:"muted,omitempty"` // why it is not told while it waits; see Mute.Reason
	MutedBy  string             `json:"muted_by,omitempty"`
}

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

// replace makes the row, which is new, the heir of an older one that waits: what
// was tried in vain stays known, and so does that it was muted.
func (r *row) replace(o row) {
	r.attempts = max(r.attempts, o.attempts)
	if from := o.patience(); r.giveUpFrom.IsZero() || from.Before(r.giveUpFrom) {
		r.giveUpFrom = from
	}
	if o.muted.Reason != "" && r.mutedSince.IsZero() {
		r.muted, r.mutedSince = o.muted, o.mutedSince
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

// mergeOlder marks waiting quiet updates and changes of suspects that the row
// makes needless. Should one of them be under way just now, its worker's word
// on it is written after and holds.
func mergeOlder(ctx context.Context, tx *sql.Tx, r row) (int, error) {
	res, err := tx.ExecContext(ctx, `UPDATE outbox SET state = 'merged', done = ?, error = 'a newer message shows it: ' || ?
		WHERE channel = ? AND subject = ? AND state = 'waiting' AND seq < ? AND (quiet = 1 OR kind = 'suspects')`,
		ms(r.created), r.key, r.channel, r.subject, r.seq)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// mergeAll marks every waiting row before the given one as merged into it.
func mergeAll(ctx context.Context, tx *sql.Tx, r row) (int, error) {
	res, err := tx.ExecContext(ctx, `UPDATE outbox SET state = 'merged', done = ?, error = 'a newer message shows it: ' || ?
		WHERE channel = ? AND subject = ? AND state = 'waiting' AND seq < ?`, ms(r.created), r.key, r.channel, r.subject, r.seq)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// waitingRows returns the rows that wait for a subject on a channel, in order.
func waitingRows(ctx context.Context, tx *sql.Tx, channel, subject string) ([]row, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+rowColumns+` FROM outbox o LEFT JOIN threads t ON t.channel = o.channel AND t.subject = o.subject
		WHERE o.state = 'waiting' AND o.channel = ? AND o.subject = ? ORDER BY o.seq, o.id`, channel, subject)
	if err != nil {
		return nil, err
	}
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

// Deliveries lists what became of every message of a subject (an incident's id;
// see Message.Subject), by event and then by channel. Rows of finished deliveries are kept for Config.Keep.
func (b *Outbox) Deliveries(ctx context.Context, subject string) ([]Delivery, error) {
	rows, err := b.db.QueryContext(ctx, `SELECT key, channel, seq, kind, quiet, state, attempts, created, due, tried, done, error, muted, mute_detail
		FROM outbox WHERE subject = ? ORDER BY seq, channel`, subject)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Delivery
	for rows.Next() {
		var (
			d                         Delivery
			kind, state               string
			created, due, tried, done int64
		)
		if err := rows.Scan(&d.Key, &d.Channel, &d.Seq, &kind, &d.Quiet, &state, &d.Attempts, &created, &due, &tried, &done, &d.Error, &d.Muted, &d.MutedBy); err != nil {
			return nil, err
		}
		d.Kind, d.State = incident.EventKind(kind), State(state)
		d.Created, d.Due, d.Tried, d.Done = fromMS(created), fromMS(due), fromMS(tried), fromMS(done)
		out = append(out, d)
	}
	return out, rows.Err()
}

// Tally sums up one channel's part of the outbox.
type Tally struct {
	Channel               string
	Waiting, Sent, Failed int
	Last                  time.Time // latest success; zero when there was none
	Error                 string    // of the latest message that has one and is not sent; "" when there is none
}

// Tallies returns one Tally for each channel, in configured order.
func (b *Outbox) Tallies(ctx context.Context) ([]Tally, error) {
	out := make([]Tally, len(b.lanes))
	for i, l := range b.lanes {
		t := Tally{Channel: l.name}
		var last int64
		err := b.db.QueryRowContext(ctx, `SELECT COALESCE(SUM(state = 'waiting'), 0), COALESCE(SUM(state = 'sent'), 0),
			COALESCE(SUM(state = 'failed'), 0), COALESCE(MAX(CASE WHEN state = 'sent' THEN done END), 0),
			COALESCE((SELECT error FROM outbox WHERE channel = ?1 AND state IN ('waiting', 'failed') AND error <> '' ORDER BY id DESC LIMIT 1), '')
			FROM outbox WHERE channel = ?1`, l.name).Scan(&t.Waiting, &t.Sent, &t.Failed, &last, &t.Error)
		if err != nil {
			return nil, fmt.Errorf("sum up deliveries of channel %s: %w", l.name, err)
		}
		t.Last = fromMS(last)
		out[i] = t
	}
	return out, nil
}

// Message returns a message by its key, as it was stored for any channel, false when
// it is not kept.
func (b *Outbox) Message(ctx context.Context, key string) (Message, bool, error) {
	var body string
	err := b.db.QueryRowContext(ctx, `SELECT body FROM outbox WHERE key = ? ORDER BY id LIMIT 1`, key).Scan(&body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Message{}, false, nil
	case err != nil:
		return Message{}, false, fmt.Errorf("read message %s: %w", key, err)
	}
	var m Message
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return Message{}, false, fmt.Errorf("read message %s: %w", key, err)
	}
	return m, true, nil
}
