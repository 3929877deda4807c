package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Why nothing could be detected for a while.
const (
	GapDown      = "not_running" // the daemon was stopped or had crashed
	GapSuspended = "suspended"   // it ran, and its clock did not
	GapStorage   = "not_storing" // it could store nothing
)

// Gap is a time in which this daemon could detect nothing.
type Gap struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

// String says so for people.
func (g Gap) String() string {
	why := map[string]string{
		GapDown: "tocsin was not running", GapSuspended: "tocsin was suspended", GapStorage: "tocsin could store no samples",
	}[g.Reason]
	return fmt.Sprintf("no detection between %s and %s: %s", g.From.UTC().Format(time.RFC3339), g.To.UTC().Format(time.RFC3339), why)
}

// Gaps keeps them in the table detection_gaps of the state database. It is safe for
// concurrent use.
type Gaps struct{ db *sql.DB }

// NewGaps returns a log over db, which the caller closes.
func NewGaps(db *sql.DB) *Gaps { return &Gaps{db: db} }

// Record notes a gap; one that is known already is brought up to date.
func (l *Gaps) Record(ctx context.Context, g Gap) error {
	_, err := l.db.ExecContext(ctx, `INSERT INTO detection_gaps (began, ended, reason) VALUES (?,?,?)
		ON CONFLICT (began, reason) DO UPDATE SET ended = excluded.ended`, g.From.UnixMilli(), g.To.UnixMilli(), g.Reason)
	if err != nil {
		return fmt.Errorf("record detection gap: %w", err)
	}
	return nil
}

// List returns the gaps that ended at or after from, the newest first, at most so
// many.
func (l *Gaps) List(ctx context.Context, from time.Time, most int) (out []Gap, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT began, ended, reason FROM detection_gaps WHERE ended >= ? ORDER BY began DESC LIMIT ?`, from.UnixMilli(), most)
	if err != nil {
		return nil, fmt.Errorf("list detection gaps: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = []Gap{}
	for rows.Next() {
		var began, ended int64
		var g Gap
		if err := rows.Scan(&began, &ended, &g.Reason); err != nil {
			return nil, fmt.Errorf("list detection gaps: %w", err)
		}
		g.From, g.To = time.UnixMilli(began).UTC(), time.UnixMilli(ended).UTC()
		out = append(out, g)
	}
	return out, rows.Err()
}

// Prune removes gaps that ended before a time.
func (l *Gaps) Prune(ctx context.Context, before time.Time) error {
	if _, err := l.db.ExecContext(ctx, `DELETE FROM detection_gaps WHERE ended < ?`, before.UnixMilli()); err != nil {
		return fmt.Errorf("prune detection gaps: %w", err)
	}
	return nil
}
