package incident

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Errors of the calls that people make. Test with errors.Is.
var (
	ErrNotFound = errors.New("incident not found")
	ErrConflict = errors.New("not possible in the incident's present state")
	ErrInvalid  = errors.New("invalid request")
)

const (
	maxActor = 200
	maxNote  = 4000
)

// Ack marks an open incident as taken by actor, which is required; note may be
// empty. Acknowledging again adds the note if there is one and else changes
// nothing. It returns the incident as it stands then, ErrNotFound, ErrConflict
// when it is resolved, or ErrInvalid.
func (m *Manager) Ack(ctx context.Context, id, actor, note string, at time.Time) (Incident, error) {
	return m.person(ctx, id, personal{verb: "acknowledge", actor: actor, note: note, at: at,
		do: func(l *live, at time.Time, d *delta) error {
			if l.State == StateResolved {
				return fmt.Errorf("want an open incident, but it was resolved at %s: %w", l.Resolved.Format(time.RFC3339), ErrConflict)
			}
			if l.State == StateAcknowledged {
				if note != "" {
					m.engine.emit(l, d, Event{Kind: EventNote, At: at, Actor: actor, Text: note})
				}
				return nil
			}
			l.State, l.Acked, l.Updated = StateAcknowledged, at, latest(l.Updated, at)
			m.engine.emit(l, d, Event{Kind: EventAcked, At: at, Actor: actor, Text: said("acknowledged by "+actor, note)})
			return nil
		}})
}

// Resolve ends an incident by the word of actor. Occurrences that go on are
// absorbed until they clear, so that it stays ended; a new episode reopens it.
// Resolving a resolved incident changes nothing. Errors are those of Ack.
func (m *Manager) Resolve(ctx context.Context, id, actor, note string, at time.Time) (Incident, error) {
	return m.person(ctx, id, personal{verb: "resolve", actor: actor, note: note, at: at,
		do: func(l *live, at time.Time, d *delta) error {
			if l.State == StateResolved {
				return nil
			}
			// Event time may be ahead of the person's clock; an episode told of
			// up to now is meant.
			at = latest(at, l.Updated)
			l.State, l.Resolved, l.Updated = StateResolved, at, at
			going := 0
			for _, o := range l.Occurrences {
				if o.Condition == ConditionCleared {
					continue
				}
				if len(m.state.absorbed)+len(d.absorb) >= maxAbsorbed {
					m.m.dropped("absorbed_full").Inc()
					continue
				}
				going++
				d.absorb = append(d.absorb, absorbed{Key: o.Key, Incident: l.ID, Resolved: at})
			}
			text := said("resolved by "+actor, note)
			if going > 0 {
				text += fmt.Sprintf(" (%s still going on)", plural(going, "occurrence", "occurrences"))
			}
			m.engine.emit(l, d, Event{Kind: EventResolved, At: at, Actor: actor, Text: text})
			return nil
		}})
}

// Note adds a remark to the timeline, in any state. Errors are those of Ack.
func (m *Manager) Note(ctx context.Context, id, actor, note string, at time.Time) (Incident, error) {
	if strings.TrimSpace(note) == "" {
		return Incident{}, fmt.Errorf("note on incident %s: want a text, got none: %w", id, ErrInvalid)
	}
	return m.person(ctx, id, personal{verb: "note on", actor: actor, note: note, at: at,
		do: func(l *live, at time.Time, d *delta) error {
			l.Updated = latest(l.Updated, at)
			m.engine.emit(l, d, Event{Kind: EventNote, At: at, Actor: actor, Text: note})
			return nil
		}})
}

type personal struct {
	verb, actor, note string
	at                time.Time
	do                func(l *live, at time.Time, d *delta) error
}

func (m *Manager) person(ctx context.Context, id string, p personal) (Incident, error) {
	switch {
	case strings.TrimSpace(p.actor) == "":
		return Incident{}, fmt.Errorf("%s incident %s: actor: want who does it, got none: %w", p.verb, id, ErrInvalid)
	case len(p.actor) > maxActor || !utf8.ValidString(p.actor):
		return Incident{}, fmt.Errorf("%s incident %s: actor: want at most %d bytes of UTF-8, got %d: %w", p.verb, id, maxActor, len(p.actor), ErrInvalid)
	case len(p.note) > maxNote || !utf8.ValidString(p.note):
		return Incident{}, fmt.Errorf("%s incident %s: note: want at most %d bytes of UTF-8, got %d: %w", p.verb, id, maxNote, len(p.note), ErrInvalid)
	}
	at := milli(p.at)
	i, told, err := func() (Incident, bool, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		l, err := m.lookup(ctx, id)
		if err != nil {
			return Incident{}, false, err
		}
		l = l.clone()
		var d delta
		if err := p.do(l, at, &d); err != nil {
			return l.snapshot(), false, err
		}
		if err := m.persist(ctx, &d, at); err != nil {
			return Incident{}, false, err
		}
		return l.snapshot(), len(d.events) > 0, nil
	}()
	if err != nil {
		return i, fmt.Errorf("%s incident %s: %w", p.verb, id, err)
	}
	if told {
		m.changed()
	}
	return i, nil
}

func said(what, note string) string {
	if note == "" {
		return what
	}
	return what + ": " + note
}
