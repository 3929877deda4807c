package notify

import (
	"context"
	"database/sql"
	"fmt"
)

// Which waiting rows a newer one stands for.
const (
	// mergeQuiet: what a channel that edits shows anyway.
	mergeQuiet = `(quiet = 1 OR kind = 'suspects')`
	// mergeEvery: all of them.
	mergeEvery = `1`
	// mergeUntried: all that nobody can have got yet.
	mergeUntried = `attempts = 0 AND id > (SELECT MIN(id) FROM outbox WHERE channel = ?1 AND subject = ?2 AND state = 'waiting')`
)

// merge marks waiting rows of the same subject before r as merged into it,
// journals that, and returns how many they were. Should one of them be under way
// just now, its worker's word on it is written after and holds.
func (b *Outbox) merge(ctx context.Context, tx *sql.Tx, r row, which, why string) (int, error) {
	where := `channel = ?1 AND subject = ?2 AND state = 'waiting' AND seq < ?3 AND key <> ?4 AND ` + which
	args := []any{r.channel, r.subject, r.seq, r.key}
	if which == mergeEvery { // order of events with equal seq is that of rows
		where = `channel = ?1 AND subject = ?2 AND state = 'waiting' AND seq <= ?3 AND key <> ?4`
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO notify_log (at, what, channel, subject, key, event, attempt, reason, detail)
		SELECT ?5, 'merged', channel, subject, key, kind, attempts, ?6, ?7 FROM outbox WHERE `+where+` ORDER BY id`,
		append(args, ms(b.now()), why, "a newer message shows it: "+r.key)...)
	if err != nil {
		return 0, fmt.Errorf("journal what is merged: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return 0, err
	}
	if err := b.trimAt(ctx, tx, res); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE outbox SET state = 'merged', done = ?5, body = '', error = 'a newer message shows it: ' || ?4 WHERE `+where,
		append(args, ms(b.now()))...)
	return int(n), err
}
