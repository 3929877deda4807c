package incident

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Anomaly is one episode as the log keeps it.
type Anomaly struct {
	Occurrence
	Peak     telemetry.Number `json:"peak"`               // highest score of the episode
	Ended    time.Time        `json:"ended,omitzero"`     // zero while it goes on
	Incident string           `json:"incident,omitempty"` // that it belongs to, if any
}

// AnomalyLog keeps every episode of odd behaviour, whether or not an incident
// came of it. It is safe for concurrent use.
type AnomalyLog struct {
	db                        *sql.DB
	recorded, pruned, refused *metrics.Counter
}

// NewAnomalyLog returns a log over the table "anomalies" of db, which the caller
// closes. set may be nil.
func NewAnomalyLog(db *sql.DB, set *metrics.Set) *AnomalyLog {
	if set == nil {
		set = metrics.NewSet()
	}
	return &AnomalyLog{
		db:       db,
		recorded: set.GetOrCreateCounter(`tocsin_anomalies_recorded_total`),
		refused:  set.GetOrCreateCounter(`tocsin_anomalies_dropped_total{reason="invalid"}`),
		pruned:   set.GetOrCreateCounter(`tocsin_anomalies_pruned_total`),
	}
}

// AnomalyReport is one report of an episode.
type AnomalyReport struct {
	Occurrence Occurrence
	Phase      detector.Phase
}

// Record notes that an episode opened, changed, closed or was lost. Episodes are
// told apart by Key and Since. Record an episode before the manager applies it,
// so that the manager finds the row on which to note the incident.
func (a *AnomalyLog) Record(ctx context.Context, o Occurrence, phase detector.Phase) error {
	return a.RecordAll(ctx, []AnomalyReport{{o, phase}})
}

// RecordAll records several reports, in order, in one transaction. A report of
// PhaseQuiet, without key or that is no anomaly fails them all with ErrInvalid.
func (a *AnomalyLog) RecordAll(ctx context.Context, reports []AnomalyReport) error {
	reports = slices.Clone(reports)
	for i, r := range reports {
		o, err := normalise(r.Occurrence)
		if err == nil && (r.Phase == detector.PhaseQuiet || o.Source != SourceAnomaly) {
			err = fmt.Errorf("record anomaly %s of %q: want an anomaly's phase from opened to lost, got %s %s: %w", o.Name, o.Service, o.Source, r.Phase, ErrInvalid)
		}
		if err != nil {
			a.refused.Inc()
			return err
		}
		reports[i].Occurrence = o
	}
	tx, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("record anomalies: %w", err)
	}
	defer tx.Rollback() // after Commit it does nothing
	for _, r := range reports {
		if err := record(ctx, tx, r.Occurrence, r.Phase); err != nil {
			return fmt.Errorf("record anomaly %s of %q: %w", r.Occurrence.Name, r.Occurrence.Service, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("record anomalies: %w", err)
	}
	a.recorded.Add(len(reports))
	return nil
}

func record(ctx context.Context, tx *sql.Tx, o Occurrence, phase detector.Phase) error {
	o, err := withWorst(ctx, tx, o)
	if err != nil {
		return err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	var ended int64
	if phase == detector.PhaseClosed || phase == detector.PhaseLost {
		ended = toMilli(o.At)
	}
	score := float64(o.Score)
	if isNaN(score) {
		score = 0
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO anomalies (key, since, at, ended, service, name, score, body) VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT (key, since) DO UPDATE SET at = excluded.at, ended = excluded.ended,
		score = max(anomalies.score, excluded.score), body = excluded.body WHERE excluded.at >= anomalies.at`,
		o.Key, toMilli(o.Since), toMilli(o.At), ended, o.Service, o.Name, score, string(body))
	return err
}

// withWorst adds to a report the worst reading of the episode as stored so far.
func withWorst(ctx context.Context, tx *sql.Tx, o Occurrence) (Occurrence, error) {
	var body string
	err := tx.QueryRowContext(ctx, "SELECT body FROM anomalies WHERE key = ? AND since = ?", o.Key, toMilli(o.Since)).Scan(&body)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return o, nil
	case err != nil:
		return o, err
	}
	var old Occurrence
	if err := json.Unmarshal([]byte(body), &old); err != nil {
		return o, err
	}
	o.Worst = worstOf(old, o)
	o = blaming(old, o)
	if o.Condition == ConditionCleared && o.Worst != nil {
		o.Summary = recoveredSummary(o)
	}
	return o, nil
}

// AnomalyFilter chooses anomalies. Zero fields do not restrict. From is inclusive
// and To exclusive, both of the last report, so that a long episode is found by
// the time in which it still went on. Limit is 100 when zero and at most 1000.
type AnomalyFilter struct {
	Service  string
	From, To time.Time
	MinScore float64
	Open     bool // only episodes that go on
	Limit    int
}

// List returns the anomalies that pass the filter, last reported first; none is
// an empty list.
func (a *AnomalyLog) List(ctx context.Context, f AnomalyFilter) ([]Anomaly, error) {
	where, args := []string{"score >= ?"}, []any{f.MinScore}
	add := func(cond string, arg ...any) { where, args = append(where, cond), append(args, arg...) }
	if f.Service != "" {
		add("service = ?", f.Service)
	}
	if !f.From.IsZero() {
		add("at >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		add("at < ?", f.To.UnixMilli())
	}
	if f.Open {
		add("ended = 0")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	args = append(args, min(limit, 1000))
	rows, err := a.db.QueryContext(ctx, "SELECT score, ended, incident, body FROM anomalies WHERE "+
		strings.Join(where, " AND ")+" ORDER BY at DESC, id DESC LIMIT ?", args...)
	if err != nil {
		return nil, fmt.Errorf("list anomalies: %w", err)
	}
	defer rows.Close()
	out := []Anomaly{}
	for rows.Next() {
		var x Anomaly
		var score float64
		var ended int64
		var body string
		if err := rows.Scan(&score, &ended, &x.Incident, &body); err != nil {
			return nil, fmt.Errorf("list anomalies: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &x.Occurrence); err != nil {
			return nil, fmt.Errorf("list anomalies: %w", err)
		}
		x.Peak, x.Ended = telemetry.Number(score), fromMilli(ended)
		out = append(out, x)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list anomalies: %w", err)
	}
	return out, nil
}

// Prune deletes the episodes that ended before the given time, or that go on but
// were last reported before it, and returns how many.
func (a *AnomalyLog) Prune(ctx context.Context, before time.Time) (int, error) {
	res, err := a.db.ExecContext(ctx, "DELETE FROM anomalies WHERE at < ?", before.UnixMilli())
	if err != nil {
		return 0, fmt.Errorf("prune anomalies: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("prune anomalies: %w", err)
	}
	a.pruned.Add(int(n))
	return int(n), nil
}
