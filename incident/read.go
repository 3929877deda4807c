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
)

// EventRecord is an event with the incident as it stood after it.
type EventRecord struct {
	Event    Event    `json:"event"`
	Incident Incident `json:"incident"`
}

// Filter chooses incidents. Zero fields do not restrict, but that what never was
// more than a candidate is found only by StateCandidate, or with NeverOpened. From is inclusive and
// To exclusive, both of the opening. Limit is 100 when zero and at most 1000.
type Filter struct {
	States   []State
	Service  string
	From, To time.Time
	Limit    int

	NeverOpened bool // also what never opened, in whichever state
}

// Get returns an incident and its timeline, oldest first, or ErrNotFound. The id
// of one that was merged leads to the incident that it goes on as.
func (m *Manager) Get(ctx context.Context, id string) (Incident, []Event, error) {
	return m.get(ctx, id, m.lookup)
}

// GetOwn is Get without going on from an incident that was merged.
func (m *Manager) GetOwn(ctx context.Context, id string) (Incident, []Event, error) {
	return m.get(ctx, id, m.lookupOwn)
}

func (m *Manager) get(ctx context.Context, id string, find func(context.Context, string) (*live, error)) (Incident, []Event, error) {
	m.mu.Lock()
	l, err := find(ctx, id)
	var i Incident
	if err == nil {
		i = l.snapshot()
	}
	m.mu.Unlock()
	if err != nil {
		return Incident{}, nil, fmt.Errorf("incident %s: %w", id, err)
	}
	records, err := queryEvents(ctx, m.db, false, "WHERE incident = ? ORDER BY seq", i.ID)
	if err != nil {
		return Incident{}, nil, fmt.Errorf("timeline of incident %s: %w", id, err)
	}
	events := make([]Event, len(records))
	for n, r := range records {
		events[n] = r.Event
	}
	return i, events, nil
}

// List returns the incidents that pass the filter, last opened first; none is an
// empty list.
func (m *Manager) List(ctx context.Context, f Filter) ([]Incident, error) {
	var where []string
	var args []any
	add := func(cond string, arg ...any) { where, args = append(where, cond), append(args, arg...) }
	if len(f.States) > 0 {
		states := make([]any, len(f.States))
		for i, s := range f.States {
			states[i] = string(s)
		}
		add("state IN (?"+strings.Repeat(",?", len(states)-1)+")", states...)
	}
	if !f.NeverOpened && !slices.Contains(f.States, StateCandidate) {
		add("never_opened = 0")
	}
	if f.Service != "" {
		add("service = ?", f.Service)
	}
	if !f.From.IsZero() {
		add("opened >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		add("opened < ?", f.To.UnixMilli())
	}
	clause := ""
	if len(where) > 0 {
		clause = "WHERE " + strings.Join(where, " AND ")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	// The lock keeps the rows and the fresher values in memory of one moment.
	m.mu.Lock()
	defer m.mu.Unlock()
	rows, err := queryLive(ctx, m.db, clause+" ORDER BY opened DESC, id DESC LIMIT ?", append(args, min(limit, 1000))...)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	out := make([]Incident, len(rows))
	for i, l := range rows {
		if c := m.cached(l.ID); c != nil {
			l = c
		}
		out[i] = l.snapshot()
	}
	return out, nil
}

// EventsAfter returns up to limit events with a sequence number above seq, in
// order, each with the incident as it stood after the event. At the end of the
// log it returns an empty list.
func (m *Manager) EventsAfter(ctx context.Context, seq int64, limit int) ([]EventRecord, error) {
	records, err := queryEvents(ctx, m.db, true, "WHERE seq > ? ORDER BY seq LIMIT ?", seq, max(limit, 1))
	if err != nil {
		return nil, fmt.Errorf("events after %d: %w", seq, err)
	}
	return records, nil
}

// Cursor returns the durable position of a named reader of events, 0 at first.
func (m *Manager) Cursor(ctx context.Context, name string) (int64, error) {
	var seq int64
	err := m.db.QueryRowContext(ctx, "SELECT seq FROM cursors WHERE name = ?", name).Scan(&seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read cursor %q: %w", name, err)
	}
	return seq, nil
}

// SetCursor stores the position of a named reader: the sequence number of the
// last event it has dealt with.
func (m *Manager) SetCursor(ctx context.Context, name string, seq int64) error {
	_, err := m.db.ExecContext(ctx, "INSERT INTO cursors (name, seq) VALUES (?,?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq", name, seq)
	if err != nil {
		return fmt.Errorf("move cursor %q to %d: %w", name, seq, err)
	}
	return nil
}

func queryEvents(ctx context.Context, db *sql.DB, bodies bool, clause string, args ...any) ([]EventRecord, error) {
	body := "''"
	if bodies {
		body = "body"
	}
	rows, err := db.QueryContext(ctx, "SELECT seq, incident, kind, at, actor, text, key, "+body+" FROM incident_events "+clause, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []EventRecord{}
	for rows.Next() {
		var r EventRecord
		var at int64
		var text string
		e := &r.Event
		if err := rows.Scan(&e.Seq, &e.Incident, &e.Kind, &at, &e.Actor, &e.Text, &e.Key, &text); err != nil {
			return nil, err
		}
		e.At = fromMilli(at)
		if bodies {
			if err := json.Unmarshal([]byte(text), &r.Incident); err != nil {
				return nil, fmt.Errorf("event %d: %w", e.Seq, err)
			}
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// LastSeq returns the highest sequence number in the log, 0 when it is empty.
func (m *Manager) LastSeq(ctx context.Context) (int64, error) {
	var seq int64
	if err := m.db.QueryRowContext(ctx, "SELECT COALESCE(MAX(seq), 0) FROM incident_events").Scan(&seq); err != nil {
		return 0, fmt.Errorf("read the end of the event log: %w", err)
	}
	return seq, nil
}
