package incident

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Kinds of rows in the table incident_pool.
const (
	poolParked   = "parked"
	poolAbsorbed = "absorbed"
)

// write stores deltas in one transaction and fills in the sequence numbers of
// their events. Of an incident that several of them change, the last counts. What
// is written is made before, since everyone waits for the transaction.
func (m *Manager) write(ctx context.Context, ds []delta) error {
	if len(ds) == 0 {
		return nil
	}
	var rows []row
	at := map[string]int{} // index in rows by id
	for _, d := range ds {
		for _, l := range d.incidents {
			if i, ok := at[l.ID]; ok {
				rows[i].live = l
				continue
			}
			at[l.ID] = len(rows)
			rows = append(rows, row{live: l})
		}
	}
	var err error
	for i := range rows {
		if rows[i].body, err = json.Marshal(rows[i].live); err != nil {
			return err
		}
	}
	bodies := map[*EventRecord][]byte{}
	for _, d := range ds {
		for i := range d.events {
			if bodies[&d.events[i]], err = json.Marshal(&d.events[i].Incident); err != nil {
				return err
			}
		}
	}
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	for _, r := range rows {
		l := r.live
		if _, err := tx.ExecContext(ctx, `INSERT INTO incidents (id, service, state, opened, resolved, body) VALUES (?,?,?,?,?,?)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, resolved = excluded.resolved, body = excluded.body`,
			l.ID, l.Service, string(l.State), toMilli(l.Opened), toMilli(l.Resolved), string(r.body)); err != nil {
			return err
		}
	}
	for _, d := range ds {
		for i := range d.events {
			if err := writeEvent(ctx, tx, &d.events[i], bodies[&d.events[i]]); err != nil {
				return err
			}
		}
		if err := writePool(ctx, tx, d); err != nil {
			return err
		}
		for _, l := range d.linked {
			if _, err := tx.ExecContext(ctx, "UPDATE anomalies SET incident = ? WHERE key = ? AND since = ?",
				l.incident, l.key, toMilli(l.since)); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

// row is an incident as it is to be stored.
type row struct {
	live *live
	body []byte
}

func writeEvent(ctx context.Context, tx *sql.Tx, e *EventRecord, body []byte) error {
	res, err := tx.ExecContext(ctx, "INSERT INTO incident_events (incident, kind, at, actor, text, key, body) VALUES (?,?,?,?,?,?,?)",
		e.Event.Incident, string(e.Event.Kind), toMilli(e.Event.At), e.Event.Actor, e.Event.Text, e.Event.Key, string(body))
	if err != nil {
		return err
	}
	e.Event.Seq, err = res.LastInsertId()
	return err
}

// writePool deletes before it inserts: a delta may replace a row.
func writePool(ctx context.Context, tx *sql.Tx, d delta) error {
	del := func(kind, key string) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM incident_pool WHERE kind = ? AND key = ?", kind, key)
		return err
	}
	put := func(kind, key string, at time.Time, v any) error {
		body, err := json.Marshal(v)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO incident_pool (kind, key, at, body) VALUES (?,?,?,?)", kind, key, toMilli(at), string(body))
		return err
	}
	var errs error
	for _, o := range d.unpark {
		errs = errors.Join(errs, del(poolParked, o.Key))
	}
	for _, key := range d.release {
		errs = errors.Join(errs, del(poolAbsorbed, key))
	}
	for _, o := range d.park {
		errs = errors.Join(errs, put(poolParked, o.Key, o.At, o))
	}
	for _, a := range d.absorb {
		errs = errors.Join(errs, put(poolAbsorbed, a.Key, a.Resolved, a))
	}
	return errs
}

// load fills an empty state from the tables.
func (m *Manager) load(ctx context.Context) error {
	open, err := queryLive(ctx, m.db, "WHERE state <> ? ORDER BY opened, id", string(StateResolved))
	if err != nil {
		return err
	}
	for _, l := range open {
		m.state.open[l.scope()] = l
	}
	recent, err := queryLive(ctx, m.db, "WHERE state = ? ORDER BY resolved DESC, id DESC LIMIT ?", string(StateResolved), maxRecent)
	if err != nil {
		return err
	}
	for _, l := range recent {
		if m.state.recent[l.scope()] == nil && m.state.open[l.scope()] == nil {
			m.state.recent[l.scope()] = l
		}
	}
	if err := m.loadPool(ctx); err != nil {
		return err
	}
	last, err := queryLive(ctx, m.db, "ORDER BY opened DESC, id DESC LIMIT ?", m.engine.cfg.StormIncidents+1)
	if err != nil {
		return err
	}
	for i := len(last) - 1; i >= 0; i-- {
		if last[i].scope() != stormScope {
			m.state.openings = append(m.state.openings, last[i].Opened)
		}
	}
	if over := len(m.state.openings) - m.engine.cfg.StormIncidents; over > 0 {
		m.state.openings = m.state.openings[over:]
	}
	return nil
}

func (m *Manager) loadPool(ctx context.Context) error {
	rows, err := m.db.QueryContext(ctx, "SELECT kind, key, body FROM incident_pool ORDER BY at, key")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, key, body string
		if err := rows.Scan(&kind, &key, &body); err != nil {
			return err
		}
		var o Occurrence
		var a absorbed
		switch kind {
		case poolParked:
			err = json.Unmarshal([]byte(body), &o)
			m.state.parked[scopeOf(o)] = append(m.state.parked[scopeOf(o)], o)
		case poolAbsorbed:
			err = json.Unmarshal([]byte(body), &a)
			m.state.absorbed[a.Key] = a
		}
		if err != nil {
			return fmt.Errorf("%s occurrence %q: %w", kind, key, err)
		}
	}
	return rows.Err()
}

func queryLive(ctx context.Context, db *sql.DB, clause string, args ...any) ([]*live, error) {
	rows, err := db.QueryContext(ctx, "SELECT id, body FROM incidents "+clause, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*live
	for rows.Next() {
		var id, body string
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		l := new(live)
		if err := json.Unmarshal([]byte(body), l); err != nil {
			return nil, fmt.Errorf("incident %s: %w", id, err)
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// lookup returns an incident from memory or from the table. The caller holds mu
// and must clone before it alters it.
func (m *Manager) lookup(ctx context.Context, id string) (*live, error) {
	if l := m.cached(id); l != nil {
		return l, nil
	}
	rows, err := queryLive(ctx, m.db, "WHERE id = ?", id)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, ErrNotFound
	}
	return rows[0], nil
}

func (m *Manager) cached(id string) *live {
	for _, in := range []map[scope]*live{m.state.open, m.state.recent} {
		for _, l := range in {
			if l.ID == id {
				return l
			}
		}
	}
	return nil
}

func (m *Manager) eventByKey(ctx context.Context, ev Event) (Event, bool, error) {
	records, err := queryEvents(ctx, m.db, false, "WHERE incident = ? AND kind = ? AND key = ? ORDER BY seq LIMIT 1", ev.Incident, string(ev.Kind), ev.Key)
	if err != nil || len(records) == 0 {
		return Event{}, false, err
	}
	return records[0].Event, true, nil
}

func toMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
