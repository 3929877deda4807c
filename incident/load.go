package incident

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// load fills an empty state from the tables.
func (m *Manager) load(ctx context.Context) error {
	if err := m.loadPrints(ctx); err != nil {
		return err
	}
	open, err := queryLive(ctx, m.db, "WHERE state IN (?,?,?,?) ORDER BY opened, id",
		string(StateCandidate), string(StateOpen), string(StateAcknowledged), string(StateMitigated))
	if err != nil {
		return err
	}
	for _, l := range open {
		l.complete()
		m.state.place(l)
		if !l.State.Active() {
			continue
		}
		for _, o := range l.Occurrences {
			if m.state.holdsBetter(o) {
				continue
			}
			m.state.byKey[o.Key] = l.ID
		}
	}
	// What ended longer than the window before the last end cannot reopen any more.
	recent, err := queryLive(ctx, m.db, `WHERE state IN (?1,?2) AND never_opened = 0
		AND resolved >= (SELECT MAX(resolved) FROM incidents) - ?3 ORDER BY resolved DESC, id DESC LIMIT ?4`,
		string(StateResolved), string(StateExpired), time.Duration(m.engine.cfg.ReopenWindow).Milliseconds(), maxRecent)
	if err != nil {
		return err
	}
	for _, l := range slices.Backward(recent) { // so that the latest holds what several do
		l.complete()
		m.state.remember(l)
	}
	if err := m.loadPool(ctx); err != nil {
		return err
	}
	last, err := queryLive(ctx, m.db, "WHERE never_opened = 0 ORDER BY opened DESC, id DESC LIMIT ?", m.engine.cfg.StormIncidents+1)
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

// holdsBetter says whether an incident that was loaded before holds an occurrence
// that goes on, or that was seen later than this one, which does not.
func (s *state) holdsBetter(o Occurrence) bool {
	l := s.open[s.byKey[o.Key]]
	if l == nil || o.Condition != ConditionCleared {
		return false
	}
	i := l.index(o.Key)
	return i >= 0 && (l.Occurrences[i].Condition != ConditionCleared || l.Occurrences[i].At.After(o.At))
}

// complete adds to an incident that was stored before affinity was known what it
// is known by.
func (l *live) complete() {
	if len(l.Memory.Services) > 0 {
		return
	}
	for _, o := range l.Occurrences {
		if !o.Strong {
			continue
		}
		l.sign(o)
		l.Memory.LastStrong = latest(l.Memory.LastStrong, o.At)
	}
	if l.Memory.Severe.IsZero() {
		l.Memory.Severe = l.Memory.LastStrong
	}
}

func (m *Manager) loadPool(ctx context.Context) error {
	rows, err := m.db.QueryContext(ctx, "SELECT key, body FROM incident_pool WHERE kind = ? ORDER BY at, key", poolAbsorbed)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, body string
		if err := rows.Scan(&key, &body); err != nil {
			return err
		}
		var a absorbed
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			return fmt.Errorf("absorbed occurrence %q: %w", key, err)
		}
		m.state.absorbed[a.Key] = a
	}
	return rows.Err()
}

// loadPrints reads what is remembered of fingerprints, after it has let go of what
// has nearly faded or finds no room.
func (m *Manager) loadPrints(ctx context.Context) error {
	if _, err := m.db.ExecContext(ctx, `DELETE FROM incident_habits WHERE at < (SELECT MAX(at) FROM incident_habits) - ?
		OR key NOT IN (SELECT key FROM incident_habits ORDER BY at DESC, key LIMIT ?)`, (3 * remembered).Milliseconds(), maxPrints); err != nil {
		return fmt.Errorf("prune fingerprints: %w", err)
	}
	rows, err := m.db.QueryContext(ctx, "SELECT key, body FROM incident_habits ORDER BY key")
	if err != nil {
		return err
	}
	defer rows.Close()
	var begun []start
	for rows.Next() {
		var key, body string
		if err := rows.Scan(&key, &body); err != nil {
			return err
		}
		p := new(print)
		if err := json.Unmarshal([]byte(body), p); err != nil {
			return fmt.Errorf("fingerprint %q: %w", key, err)
		}
		m.state.prints.put(p)
		if !p.Began.IsZero() {
			begun = append(begun, start{key, p.Began})
		}
	}
	slices.SortStableFunc(begun, func(a, b start) int { return a.at.Compare(b.at) })
	for _, s := range begun[max(0, len(begun)-maxStarts):] {
		m.state.prints.began(s)
	}
	return rows.Err()
}

// writePrints stores what a step has learned of fingerprints.
func writePrints(ctx context.Context, tx *sql.Tx, all map[string]*print) error {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		p := all[key]
		body, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO incident_habits (key, at, body) VALUES (?,?,?)", p.Key, toMilli(p.At), string(body)); err != nil {
			return err
		}
	}
	return nil
}
