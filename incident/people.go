package incident

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/telemetry"
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
// when it is over, or ErrInvalid. As with every call here, the id of an incident
// that was merged stands for the one that it goes on as.
func (m *Manager) Ack(ctx context.Context, id, actor, note string, at time.Time) (Incident, error) {
	return m.person(ctx, id, personal{verb: "acknowledge", actor: actor, note: note, at: at,
		do: func(l *live, at time.Time, d *delta) (*live, error) {
			if l.State.InHand() {
				if note != "" {
					m.engine.emit(l, d, Event{Kind: EventNote, At: at, Actor: actor, Text: note})
				}
				return l, nil
			}
			return l, m.engine.move(l, StateAcknowledged, Event{At: at, Actor: actor, Text: said("acknowledged by "+actor, note)}, d)
		}})
}

// Mitigate says that users are spared although the cause may still be there. It
// resolves on recovery, and opens again when something strong begins anew. actor
// may be ActorSelf, for a remedy. Saying it again changes nothing. Errors are
// those of Ack.
func (m *Manager) Mitigate(ctx context.Context, id, actor, reason string, at time.Time) (Incident, error) {
	return m.person(ctx, id, personal{verb: "mitigate", actor: actor, note: reason, at: at,
		do: func(l *live, at time.Time, d *delta) (*live, error) {
			if l.State == StateMitigated {
				return l, nil
			}
			return l, m.engine.move(l, StateMitigated, Event{At: latest(at, l.Updated), Actor: actor, Text: said("mitigated by "+actor, reason)}, d)
		}})
}

// Resolve ends an incident by the word of actor. Occurrences that go on are
// absorbed until they clear, so that it stays ended; a new episode reopens it.
// Resolving an incident that is over changes nothing. Errors are those of Ack.
func (m *Manager) Resolve(ctx context.Context, id, actor, note string, at time.Time) (Incident, error) {
	return m.end(ctx, id, StateResolved, personal{verb: "resolve", said: "resolved by ", actor: actor, note: note, at: at})
}

// Close ends an incident for good, or says of one that is over that it will not
// reopen: what comes back opens a new one. Errors are those of Ack.
func (m *Manager) Close(ctx context.Context, id, actor, reason string, at time.Time) (Incident, error) {
	return m.end(ctx, id, StateClosed, personal{verb: "close", said: "closed by ", actor: actor, note: reason, at: at})
}

// FalsePositive says that nothing was wrong, of an incident in any state but one
// that was merged. It ends the incident for good. Whoever learns from it finds an
// EventFalsePositive with the reason in the event log. Errors are those of Ack.
func (m *Manager) FalsePositive(ctx context.Context, id, actor, reason string, at time.Time) (Incident, error) {
	return m.end(ctx, id, StateFalsePositive, personal{verb: "call a false positive", said: "called a false positive by ", actor: actor, note: reason, at: at})
}

// end takes an incident to one of its ends. Going on is absorbed.
func (m *Manager) end(ctx context.Context, id string, to State, p personal) (Incident, error) {
	p.do = func(l *live, at time.Time, d *delta) (*live, error) {
		if l.State == to || to == StateResolved && l.State.Over() {
			return l, nil
		}
		// Event time may be ahead of the person's clock; an episode told of
		// up to now is meant.
		at = latest(at, l.Updated)
		text := said(p.said+p.actor, p.note)
		if going := m.absorb(l, at, d); going > 0 {
			text += fmt.Sprintf(" (%s still going on)", telemetry.Counted(going, "occurrence", "occurrences"))
		}
		return l, m.engine.move(l, to, Event{At: at, Actor: p.actor, Text: text}, d)
	}
	return m.person(ctx, id, p)
}

// absorb lets what still goes on of an active incident open nothing until it has
// cleared, and returns how much that is.
func (m *Manager) absorb(l *live, at time.Time, d *delta) int {
	if !l.State.Active() {
		return 0
	}
	going := 0
	for _, o := range l.Occurrences {
		if o.Condition == ConditionCleared || m.state.byKey[o.Key] != l.ID {
			continue
		}
		if len(m.state.absorbed)+len(d.absorb) >= maxAbsorbed {
			m.m.dropped("absorbed_full").Inc()
			continue
		}
		going++
		d.absorb = append(d.absorb, absorbed{Key: o.Key, Incident: l.ID, Resolved: at})
	}
	return going
}

// Note adds a remark to the timeline, in any state. Errors are those of Ack.
func (m *Manager) Note(ctx context.Context, id, actor, note string, at time.Time) (Incident, error) {
	if strings.TrimSpace(note) == "" {
		return Incident{}, fmt.Errorf("note on incident %s: want a text, got none: %w", id, ErrInvalid)
	}
	return m.person(ctx, id, personal{verb: "note on", actor: actor, note: note, at: at,
		do: func(l *live, at time.Time, d *delta) (*live, error) {
			l.Updated = latest(l.Updated, at)
			m.engine.emit(l, d, Event{Kind: EventNote, At: at, Actor: actor, Text: note})
			return l, nil
		}})
}

// personal is what a person does. do gets a clone and returns the incident to
// answer with.
type personal struct {
	verb, said, actor, note string
	at                      time.Time
	do                      func(l *live, at time.Time, d *delta) (*live, error)
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
		answer, err := p.do(l, at, &d)
		if err != nil {
			return Incident{}, false, err
		}
		if err := m.persist(ctx, &d, at); err != nil {
			return Incident{}, false, err
		}
		for _, e := range d.events {
			m.m.event(e.Event.Kind).Inc()
		}
		return answer.snapshot(), len(d.events) > 0, nil
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
