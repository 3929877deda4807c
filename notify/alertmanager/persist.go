package alertmanager

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/notify"
)

// Rows of am_marks: up to when the router has looked, and the number of the last
// message.
const (
	markClock   = "clock"
	markMessage = "message"
)

// load fills the alerts and returns the groups as they were stored.
func (r *Router) load(ctx context.Context) (map[string]storedGroup, error) {
	var down int64
	if err := r.o.DB.QueryRowContext(ctx, `SELECT COALESCE(MAX(CASE WHEN name = ?1 THEN value END), 0), COALESCE(MAX(CASE WHEN name = ?2 THEN value END), 0)
		FROM am_marks`, markClock, markMessage).Scan(&down, &r.seq); err != nil {
		return nil, err
	}
	now := r.o.Now()
	err := r.eachRow(ctx, "SELECT id, body FROM am_alerts", func(id string, body []byte) error {
		e, err := decodeEntry(body)
		if err != nil {
			return err
		}
		if down > 0 {
			e.makeUp(time.UnixMilli(down))
		}
		if down > 0 && e.renew(time.UnixMilli(down), now) {
			r.touch(e)
		}
		if e.row, err = strconv.ParseInt(id, 10, 64); err != nil {
			return err
		}
		r.rows = max(r.rows, e.row)
		r.alerts[e.fp] = e
		r.look(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	groups := map[string]storedGroup{}
	err = r.eachRow(ctx, "SELECT id, body FROM am_groups", func(id string, body []byte) error {
		var g storedGroup
		if err := json.Unmarshal(body, &g); err != nil {
			return err
		}
		groups[id] = g
		return nil
	})
	return groups, err
}

// eachRow hands out rows of an id and a body. One that cannot be read is logged
// and counted, and the others hold.
func (r *Router) eachRow(ctx context.Context, query string, take func(id string, body []byte) error) error {
	rows, err := r.o.DB.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var body []byte
		if err := rows.Scan(&id, &body); err != nil {
			return err
		}
		if err := take(id, body); err != nil {
			r.metrics.dropped("unreadable_row", 1)
			r.log.Error("a stored row cannot be read and is left out", "row", id, "error", err)
		}
	}
	return rows.Err()
}

// write puts everything that has changed on disk in one transaction: alerts,
// groups, and the messages that were decided on. The caller holds mu; on an
// error all stays marked and the next call writes it.
func (r *Router) write(ctx context.Context) error {
	tx, err := r.o.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	return r.writeIn(ctx, tx)
}

// writeAlerts is write for what came in. It does not wait for the disk itself: a
// kill loses nothing, and what a loss of power takes is sent again, since an
// alert that is not repeated ends. The next write that matters more takes it
// along. A storm waits for the disk a thousand times less.
func (r *Router) writeAlerts(ctx context.Context) error {
	if len(r.due) > 0 {
		return r.write(ctx)
	}
	conn, err := r.o.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		return err
	}
	defer func() {
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = FULL"); err != nil {
			// Nobody may go on with a connection that does not wait.
			conn.Raw(func(any) error { return driver.ErrBadConn }) //nolint:errcheck // it is the error
		}
	}()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	return r.writeIn(ctx, tx)
}

func (r *Router) writeIn(ctx context.Context, tx *sql.Tx) error {
	wrote := 0
	exec := func(query string, args ...any) error {
		wrote++
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	put, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO am_alerts (id, body) VALUES (?, ?)")
	if err != nil {
		return err
	}
	defer put.Close()
	for _, e := range r.stale {
		if r.alerts[e.fp] != e {
			continue // forgotten since
		}
		body, err := e.encode()
		if err != nil {
			return fmt.Errorf("alert %s: %w", e.fp, err)
		}
		wrote++
		if _, err := put.ExecContext(ctx, e.row, body); err != nil {
			return err
		}
	}
	for _, row := range r.removed {
		if err := exec("DELETE FROM am_alerts WHERE id = ?", row); err != nil {
			return err
		}
	}
	for id, g := range r.groups {
		if !g.dirty {
			continue
		}
		body, err := g.encode(r.ids[g.route])
		if err != nil {
			return fmt.Errorf("group %s: %w", g.key, err)
		}
		if err := exec("INSERT OR REPLACE INTO am_groups (id, body) VALUES (?, ?)", id, body); err != nil {
			return err
		}
	}
	for id := range r.gone {
		if err := exec("DELETE FROM am_groups WHERE id = ?", id); err != nil {
			return err
		}
	}
	for _, d := range r.due {
		body, err := json.Marshal(d.m)
		if err != nil {
			return fmt.Errorf("message %s: %w", d.m.Key, err)
		}
		if err := exec("INSERT INTO am_outgoing (channel, body) VALUES (?, ?)", d.channel, string(body)); err != nil {
			return err
		}
	}
	if wrote == 0 {
		return nil
	}
	if len(r.due) > 0 {
		if err := exec("INSERT OR REPLACE INTO am_marks (name, value) VALUES (?, ?)", markMessage, r.seq); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	r.written()
	return nil
}

// written notes that memory and disk agree.
func (r *Router) written() {
	for _, e := range r.stale {
		e.dirty, e.saved = false, savedOf(e.alert)
	}
	r.stale = nil
	for _, g := range r.groups {
		g.dirty = false
	}
	if len(r.due) > 0 {
		r.unsent = true
	}
	r.removed, r.gone, r.due = nil, map[string]bool{}, nil
}

// saveEvery is how far the stored clock may be behind.
const saveEvery = 10 * time.Second

// saveClock notes up to when the router has looked.
func (r *Router) saveClock(ctx context.Context, at time.Time) error {
	if at.Sub(r.clock) < saveEvery && !at.Before(r.clock) {
		return nil
	}
	if _, err := r.o.DB.ExecContext(ctx, "INSERT OR REPLACE INTO am_marks (name, value) VALUES (?, ?)", markClock, at.UnixMilli()); err != nil {
		return fmt.Errorf("store the clock: %w", err)
	}
	r.clock = at
	return nil
}

// sendBatch is how many messages are read at once.
const sendBatch = 100

// send moves what was decided on into the outbox, in order. A crash between the
// two repeats a step whose effect is there already: the key of the message is
// the same.
func (r *Router) send(ctx context.Context) error {
	r.sendMu.Lock()
	defer r.sendMu.Unlock()
	r.mu.Lock()
	some := r.unsent
	r.unsent = false
	r.mu.Unlock()
	if !some {
		return nil
	}
	err := r.sendAll(ctx)
	if err != nil {
		r.mu.Lock()
		r.unsent = true
		r.mu.Unlock()
	}
	return err
}

func (r *Router) sendAll(ctx context.Context) error {
	for {
		batch, err := r.outgoing(ctx)
		if err != nil {
			return fmt.Errorf("read messages about groups: %w", err)
		}
		for _, o := range batch {
			if r.hasChannel(o.channel) {
				if _, err := r.o.Enqueue(ctx, o.m, o.channel); err != nil {
					return fmt.Errorf("message about group %s: %w", o.m.Group.Key, err)
				}
			} else {
				// The receiver went with a reload between the decision and now.
				r.metrics.dropped("receiver_gone", 1)
				r.log.Warn("a message about a group is dropped: its receiver is no longer configured", "channel", o.channel, "group", o.m.Group.Key)
			}
			if _, err := r.o.DB.ExecContext(ctx, "DELETE FROM am_outgoing WHERE id = ?", o.id); err != nil {
				return fmt.Errorf("note that a message about a group is in the outbox: %w", err)
			}
		}
		if len(batch) < sendBatch {
			return nil
		}
	}
}

type outgoing struct {
	id      int64
	channel string
	m       notify.Message
}

func (r *Router) outgoing(ctx context.Context) ([]outgoing, error) {
	rows, err := r.o.DB.QueryContext(ctx, "SELECT id, channel, body FROM am_outgoing ORDER BY id LIMIT ?", sendBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []outgoing
	for rows.Next() {
		var o outgoing
		var body []byte
		if err := rows.Scan(&o.id, &o.channel, &body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &o.m); err != nil {
			return nil, fmt.Errorf("row %d: %w", o.id, err)
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

func (r *Router) hasChannel(name string) bool {
	return slices.ContainsFunc(r.Plan().all, func(c notify.Channel) bool { return c.Name() == name })
}
