package incident

import (
	"errors"
	"testing"
	"time"
)

// allStates are the states that an incident may be in, and "" before it is.
var allStates = append([]State{"", StateCandidate}, append(ActiveStates(), EndStates()...)...)

// may is the table once more, as people think of it: who may take an incident
// from where to where. d is Tocsin itself, p a person.
var may = map[State]map[State]string{
	"":                 {StateCandidate: "d", StateOpen: "dp"},
	StateCandidate:     {StateOpen: "d", StateExpired: "d", StateFalsePositive: "p"},
	StateOpen:          {StateAcknowledged: "p", StateMitigated: "dp", StateResolved: "dp", StateClosed: "p", StateMerged: "dp", StateFalsePositive: "p", StateExpired: "d"},
	StateAcknowledged:  {StateMitigated: "dp", StateResolved: "dp", StateClosed: "p", StateMerged: "dp", StateFalsePositive: "p", StateExpired: "d"},
	StateMitigated:     {StateOpen: "d", StateResolved: "dp", StateClosed: "p", StateMerged: "dp", StateFalsePositive: "p", StateExpired: "d"},
	StateResolved:      {StateOpen: "d", StateClosed: "dp", StateFalsePositive: "p"},
	StateExpired:       {StateOpen: "d", StateClosed: "dp", StateFalsePositive: "p"},
	StateClosed:        {StateFalsePositive: "p"},
	StateMerged:        {},
	StateFalsePositive: {},
}

func TestMove_EveryPairOfStates(t *testing.T) {
	e := testEngine()
	for _, from := range allStates {
		for _, to := range allStates[1:] {
			for actor, who := range map[string]byte{ActorSelf: 'd', "ada": 'p'} {
				l := &live{Incident: Incident{ID: "i", State: from}}
				var d delta
				err := e.move(l, to, Event{At: noon, Actor: actor, Text: "because"}, &d)
				want := false
				for _, x := range []byte(may[from][to]) {
					want = want || x == who
				}
				if want != (err == nil) {
					t.Errorf("%q to %s by %s: got %v, want allowed %v", from, to, actor, err, want)
					continue
				}
				if err != nil {
					if !errors.Is(err, ErrConflict) || l.State != from || len(d.events) != 0 {
						t.Errorf("%q to %s: refused, but %v, %s, %d events", from, to, err, l.State, len(d.events))
					}
					continue
				}
				ev := d.events[0]
				if l.State != to || ev.Event.Actor != actor || ev.Event.Text != "because" || ev.Incident.State != to {
					t.Errorf("%q to %s: got %s, event %+v", from, to, l.State, ev)
				}
				if to.Over() != !l.Resolved.IsZero() {
					t.Errorf("%q to %s: ended at %s", from, to, l.Resolved)
				}
			}
		}
	}
}

func TestReplay_KnowsEveryMove(t *testing.T) {
	for _, tr := range Transitions() {
		if tr.From == "" {
			if got, err := Replay([]Event{{Kind: tr.Event}}); err != nil || got != tr.To {
				t.Errorf("%+v: got %s, %v", tr, got, err)
			}
		}
	}
	if _, err := Replay([]Event{{Kind: EventOpened}, {Kind: EventFalsePositive}, {Kind: EventReopened}}); !errors.Is(err, ErrConflict) {
		t.Errorf("an impossible log: got %v", err)
	}
	if got, err := Replay([]Event{{Kind: EventOpened}, {Kind: EventNote}, {Kind: EventAcked}}); got != StateAcknowledged || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestTransitions_AreUnambiguous(t *testing.T) {
	seen := map[State]map[EventKind]bool{}
	for _, tr := range Transitions() {
		if seen[tr.From] == nil {
			seen[tr.From] = map[EventKind]bool{}
		}
		if seen[tr.From][tr.Event] {
			t.Errorf("%q: two moves by %s, so that a log does not say which", tr.From, tr.Event)
		}
		seen[tr.From][tr.Event] = true
		if tr.To.Over() != tr.Event.Ends() {
			t.Errorf("%+v: the event and the state do not agree on an end", tr)
		}
	}
}

func TestEndOfAnEnd_KeepsWhenItEnded(t *testing.T) {
	e := testEngine()
	l := &live{Incident: Incident{ID: "i", State: StateOpen}}
	var d delta
	for i, to := range []State{StateResolved, StateClosed, StateFalsePositive} {
		if err := e.move(l, to, Event{At: noon.Add(time.Duration(i) * time.Hour), Actor: "ada"}, &d); err != nil {
			t.Fatal(err)
		}
	}
	if !l.Resolved.Equal(noon) || !l.Closed.Equal(noon.Add(time.Hour)) {
		t.Errorf("ended %s, closed %s", l.Resolved, l.Closed)
	}
}
