package similar

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// MaxRecords is how many incidents are kept; the ones opened first give way.
const MaxRecords = 2000

// Store keeps a record of every incident in the table "incident_prints". It is safe
// for concurrent use.
type Store struct {
	db     *sql.DB
	pruned *metrics.Counter

	mu  sync.Mutex
	all []Record // what the table holds, the newest first; nil until it is read
}

// NewStore returns a store over db, which the caller closes. A nil set counts for
// nobody.
func NewStore(db *sql.DB, set *metrics.Set) *Store {
	if set == nil {
		set = metrics.NewSet()
	}
	return &Store{db: db, pruned: set.NewCounter(`tocsin_similar_pruned_total{reason="limit"}`)}
}

// Save stores a record in place of an earlier one of the same incident, and lets go
// of the oldest when there are more than MaxRecords.
func (s *Store) Save(ctx context.Context, r Record) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("save print of incident %s: %w", r.Incident, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("save print of incident %s: %w", r.Incident, err)
	}
	defer tx.Rollback() // after Commit it does nothing
	resolved := int64(0)
	if !r.Resolved.IsZero() {
		resolved = r.Resolved.UnixMilli()
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO incident_prints (incident, opened, resolved, body) VALUES (?,?,?,?)
		ON CONFLICT (incident) DO UPDATE SET opened = excluded.opened, resolved = excluded.resolved, body = excluded.body`,
		r.Incident, r.Opened.UnixMilli(), resolved, string(body))
	var gone int64
	if err == nil {
		var res sql.Result
		res, err = tx.ExecContext(ctx, `DELETE FROM incident_prints WHERE incident IN (
			SELECT incident FROM incident_prints ORDER BY opened DESC, incident DESC LIMIT -1 OFFSET ?)`, MaxRecords)
		if err == nil {
			gone, err = res.RowsAffected()
		}
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return fmt.Errorf("save print of incident %s: %w", r.Incident, err)
	}
	s.pruned.Add(int(gone))
	if s.all != nil {
		r.ready = Prepare(r.Print)
		s.all = slices.DeleteFunc(slices.Clone(s.all), func(x Record) bool { return x.Incident == r.Incident })
		at, _ := slices.BinarySearchFunc(s.all, r, newest)
		s.all = slices.Insert(s.all, at, r)
		s.all = s.all[:min(len(s.all), MaxRecords)]
	}
	return nil
}

// newest orders records as they are read.
func newest(a, b Record) int {
	return cmp.Or(cmp.Compare(b.Opened.UnixMilli(), a.Opened.UnixMilli()), cmp.Compare(b.Incident, a.Incident))
}

// Get returns the record of an incident, and false when there is none.
func (s *Store) Get(ctx context.Context, incident string) (Record, bool, error) {
	var body string
	err := s.db.QueryRowContext(ctx, "SELECT body FROM incident_prints WHERE incident = ?", incident).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return Record{}, false, nil
	}
	var r Record
	if err == nil {
		err = json.Unmarshal([]byte(body), &r)
	}
	if err != nil {
		return Record{}, false, fmt.Errorf("read print of incident %s: %w", incident, err)
	}
	return r, true, nil
}

// Past returns the records of all other incidents that were opened before a time,
// the newest first; none is an empty list. Prints and outcomes are shared and must
// not be changed. The table is read once.
func (s *Store) Past(ctx context.Context, incident string, before time.Time) ([]Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		all, err := s.read(ctx)
		if err != nil {
			return nil, fmt.Errorf("read past incidents: %w", err)
		}
		s.all = all
	}
	out := make([]Record, 0, len(s.all))
	for _, r := range s.all {
		if r.Incident != incident && r.Opened.Before(before) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *Store) read(ctx context.Context) ([]Record, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT body FROM incident_prints ORDER BY opened DESC, incident DESC LIMIT ?", MaxRecords)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Record{}
	for rows.Next() {
		var body string
		var r Record
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			return nil, err
		}
		r.ready = Prepare(r.Print)
		out = append(out, r)
	}
	return out, rows.Err()
}
