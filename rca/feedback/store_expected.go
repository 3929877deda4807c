package feedback

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Expect stores an expectation that Check has nothing against, and returns it with
// its id. It is refused with ErrInvalid when MaxActive hold already.
func (s *Store) Expect(ctx context.Context, e Expectation) (Expectation, error) {
	e.Created, e.Expires = e.Created.UTC().Truncate(time.Millisecond), e.Expires.UTC().Truncate(time.Millisecond)
	if err := e.Check(); err != nil {
		return e, fmt.Errorf("expect something: %w", err)
	}
	active, err := s.Active(ctx, e.Created)
	if err != nil {
		return e, err
	}
	if len(active) >= MaxActive {
		return e, fmt.Errorf("expect something: %d expectations hold already; end some of them: %w", len(active), ErrInvalid)
	}
	body, err := json.Marshal(e)
	if err == nil {
		e.ID, err = s.insert(ctx, fmt.Sprintf("DELETE FROM expectations WHERE id <= ? - %d AND (ended > 0 OR expires <= %d)", maxExpectations, e.Created.UnixMilli()), "INSERT INTO expectations (expires, body) VALUES (?,?)", e.Expires.UnixMilli(), string(body))
	}
	if err != nil {
		return e, fmt.Errorf("store expectation: %w", err)
	}
	return e, nil
}

// EndExpectation ends one before its time; ending it again changes nothing.
func (s *Store) EndExpectation(ctx context.Context, id int64, actor string, at time.Time) (Expectation, error) {
	e, err := s.expectation(ctx, id)
	if err != nil {
		return e, err
	}
	if !e.Active(at) {
		return e, nil
	}
	e.Ended, e.EndedBy = at.UTC().Truncate(time.Millisecond), actor
	body, err := json.Marshal(e)
	if err == nil {
		_, err = s.db.ExecContext(ctx, "UPDATE expectations SET ended = ?, body = ? WHERE id = ?", e.Ended.UnixMilli(), string(body), id)
	}
	if err != nil {
		return e, fmt.Errorf("end expectation %d: %w", id, err)
	}
	return e, nil
}

func (s *Store) expectation(ctx context.Context, id int64) (Expectation, error) {
	list, err := s.expectations(ctx, "WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Expectation{}, fmt.Errorf("expectation %d: %w", id, err)
	}
	return list[0], nil
}

// Active returns those that may hold at a time or later, oldest first.
func (s *Store) Active(ctx context.Context, at time.Time) ([]Expectation, error) {
	return s.expectations(ctx, "WHERE expires > ? AND (ended = 0 OR ended > ?) ORDER BY id", at.UnixMilli(), at.UnixMilli())
}

// Expectations returns all that are kept, the newest first, at most limit.
func (s *Store) Expectations(ctx context.Context, limit int) ([]Expectation, error) {
	return s.expectations(ctx, "ORDER BY id DESC LIMIT ?", limit)
}

// Matched counts one more episode that an expectation has made weak.
func (s *Store) Matched(ctx context.Context, id int64, at time.Time) error {
	if _, err := s.db.ExecContext(ctx, "UPDATE expectations SET matched = matched + 1, last_match = max(last_match, ?) WHERE id = ?", at.UnixMilli(), id); err != nil {
		return fmt.Errorf("count a match of expectation %d: %w", id, err)
	}
	return nil
}

func (s *Store) expectations(ctx context.Context, clause string, args ...any) ([]Expectation, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, matched, last_match, body FROM expectations "+clause, args...)
	if err != nil {
		return nil, fmt.Errorf("read expectations: %w", err)
	}
	defer rows.Close()
	out := []Expectation{}
	for rows.Next() {
		e, err := scanExpectation(rows)
		if err != nil {
			return nil, fmt.Errorf("read expectations: %w", err)
		}
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read expectations: %w", err)
	}
	return out, nil
}

func scanExpectation(rows *sql.Rows) (Expectation, error) {
	var e Expectation
	var id, matched, last int64
	var body string
	if err := rows.Scan(&id, &matched, &last, &body); err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return e, fmt.Errorf("row %d: %w", id, err)
	}
	e.ID, e.Matched = id, matched
	if last > 0 {
		e.LastMatch = time.UnixMilli(last).UTC()
	}
	return e, nil
}
