package feedback

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/rca"
)

// Kind is what was said of an incident.
type Kind string

// What can be said.
const (
	RightCause Kind = "right_cause"
	WrongCause Kind = "wrong_cause"
	FalseAlarm Kind = "false_alarm"
	Expected   Kind = "expected"
)

// Feedback is what somebody said of an incident.
type Feedback struct {
	ID          int64         `json:"id"`
	Incident    string        `json:"incident"`
	Kind        Kind          `json:"kind"`
	Actor       string        `json:"actor"`
	Note        string        `json:"note,omitempty"`
	At          time.Time     `json:"at"`
	Cause       string        `json:"cause,omitempty"`       // the row that is meant: id of a change, or "none"
	Right       string        `json:"right,omitempty"`       // of a wrong cause: which one was right, if that is known
	Expectation int64         `json:"expectation,omitempty"` // that came of it
	Charged     int           `json:"charged,omitempty"`     // alarms that a false alarm charged
	Rows        []rca.Finding `json:"rows,omitempty"`        // the ranking as it stood then
}

// Store keeps feedback, expectations and refits. It is safe for concurrent use.
type Store struct {
	db *sql.DB
}

// Bounds of what is kept; the oldest gives way.
const (
	maxFeedback     = 5000
	maxExpectations = 1000
	// MaxActive is how many expectations may hold at a time.
	MaxActive = 200
	maxRefits = 500
)

// NewStore returns a store over db, which the caller closes.
func NewStore(db *sql.DB) *Store { return &Store{db: db} }

// Record stores what was said and returns it with its id. Of a right or wrong cause
// the rows of the ranking must be set, and Cause is the first of them when it is "";
// names that are not among them are refused with ErrInvalid.
func (s *Store) Record(ctx context.Context, f Feedback) (Feedback, error) {
	if f.Kind == RightCause || f.Kind == WrongCause {
		if len(f.Rows) == 0 {
			return f, fmt.Errorf("feedback on incident %s: no causes were ranked, so none can be right or wrong: %w", f.Incident, ErrInvalid)
		}
		if f.Cause == "" {
			f.Cause = NameOf(f.Rows[0])
		}
		for _, x := range []struct{ field, name string }{{"cause", f.Cause}, {"right", f.Right}} {
			if x.name != "" && find(f.Rows, x.name) < 0 {
				return f, fmt.Errorf("feedback on incident %s: %s: want the id of a change in its ranking, or %q, got %q: %w", f.Incident, x.field, None, x.name, ErrInvalid)
			}
		}
		if f.Kind == RightCause {
			f.Right = f.Cause
		} else if f.Right == f.Cause {
			return f, fmt.Errorf("feedback on incident %s: right: %q was said to be wrong: %w", f.Incident, f.Right, ErrInvalid)
		}
	}
	f.At = f.At.UTC().Truncate(time.Millisecond)
	body, err := json.Marshal(f)
	if err == nil {
		f.ID, err = s.insert(ctx, fmt.Sprintf("DELETE FROM feedback WHERE id <= ? - %d", maxFeedback), "INSERT INTO feedback (incident, kind, at, body) VALUES (?,?,?,?)", f.Incident, string(f.Kind), f.At.UnixMilli(), string(body))
	}
	if err != nil {
		return f, fmt.Errorf("store feedback on incident %s: %w", f.Incident, err)
	}
	return f, nil
}

// insert adds a row and runs prune with its id.
func (s *Store) insert(ctx context.Context, prune, query string, args ...any) (int64, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // after Commit it does nothing
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	id, err := res.LastInsertId()
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, prune, id); err != nil {
		return 0, err
	}
	return id, tx.Commit()
}

// Of returns what was said of an incident, oldest first; none is an empty list.
func (s *Store) Of(ctx context.Context, incident string) ([]Feedback, error) {
	all, err := query[Feedback](ctx, s.db, "SELECT id, body FROM feedback WHERE incident = ? ORDER BY id", func(f *Feedback, id int64) { f.ID = id }, incident)
	if err != nil {
		return nil, fmt.Errorf("read feedback on incident %s: %w", incident, err)
	}
	return all, nil
}

// SaidFalse reports whether the last that was said of an incident in this regard is
// that it was a false alarm.
func (s *Store) SaidFalse(ctx context.Context, incident string) (bool, error) {
	var kind string
	err := s.db.QueryRowContext(ctx, "SELECT kind FROM feedback WHERE incident = ? AND kind <> ? ORDER BY id DESC LIMIT 1", incident, string(Expected)).Scan(&kind)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read feedback on incident %s: %w", incident, err)
	}
	return Kind(kind) == FalseAlarm, nil
}

// Labels returns what can be learned from: of each incident the last word on its
// cause, the oldest first, at most the newest that a refit rests on.
func (s *Store) Labels(ctx context.Context) ([]Label, error) {
	all, err := query[Feedback](ctx, s.db, `SELECT id, body FROM feedback WHERE id IN (
		SELECT MAX(id) FROM feedback WHERE kind <> ? GROUP BY incident) AND kind IN (?,?) ORDER BY id DESC LIMIT ?`,
		func(f *Feedback, id int64) { f.ID = id }, string(Expected), string(RightCause), string(WrongCause), maxLabels)
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	out := make([]Label, 0, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		f := all[i]
		l := Label{Feedback: f.ID, Incident: f.Incident, Rows: f.Rows, Right: -1, Wrong: -1}
		if f.Right != "" {
			l.Right = find(f.Rows, f.Right)
		} else {
			l.Wrong = find(f.Rows, f.Cause)
		}
		if l.usable() {
			out = append(out, l)
		}
	}
	return out, nil
}

// query reads rows of an id and a JSON body.
func query[T any](ctx context.Context, db *sql.DB, text string, number func(*T, int64), args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		var id int64
		var body string
		var x T
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &x); err != nil {
			return nil, fmt.Errorf("row %d: %w", id, err)
		}
		number(&x, id)
		out = append(out, x)
	}
	return out, rows.Err()
}
