package incident

import (
	"fmt"
	"slices"
	"time"
)

// State is where an incident stands in its life.
type State string

// The states of an incident. Which may follow which, and by whose word, is the
// table that Transitions returns.
const (
	StateCandidate     State = "candidate"      // odd things gathered, too few yet to tell anyone
	StateOpen          State = "open"           // under way, nobody has said that they are on it
	StateAcknowledged  State = "acknowledged"   // somebody is on it
	StateMitigated     State = "mitigated"      // users are spared, the cause may still be there
	StateResolved      State = "resolved"       // over; may reopen for a while
	StateClosed        State = "closed"         // over for good
	StateMerged        State = "merged"         // goes on as another incident, MergedInto
	StateFalsePositive State = "false_positive" // people say that nothing was wrong
	StateExpired       State = "expired"        // its data never came back, or it never became more than a candidate
)

// ActiveStates are those of incidents that people may have to do something about.
func ActiveStates() []State { return []State{StateOpen, StateAcknowledged, StateMitigated} }

// EndStates are those of incidents that are over.
func EndStates() []State {
	return []State{StateResolved, StateClosed, StateMerged, StateFalsePositive, StateExpired}
}

// Active reports whether people may have to do something about the incident.
func (s State) Active() bool { return slices.Contains(ActiveStates(), s) }

// Over reports whether the incident has ended, in whichever way.
func (s State) Over() bool { return slices.Contains(EndStates(), s) }

// InHand reports whether somebody, or a remedy, is on it.
func (s State) InHand() bool { return s == StateAcknowledged || s == StateMitigated }

// reopens reports whether an incident in this state may open again by itself.
func (s State) reopens() bool { return s == StateResolved || s == StateExpired }

// Transition is one allowed move. From is "" for a beginning.
type Transition struct {
	From, To State
	Event    EventKind // of the timeline, by which Replay knows the move
	Daemon   bool      // may be made by Tocsin itself
	People   bool      // may be made by a person
}

// transitions is the whole life of an incident. What is not in it is refused.
var transitions = []Transition{
	{"", StateCandidate, EventCandidate, true, false},
	{"", StateOpen, EventOpened, true, true}, // by people: an occurrence split off

	{StateCandidate, StateOpen, EventOpened, true, false},
	{StateCandidate, StateExpired, EventExpired, true, false},
	{StateCandidate, StateFalsePositive, EventFalsePositive, false, true},

	{StateOpen, StateAcknowledged, EventAcked, false, true},
	{StateOpen, StateMitigated, EventMitigated, true, true},
	{StateOpen, StateResolved, EventResolved, true, true},
	{StateOpen, StateClosed, EventClosed, false, true},
	{StateOpen, StateMerged, EventMerged, true, true},
	{StateOpen, StateFalsePositive, EventFalsePositive, false, true},
	{StateOpen, StateExpired, EventExpired, true, false},

	{StateAcknowledged, StateMitigated, EventMitigated, true, true},
	{StateAcknowledged, StateResolved, EventResolved, true, true},
	{StateAcknowledged, StateClosed, EventClosed, false, true},
	{StateAcknowledged, StateMerged, EventMerged, true, true},
	{StateAcknowledged, StateFalsePositive, EventFalsePositive, false, true},
	{StateAcknowledged, StateExpired, EventExpired, true, false},

	{StateMitigated, StateOpen, EventReopened, true, false}, // it fires again
	{StateMitigated, StateResolved, EventResolved, true, true},
	{StateMitigated, StateClosed, EventClosed, false, true},
	{StateMitigated, StateMerged, EventMerged, true, true},
	{StateMitigated, StateFalsePositive, EventFalsePositive, false, true},
	{StateMitigated, StateExpired, EventExpired, true, false},

	{StateResolved, StateOpen, EventReopened, true, false},
	{StateResolved, StateClosed, EventClosed, true, true},
	{StateResolved, StateFalsePositive, EventFalsePositive, false, true},

	{StateExpired, StateOpen, EventReopened, true, false}, // its data came back, and bad
	{StateExpired, StateClosed, EventClosed, true, true},
	{StateExpired, StateFalsePositive, EventFalsePositive, false, true},

	{StateClosed, StateFalsePositive, EventFalsePositive, false, true},
}

// Transitions returns every allowed move, in a new slice.
func Transitions() []Transition { return slices.Clone(transitions) }

// Allowed returns the move between two states by a person or by Tocsin itself,
// and false if there is none.
func Allowed(from, to State, person bool) (Transition, bool) {
	i := slices.IndexFunc(transitions, func(t Transition) bool {
		return t.From == from && t.To == to && (person && t.People || !person && t.Daemon)
	})
	if i < 0 {
		return Transition{}, false
	}
	return transitions[i], true
}

// Replay returns the state to which a timeline leads, its events oldest first. An
// event of a kind that moves no state says nothing; one that could not have come
// in the state reached so far is an error.
func Replay(events []Event) (State, error) {
	var now State
	for _, ev := range events {
		moves := slices.ContainsFunc(transitions, func(t Transition) bool { return t.Event == ev.Kind })
		if !moves {
			continue
		}
		i := slices.IndexFunc(transitions, func(t Transition) bool { return t.Event == ev.Kind && t.From == now })
		if i < 0 {
			return now, fmt.Errorf("event %d: want one that may come in state %q, got %q: %w", ev.Seq, now, ev.Kind, ErrConflict)
		}
		now = transitions[i].To
	}
	return now, nil
}

// move takes an incident, which must be a clone, into another state and puts
// that into its log. It is the only place where a state changes. ErrConflict if
// the table does not allow it.
func (e engine) move(l *live, to State, ev Event, d *delta) error {
	if ev.Actor == "" {
		ev.Actor = ActorSelf
	}
	t, ok := Allowed(l.State, to, ev.Actor != ActorSelf)
	if !ok {
		return fmt.Errorf("want an incident that can become %s by %s, but it is %s%s: %w", to, ev.Actor, l.State, l.ended(), ErrConflict)
	}
	from := l.State
	l.State, l.Updated = to, latest(l.Updated, ev.At)
	switch {
	case to == StateOpen:
		if from.reopens() {
			l.Reopened++
		}
		l.Resolved, l.Acked, l.Mitigated = time.Time{}, time.Time{}, time.Time{}
	case to == StateAcknowledged:
		l.Acked = ev.At
	case to == StateMitigated:
		l.Mitigated = ev.At
	case to.Over():
		if l.Resolved.IsZero() { // else its end was before
			l.Resolved = ev.At
		}
		if to == StateClosed {
			l.Closed = ev.At
		}
	}
	ev.Kind = t.Event
	e.emit(l, d, ev)
	return nil
}

// ended says since when an incident is over, for an error.
func (l *live) ended() string {
	if l.Resolved.IsZero() {
		return ""
	}
	return " since " + l.Resolved.Format(time.RFC3339)
}
