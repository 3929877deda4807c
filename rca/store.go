package rca

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// Store keeps the last ranking of each incident in the table "rankings". It is
// safe for concurrent use.
type Store struct {
	db *sql.DB
}

// NewStore returns a store over db, which the caller closes.
func NewStore(db *sql.DB) *Store { return &Store{db: db} }

// Save stores the ranking of an incident in place of the one before, and returns
// whether its first row is another one: a different change, none where there was
// one, or the first ranking at all. The incident must be stored.
func (s *Store) Save(ctx context.Context, incident string, r Ranking) (bool, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return false, fmt.Errorf("save ranking of incident %s: %w", incident, err)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("save ranking of incident %s: %w", incident, err)
	}
	defer tx.Rollback() // after Commit it does nothing
	old, found, err := latest(ctx, tx, incident)
	if err == nil {
		_, err = tx.ExecContext(ctx, `INSERT INTO rankings (incident, at, body) VALUES (?,?,?)
			ON CONFLICT (incident) DO UPDATE SET at = excluded.at, body = excluded.body`, incident, r.At.UnixMilli(), string(body))
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return false, fmt.Errorf("save ranking of incident %s: %w", incident, err)
	}
	return !found || first(old) != first(r), nil
}

// Latest returns the last ranking of an incident, and false when there is none.
func (s *Store) Latest(ctx context.Context, incident string) (Ranking, bool, error) {
	r, found, err := latest(ctx, s.db, incident)
	if err != nil {
		return Ranking{}, false, fmt.Errorf("read ranking of incident %s: %w", incident, err)
	}
	return r, found, nil
}

type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func latest(ctx context.Context, q rowQuerier, incident string) (Ranking, bool, error) {
	var body string
	err := q.QueryRowContext(ctx, "SELECT body FROM rankings WHERE incident = ?", incident).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return Ranking{}, false, nil
	}
	var r Ranking
	if err == nil {
		err = json.Unmarshal([]byte(body), &r)
	}
	return r, err == nil, err
}

// first names the first row of a ranking: the id of its change, or "".
func first(r Ranking) string {
	if len(r.Findings) == 0 || r.Findings[0].Change == nil {
		return ""
	}
	return r.Findings[0].Change.ID
}
