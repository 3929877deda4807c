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
// it is not kept: the text of a message that was told is, if it has a picture.
func (b *Outbox) Message(ctx context.Context, key string) (Message, bool, error) {
	var body string
	err := b.db.QueryRowContext(ctx, `SELECT body FROM outbox WHERE key = ? AND body <> '' ORDER BY id LIMIT 1`, key).Scan(&body)
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
