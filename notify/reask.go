package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// reaskPage bounds the rows that are read at once to be asked about again.
const reaskPage = 200

// putOff is a row that stays muted, and when it is asked about again.
type putOff struct {
	row   row
	mute  Mute
	again time.Time
}

// reask asks again about every muted row of a lane that is due. Those that stay
// muted for the same reason are put off together, in few commits: thousands of
// rows may be muted by one word. The rest are left to be looked at one by one.
func (b *Outbox) reask(ctx context.Context, l *lane, now time.Time) error {
	for last := int64(0); ctx.Err() == nil; {
		rows, err := b.dueMuted(ctx, l.name, now, last)
		if err != nil {
			return fmt.Errorf("read the muted messages of channel %s: %w", l.name, err)
		}
		if len(rows) == 0 {
			return nil
		}
		last = rows[len(rows)-1].id
		var stay []putOff
		for _, r := range rows {
			var m Message
			if json.Unmarshal(r.body, &m) != nil || !m.Burning() {
				continue
			}
			mute, again := b.ask(ctx, m, l.name, now)
			if mute.Reason == r.muted.Reason && mute.Detail == r.muted.Detail {
				stay = append(stay, putOff{r, mute, again})
			}
		}
		if err := b.putOff(ctx, stay); err != nil {
			return fmt.Errorf("keep the muted messages of channel %s waiting: %w", l.name, err)
		}
	}
	return nil
}

func (b *Outbox) putOff(ctx context.Context, stay []putOff) error {
	if len(stay) == 0 {
		return nil
	}
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	for _, s := range stay {
		if err := holdRow(ctx, tx, s.row, s.mute, s.again); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// dueMuted returns muted rows of a channel that are due, by id from after last.
func (b *Outbox) dueMuted(ctx context.Context, channel string, now time.Time, last int64) ([]row, error) {
	rows, err := b.db.QueryContext(ctx, `SELECT `+rowColumns+` FROM outbox o LEFT JOIN threads t ON t.channel = o.channel AND t.subject = o.subject
		WHERE o.state = 'waiting' AND o.muted <> '' AND o.channel = ? AND o.due <= ? AND o.id > ? ORDER BY o.id LIMIT ?`,
		channel, ms(now), last, reaskPage)
	if err != nil {
		return nil, err
	}
	return scanRows(rows)
}

// Reconsider asks again about every muted message now: somebody ended a silence
// or changed what is muted. Run looks at them at once.
func (b *Outbox) Reconsider(ctx context.Context) error {
	if _, err := b.db.ExecContext(ctx, `UPDATE outbox SET due = ? WHERE state = 'waiting' AND muted <> ''`, ms(b.now())); err != nil {
		return fmt.Errorf("ask again about muted messages: %w", err)
	}
	b.Wake()
	return nil
}
