package incident

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/oklog/ulid/v2"
)

// ManagerOptions of NewManager. DB is required; its tables are those of the
// store package's migrations.
type ManagerOptions struct {
	DB      *sql.DB
	Config  Config
	Logger  *slog.Logger              // nil: silent
	Metrics *metrics.Set              // nil: counted but shown nowhere
	Changed func()                    // called without locks after events were stored; nil: nobody listens
	NewID   func(at time.Time) string // nil: ULIDs; ids must sort in the order of opening

	// Topology says how closely two services are related, from 0 (not at all) to
	// 1: 0.8 on a call path, 0.6 by a shared host or database. nil: not at all.
	// It is called under the manager's lock, and must be quick.
	Topology func(a, b string) float64
	// Suspect names the first suspect of an incident, "" if there is none to rely
	// on. nil: none ever. Called as Topology is.
	Suspect func(id string) string
	// Lagging says whether our own intake lags at a time, so that missing data
	// are no news. nil: never.
	Lagging func(at time.Time) bool
}

// Manager keeps incidents. What Apply, Tick and the calls of people decide is
// durable, incident and events together, before they return; on an error
// nothing has changed and the call may be made again. It starts no goroutines
// and is safe for concurrent use; calls are handled one after the other.
type Manager struct {
	db      *sql.DB
	log     *slog.Logger
	changed func()
	m       managerMetrics
	engine  engine

	mu    sync.Mutex
	state *state
}

// NewManager loads the incidents that are open or may reopen and what else an
// earlier manager over the same tables remembered, and goes on from there.
func NewManager(ctx context.Context, o ManagerOptions) (*Manager, error) {
	var bad error
	o.Config.Validate(func(path, format string, args ...any) {
		if bad == nil {
			bad = fmt.Errorf("incident config: %s: "+format, append([]any{path}, args...)...)
		}
	})
	if bad != nil {
		return nil, bad
	}
	m := &Manager{db: o.DB, log: o.Logger, changed: o.Changed, m: newManagerMetrics(o.Metrics),
		engine: engine{cfg: o.Config, newID: o.NewID, topology: o.Topology, suspect: o.Suspect, lagging: o.Lagging}, state: newState()}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if m.changed == nil {
		m.changed = func() {}
	}
	if m.engine.newID == nil {
		entropy := ulid.Monotonic(rand.Reader, 0) // used under mu only
		m.engine.newID = func(at time.Time) string {
			return ulid.MustNew(ulid.Timestamp(at), entropy).String()
		}
	}
	if err := m.load(ctx); err != nil {
		return nil, fmt.Errorf("load incidents: %w", err)
	}
	m.show()
	return m, nil
}

// Apply takes in one report of an alert or anomaly. Reports of one key must come
// in the order of their At; older ones than the last known are counted and
// ignored. An occurrence without key, name or time, or with an unknown source or
// condition, is refused with ErrInvalid.
func (m *Manager) Apply(ctx context.Context, o Occurrence) error {
	return m.ApplyAll(ctx, []Occurrence{o})
}

// ApplyAll is Apply for many reports in order, of which disk and transaction are
// waited for once. Those that are refused are named in the error, and the others
// are taken in all the same; when they cannot be stored, none is.
func (m *Manager) ApplyAll(ctx context.Context, reports []Occurrence) error {
	var bad []error
	valid := make([]Occurrence, 0, len(reports))
	for _, o := range reports {
		o, err := normalise(o)
		if err != nil {
			m.m.dropped("invalid").Inc()
			bad = append(bad, err)
			continue
		}
		valid = append(valid, o)
	}
	if len(valid) == 0 {
		return errors.Join(bad...)
	}
	ds, err := m.applyAll(ctx, valid)
	if err != nil {
		o := valid[0]
		err = fmt.Errorf("apply %s %s of %q: %w", o.Source, o.Name, o.Service, err)
		if more := len(valid) - 1; more > 0 {
			err = fmt.Errorf("%w (with %d more)", err, more)
		}
		return errors.Join(append(bad, err)...)
	}
	for i, d := range ds {
		m.m.occurrence(valid[i].Source, d.result).Inc()
		if d.result == resultLate || d.result == resultFull || d.result == resultBlind {
			m.m.dropped(d.result).Inc()
		}
		m.told(d)
	}
	return errors.Join(bad...)
}

// applyAll decides on a copy of the state, which becomes the state when all that
// was decided is on disk.
func (m *Manager) applyAll(ctx context.Context, reports []Occurrence) ([]delta, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := m.state
	if len(reports) > 1 {
		next = m.state.copy()
	}
	ds, writes := make([]delta, len(reports)), make([]delta, 0, len(reports))
	for i, o := range reports {
		ds[i] = m.engine.apply(next, o)
		writes = append(writes, toWrite(ds[i], o.At)...)
		if len(reports) > 1 {
			next.commit(ds[i], m.engine.cfg)
		}
	}
	if err := m.write(ctx, writes); err != nil {
		m.m.writeErrors.Inc()
		return nil, err
	}
	if len(reports) == 1 {
		next.commit(ds[0], m.engine.cfg)
	}
	m.state = next
	m.show()
	return ds, nil
}

// Tick moves event time to now: it resolves what has recovered, ends flapping,
// and forgets what cannot come back. Times that go backwards do no harm.
func (m *Manager) Tick(ctx context.Context, now time.Time) error {
	now = milli(now)
	m.mu.Lock()
	d := m.engine.tick(m.state, now)
	for _, l := range byID(m.state.open) {
		touched := slices.ContainsFunc(d.incidents, func(x *live) bool { return x.ID == l.ID })
		if !touched && l.Updated.After(l.Memory.Saved) && now.Sub(l.Memory.Saved) >= saveEvery {
			d.incidents = append(d.incidents, l.clone())
		}
	}
	err := m.persist(ctx, &d, now)
	m.mu.Unlock()
	if err != nil {
		return fmt.Errorf("tick incidents at %s: %w", now.Format(time.RFC3339), err)
	}
	m.told(d)
	return nil
}

// AppendEvent adds a row to an incident's timeline that another stage has made:
// EventChange, EventSuspects, EventNotified or EventGap, with Incident, Kind, At and Text
// set. If Key is set and the incident has an event of this kind and key already,
// that one is returned, and false: a step that is repeated after a crash adds
// nothing. The event is handed out by EventsAfter as any other.
func (m *Manager) AppendEvent(ctx context.Context, ev Event) (Event, bool, error) {
	switch ev.Kind {
	case EventChange, EventSuspects, EventNotified, EventGap:
	default:
		return Event{}, false, fmt.Errorf("append event to incident %s: kind: want change, suspects, notified or gap, got %q: %w", ev.Incident, ev.Kind, ErrInvalid)
	}
	ev.At = milli(ev.At)
	var d delta
	old, found, err := func() (Event, bool, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if ev.Key != "" {
			if old, found, err := m.eventByKey(ctx, ev); err != nil || found {
				return old, found, err
			}
		}
		l, err := m.lookupOwn(ctx, ev.Incident)
		if err != nil {
			return Event{}, false, err
		}
		m.engine.emit(l.clone(), &d, ev)
		return Event{}, false, m.persist(ctx, &d, ev.At)
	}()
	if err != nil {
		return Event{}, false, fmt.Errorf("append %s event to incident %s: %w", ev.Kind, ev.Incident, err)
	}
	if found {
		return old, false, nil
	}
	m.told(d)
	return d.events[0].Event, true, nil
}

// persist makes a delta durable and then part of the state.
func (m *Manager) persist(ctx context.Context, d *delta, at time.Time) error {
	if err := m.write(ctx, toWrite(*d, at)); err != nil {
		m.m.writeErrors.Inc()
		return err
	}
	m.state.commit(*d, m.engine.cfg)
	m.show()
	return nil
}

// toWrite returns what of a delta has to be on disk, nothing or one. Deltas that
// only refresh values are written at most once in saveEvery for each incident.
func toWrite(d delta, at time.Time) []delta {
	if !d.urgent {
		all := d.incidents
		d.incidents = nil
		for _, l := range all {
			if at.Sub(l.Memory.Saved) >= saveEvery {
				d.incidents = append(d.incidents, l)
			}
		}
		if len(d.incidents) == 0 {
			return nil
		}
	}
	for _, l := range d.incidents {
		l.Memory.Saved = at // clones, not yet seen by anyone
	}
	return []delta{d}
}

// told counts and logs the events of a stored delta and wakes the listener.
func (m *Manager) told(d delta) {
	for _, e := range d.events {
		m.m.event(e.Event.Kind).Inc()
		m.log.Info("incident "+string(e.Event.Kind), "incident", e.Event.Incident, "seq", e.Event.Seq,
			"title", e.Incident.Title, "severity", e.Incident.Severity, "actor", e.Event.Actor, "text", e.Event.Text)
	}
	if len(d.events) > 0 {
		m.changed()
	}
}

func (m *Manager) show() {
	m.m.open.Set(float64(len(m.state.open)))
	m.m.parked.Set(float64(m.state.parkedTotal()))
	m.m.candidates.Set(float64(len(m.state.candidates)))
	m.m.prints.Set(float64(len(m.state.prints.by)))
	m.m.absorb.Set(float64(len(m.state.absorbed)))
}

// normalise checks what the decisions rely on and brings times to UTC
// milliseconds, as they are stored.
func normalise(o Occurrence) (Occurrence, error) {
	fail := func(field, want string, got any) (Occurrence, error) {
		return o, fmt.Errorf("occurrence %q of service %q: %s: want %s, got %v: %w", o.Name, o.Service, field, want, got, ErrInvalid)
	}
	switch {
	case o.Key == "":
		return fail("key", "the key of the alert or series", "none")
	case o.Name == "":
		return fail("name", "the name of the alert or series", "none")
	case o.At.IsZero():
		return fail("at", "the event time of the report", "none")
	case o.Source != SourceAlert && o.Source != SourceAnomaly:
		return fail("source", "alert or anomaly", fmt.Sprintf("%q", o.Source))
	case o.Condition != ConditionFiring && !o.Condition.Dataless() && o.Condition != ConditionCleared:
		return fail("condition", "firing, held, stale_source or cleared", fmt.Sprintf("%q", o.Condition))
	}
	o.At, o.Since = milli(o.At), milli(o.Since)
	if o.Since.IsZero() || o.Since.After(o.At) {
		o.Since = o.At
	}
	if o.Severity.Rank() == 0 {
		o.Severity = SeverityWarning
	}
	o.Worst = readingOf(o)
	return o, nil
}

func milli(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}
