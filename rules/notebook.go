package rules

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// Notebook is the Memory in the state database.
type Notebook struct{ db *sql.DB }

// NewNotebook returns a notebook on a database opened by store.OpenState, which
// it does not close.
func NewNotebook(db *sql.DB) *Notebook { return &Notebook{db} }

// Remember stores and forgets in one transaction.
func (n *Notebook) Remember(ctx context.Context, changed []Standing, over []string) (err error) {
	tx, err := n.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("remember alerts: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}()
	for _, s := range changed {
		body, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("remember alert %q: %w", s.Alert.Name, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO standing_alerts (fingerprint, body) VALUES (?, ?)
			ON CONFLICT (fingerprint) DO UPDATE SET body = excluded.body`, s.Alert.Fingerprint, string(body)); err != nil {
			return fmt.Errorf("remember alert %q: %w", s.Alert.Name, err)
		}
	}
	for _, fp := range over {
		if _, err := tx.ExecContext(ctx, `DELETE FROM standing_alerts WHERE fingerprint = ?`, fp); err != nil {
			return fmt.Errorf("forget alert %s: %w", fp, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("remember alerts: %w", err)
	}
	return nil
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// Recall reads all standing alerts.
func (n *Notebook) Recall(ctx context.Context) (out []Standing, err error) {
	rows, err := n.db.QueryContext(ctx, `SELECT fingerprint, body FROM standing_alerts`)
	if err != nil {
		return nil, fmt.Errorf("read standing alerts: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var fp, body string
		if err := rows.Scan(&fp, &body); err != nil {
			return nil, fmt.Errorf("read standing alerts: %w", err)
		}
		var s Standing
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			return nil, fmt.Errorf("read standing alert %s: %w", fp, err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
