package incident

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// poolAbsorbed is the kind of the rows in the table incident_pool.
const poolAbsorbed = "absorbed"

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
		if _, err := tx.ExecContext(ctx, `INSERT INTO incidents (id, service, state, opened, resolved, body, never_opened) VALUES (?,?,?,?,?,?,?)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, opened = excluded.opened, resolved = excluded.resolved,
			body = excluded.body, never_opened = excluded.never_opened`,
			l.ID, l.Service, string(l.State), toMilli(l.Opened), toMilli(l.Resolved), string(r.body), l.NeverOpened); err != nil {
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
		if err := writePrints(ctx, tx, d.prints); err != nil {
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
	for _, key := range d.release {
		errs = errors.Join(errs, del(poolAbsorbed, key))
	}
	for _, a := range d.absorb {
		errs = errors.Join(errs, put(poolAbsorbed, a.Key, a.Resolved, a))
	}
	return errs
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

// lookup returns an incident from memory or from the table; of one that was
// merged, the one that it goes on as. The caller holds mu and must clone before
// it alters it.
func (m *Manager) lookup(ctx context.Context, id string) (*live, error) {
	for range maxHops {
		l, err := m.lookupOwn(ctx, id)
		if err != nil || l.State != StateMerged {
			return l, err
		}
		id = l.MergedInto
	}
	return nil, ErrNotFound
}

// lookupOwn is lookup without going on from what was merged.
func (m *Manager) lookupOwn(ctx context.Context, id string) (*live, error) {
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
	if l := m.state.open[id]; l != nil {
		return l
	}
	if l := m.state.recent[id]; l != nil {
		return l
	}
	for _, l := range m.state.candidates {
		if l.ID == id {
			return l
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
