package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/rules"
)

// Log keeps entries in the table alert_log of the state database. It is safe for
// concurrent use.
type Log struct {
	db  *sql.DB
	set *metrics.Set

	mu      sync.Mutex
	tracker *Tracker
}

// NewLog returns a log over db, which the caller closes. It reads which alerts had
// not ended when the log was last written. set takes its counters; nil keeps them.
func NewLog(ctx context.Context, db *sql.DB, set *metrics.Set) (*Log, error) {
	if set == nil {
		set = metrics.NewSet()
	}
	l := &Log{db: db, set: set}
	standing, err := l.query(ctx, `WHERE seq IN (SELECT max(seq) FROM alert_log GROUP BY fingerprint) ORDER BY seq`)
	if err != nil {
		return nil, fmt.Errorf("alert log: read what stands: %w", err)
	}
	l.tracker = NewTracker(standing)
	return l, nil
}

// Record notes what changed its state among the alerts of one evaluation, in one
// transaction, and counts the pages that shadow alerts would have been. On an
// error nothing is noted, and the next report of an alert is another try.
func (l *Log) Record(ctx context.Context, alerts []rules.Alert) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := &Tracker{last: map[string]rules.AlertState{}}
	for _, a := range alerts {
		if s, ok := l.tracker.last[a.Fingerprint]; ok {
			next.last[a.Fingerprint] = s
		}
	}
	was := make(map[string]bool, len(next.last))
	for fp := range next.last {
		was[fp] = true
	}
	entries := next.Take(alerts)
	if len(entries) == 0 {
		return nil
	}
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("alert log: %w", err)
	}
	defer tx.Rollback() // after Commit it does nothing
	for _, e := range entries {
		body, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("alert log: %s of %q: %w", e.Name, e.Service, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO alert_log (at, fingerprint, name, service, state, shadow, body) VALUES (?,?,?,?,?,?,?)`,
			e.At.UnixMilli(), e.Fingerprint, e.Name, e.Service, string(e.State), e.Shadow, string(body)); err != nil {
			return fmt.Errorf("alert log: %s of %q: %w", e.Name, e.Service, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("alert log: %w", err)
	}
	for _, e := range entries {
		l.tracker.note(e)
		if e.Shadow && e.State == rules.AlertFiring && !was[e.Fingerprint] {
			l.set.GetOrCreateCounter(fmt.Sprintf(`tocsin_rules_shadow_pages_total{alert=%q}`, e.Name)).Inc()
		}
		was[e.Fingerprint] = !e.over()
	}
	return nil
}

// Filter says which entries are wanted. Zero fields are no condition.
type Filter struct {
	Name, Service string
	Shadow        *bool
	From, To      time.Time // To is excluded
	Limit         int       // of the newest; 0 is 10,000, which is also the most
}

// maxEntries bounds what one question reads.
const maxEntries = 10_000

// Entries returns the newest entries that pass the filter, oldest first.
func (l *Log) Entries(ctx context.Context, f Filter) ([]Entry, error) {
	where, args := f.where()
	limit := f.Limit
	if limit <= 0 || limit > maxEntries {
		limit = maxEntries
	}
	out, err := l.query(ctx, `WHERE seq IN (SELECT seq FROM alert_log `+where+` ORDER BY seq DESC LIMIT ?) ORDER BY seq`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("alert log: %w", err)
	}
	return out, nil
}

// Prune removes what is older than before, but for the last word on alerts that
// have not ended, and returns how many entries that were.
func (l *Log) Prune(ctx context.Context, before time.Time) (int64, error) {
	res, err := l.db.ExecContext(ctx, `DELETE FROM alert_log WHERE at < ? AND NOT
		(state <> 'resolved' AND seq IN (SELECT max(seq) FROM alert_log GROUP BY fingerprint))`, before.UnixMilli())
	if err != nil {
		return 0, fmt.Errorf("prune alert log: %w", err)
	}
	return res.RowsAffected()
}

func (f Filter) where() (string, []any) {
	where, args := []string{"1 = 1"}, []any{}
	add := func(cond string, arg any) { where, args = append(where, cond), append(args, arg) }
	if f.Name != "" {
		add("name = ?", f.Name)
	}
	if f.Service != "" {
		add("service = ?", f.Service)
	}
	if f.Shadow != nil {
		add("shadow = ?", *f.Shadow)
	}
	if !f.From.IsZero() {
		add("at >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		add("at < ?", f.To.UnixMilli())
	}
	return "WHERE " + strings.Join(where, " AND "), args
}

func (l *Log) query(ctx context.Context, where string, args ...any) (out []Entry, err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT body FROM alert_log `+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		var e Entry
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			return nil, fmt.Errorf("read entry %q: %w", body, err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}
