package change

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/change/verdict"
)

// Word is one state in the history of the verdict on a change.
type Word struct {
	State  verdict.State `json:"state"`
	At     time.Time     `json:"at"`
	Reason string        `json:"reason"`
}

// SaveVerdict stores the latest verdict on a change, and a Word when its state is
// another than that stored. A final verdict is not replaced. It returns whether
// the state is new.
func (f *Feed) SaveVerdict(ctx context.Context, id string, v verdict.Verdict) (bool, error) {
	changed, err := f.saveVerdict(ctx, id, v)
	if err != nil {
		return false, fmt.Errorf("save the verdict on change %q: %w", id, err)
	}
	return changed, nil
}

func (f *Feed) saveVerdict(ctx context.Context, id string, v verdict.Verdict) (bool, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return false, err
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	var state string
	var final bool
	err = tx.QueryRowContext(ctx, "SELECT state, final FROM change_verdicts WHERE change = ?", id).Scan(&state, &final)
	if err != nil && !errors.Is(err, sql.ErrNoRows) || final {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO change_verdicts (change, state, final, at, body) VALUES (?,?,?,?,?)
		ON CONFLICT (change) DO UPDATE SET state = excluded.state, final = excluded.final, at = excluded.at, body = excluded.body`,
		id, string(v.State), v.Final, v.At.UnixMilli(), string(body))
	if err != nil {
		return false, err
	}
	changed := state != string(v.State)
	if changed {
		_, err = tx.ExecContext(ctx, "INSERT INTO change_words (change, state, at, reason) VALUES (?,?,?,?)", id, string(v.State), v.At.UnixMilli(), v.Reason)
		if err != nil {
			return false, err
		}
	}
	return changed, tx.Commit()
}

// Verdict returns the latest verdict on a change and its history, oldest first; false
// if none was said yet. It does not ask whether the change is known.
func (f *Feed) Verdict(ctx context.Context, id string) (v verdict.Verdict, words []Word, ok bool, err error) {
	var body string
	err = f.db.QueryRowContext(ctx, "SELECT body FROM change_verdicts WHERE change = ?", id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return v, nil, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &v)
	}
	if err != nil {
		return v, nil, false, fmt.Errorf("read the verdict on change %q: %w", id, err)
	}
	words, err = f.words(ctx, id)
	return v, words, err == nil, err
}

// VerdictStates returns the state of the latest verdict on each of the changes;
// those that nobody has looked at are left out.
func (f *Feed) VerdictStates(ctx context.Context, changes []string) (map[string]verdict.State, error) {
	states := map[string]verdict.State{}
	err := f.eachVerdict(ctx, changes, func(x said) { states[x.change] = x.state })
	return states, err
}

// Judged returns which of the changes have a final verdict.
func (f *Feed) Judged(ctx context.Context, changes []string) (map[string]bool, error) {
	judged := map[string]bool{}
	err := f.eachVerdict(ctx, changes, func(x said) { judged[x.change] = x.final })
	return judged, err
}

// Canaries returns which of the changes ran beside what they replaced, as far as a
// verdict has compared the two.
func (f *Feed) Canaries(ctx context.Context, changes []string) (map[string]bool, error) {
	canaries := map[string]bool{}
	err := f.eachVerdict(ctx, changes, func(x said) {
		if x.arms {
			canaries[x.change] = true
		}
	})
	return canaries, err
}

// said is what the latest verdict on a change says, without its figures.
type said struct {
	change string
	state  verdict.State
	final  bool
	arms   bool // two versions were compared
}

func (f *Feed) eachVerdict(ctx context.Context, changes []string, do func(said)) error {
	ids, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	rows, err := f.db.QueryContext(ctx, "SELECT change, state, final, coalesce(json_type(body, '$.arms') = 'object', 0) FROM change_verdicts WHERE change IN (SELECT value FROM json_each(?))", string(ids))
	if err != nil {
		return fmt.Errorf("read verdicts of %d changes: %w", len(changes), err)
	}
	defer rows.Close()
	for rows.Next() {
		var x said
		if err := rows.Scan(&x.change, &x.state, &x.final, &x.arms); err != nil {
			return fmt.Errorf("read verdicts of %d changes: %w", len(changes), err)
		}
		do(x)
	}
	return rows.Err()
}

func (f *Feed) words(ctx context.Context, id string) ([]Word, error) {
	rows, err := f.db.QueryContext(ctx, "SELECT state, at, reason FROM change_words WHERE change = ? ORDER BY seq", id)
	if err != nil {
		return nil, fmt.Errorf("read the words on change %q: %w", id, err)
	}
	defer rows.Close()
	words := []Word{}
	for rows.Next() {
		var w Word
		var at int64
		if err := rows.Scan(&w.State, &at, &w.Reason); err != nil {
			return nil, fmt.Errorf("read the words on change %q: %w", id, err)
		}
		w.At = fromMilli(at)
		words = append(words, w)
	}
	return words, rows.Err()
}
