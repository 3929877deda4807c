// Package tracker keeps one issue for each incident in a tracker of issues,
// whichever it is: created once, commented on, ended and opened again.
//
// "Once" holds although answers get lost: before an issue is created it is looked
// for by its marker, and after a try whose fate is unknown a tracker that finds new
// issues late is given time to find it. A comment whose answer was lost is looked
// for before it is written again. What was done is kept in the thread step by step,
// so that a try after a failure goes on where the last one stopped.
package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
)

// ErrGone is wrapped by errors of a Tracker about an issue that is not there.
var ErrGone = errors.New("the issue is not there")

// Tracker is a tracker of issues. Every error that a later try can mend wraps a
// *notify.RetryError.
type Tracker interface {
	// Find returns the issue that bears the marker, "" when there is none. It was
	// created after since, if at all.
	Find(ctx context.Context, marker string, since time.Time) (id string, err error)
	// Create makes the issue of a message and returns it; it bears the marker.
	Create(ctx context.Context, m notify.Message, marker string) (id string, err error)
	// Attach adds the picture of a message, if there is one and the tracker takes it.
	Attach(ctx context.Context, id string, m notify.Message) error
	// Commented reports whether a comment bears the reference.
	Commented(ctx context.Context, id, reference string, since time.Time) (bool, error)
	// Comment writes what an event says; the comment bears the reference.
	Comment(ctx context.Context, id string, m notify.Message, reference string) error
	// Move brings the issue to the state that the incident has now. It does nothing
	// to one that is there already.
	Move(ctx context.Context, id string, m notify.Message, to State) error
}

// State is how an issue stands.
type State string

// The states of an issue.
const (
	Open   State = "open"
	Done   State = "done"
	Raised State = "raised" // open, and more severe than it was
)

// Options say how a Flow treats its tracker.
type Options struct {
	Name    string // what the tracker is called in errors
	Tracker Tracker
	// Settles is how long a new issue may stay unfound.
	Settles time.Duration
	Now     func() time.Time // nil: time.Now
}

// Flow sends messages to a tracker. It keeps nothing between two calls.
type Flow struct{ o Options }

// New returns a flow.
func New(o Options) Flow {
	if o.Now == nil {
		o.Now = time.Now
	}
	return Flow{o}
}

// memory is the content of a Thread.
type memory struct {
	ID        string `json:"id,omitempty"`        // of the issue
	Unsure    int64  `json:"unsure,omitempty"`    // when a try to create it was left in doubt, Unix seconds
	Attached  bool   `json:"attached,omitempty"`  // the picture, or it was refused
	Key       string `json:"key,omitempty"`       // of the message in work
	Commented bool   `json:"commented,omitempty"` // its comment is written
	InDoubt   bool   `json:"in_doubt,omitempty"`  // whether it is written is not known
	Done      bool   `json:"done,omitempty"`      // nothing is left to do for it
}

func (m memory) thread() notify.Thread {
	b, _ := json.Marshal(m) // strings and numbers only
	return notify.Thread(b)
}

// Send does what the message asks for: the issue is created by the first, the
// later ones comment on it and move it.
func (f Flow) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if m.Quiet {
		return t, nil
	}
	var mem memory
	if json.Unmarshal([]byte(t), &mem) != nil {
		mem = memory{}
	}
	if mem.ID == "" {
		done, err := f.create(ctx, m, &mem)
		if done {
			return t, nil
		}
		if err != nil {
			return mem.thread(), err
		}
	} else if mem.Key != m.Key {
		mem = memory{ID: mem.ID, Attached: mem.Attached, Key: m.Key}
	}
	if mem.Done {
		return mem.thread(), nil
	}
	err := f.follow(ctx, m, &mem)
	if errors.Is(err, ErrGone) {
		// Somebody deleted it. What goes on gets a new one.
		mem = memory{}
		if _, err = f.create(ctx, m, &mem); err == nil && mem.ID != "" {
			err = f.follow(ctx, m, &mem)
		}
	}
	if err != nil {
		return mem.thread(), fmt.Errorf("%s: %w", f.o.Name, err)
	}
	return mem.thread(), nil
}

// create finds or makes the issue. done is true when nothing more is to be said.
func (f Flow) create(ctx context.Context, m notify.Message, mem *memory) (done bool, err error) {
	marker := render.DedupKey(m)
	id, err := f.o.Tracker.Find(ctx, marker, began(m))
	if err != nil {
		return false, fmt.Errorf("%s: look for the issue: %w", f.o.Name, err)
	}
	if id != "" {
		*mem = memory{ID: id, Key: m.Key}
		// Mostly it was made by a try at this message whose answer was lost.
		mem.Commented = m.Event.Kind == incident.EventOpened || m.Event.Kind == incident.EventAttached
		return false, nil
	}
	if !m.Burning() {
		return true, nil // it is over, and nothing was ever written of it
	}
	now := f.o.Now()
	if wait := time.Unix(mem.Unsure, 0).Add(f.o.Settles).Sub(now); mem.Unsure != 0 && wait > 0 {
		return false, &notify.RetryError{After: wait, Err: fmt.Errorf("%s: an earlier try may have made the issue, and new ones are found late", f.o.Name)}
	}
	id, err = f.o.Tracker.Create(ctx, m, marker)
	if err != nil {
		if errors.As(err, new(*notify.RetryError)) {
			mem.Unsure = now.Unix()
		}
		return false, fmt.Errorf("%s: create the issue: %w", f.o.Name, err)
	}
	*mem = memory{ID: id, Key: m.Key, Commented: true}
	return false, nil
}

// follow does what is left to do for a message about an issue that is there.
func (f Flow) follow(ctx context.Context, m notify.Message, mem *memory) error {
	reference := m.Key
	if reference == "" {
		reference = render.DedupKey(m)
	}
	if !mem.Commented {
		if mem.InDoubt {
			have, err := f.o.Tracker.Commented(ctx, mem.ID, reference, m.Event.At)
			if err != nil {
				return fmt.Errorf("look for the comment: %w", err)
			}
			mem.Commented, mem.InDoubt = have, false
		}
		if !mem.Commented {
			if err := f.o.Tracker.Comment(ctx, mem.ID, m, reference); err != nil {
				mem.InDoubt = errors.As(err, new(*notify.RetryError))
				return fmt.Errorf("comment on the issue: %w", err)
			}
			mem.Commented = true
		}
	}
	if to, ok := moves(m); ok {
		if err := f.o.Tracker.Move(ctx, mem.ID, m, to); err != nil {
			return fmt.Errorf("move the issue: %w", err)
		}
	}
	if !mem.Attached && m.Chart.Drawable() {
		// The picture is an addition: only what a later try can mend is an error.
		err := f.o.Tracker.Attach(ctx, mem.ID, m)
		if errors.As(err, new(*notify.RetryError)) {
			return fmt.Errorf("attach the picture: %w", err)
		}
		mem.Attached = true
	}
	mem.Done = true
	return nil
}

// moves says to which state a message brings the issue.
func moves(m notify.Message) (State, bool) {
	switch {
	case !m.Burning():
		return Done, m.Group != nil || m.Event.Kind.Ends()
	case m.Group != nil, m.Event.Kind == incident.EventReopened:
		return Open, true
	case m.Event.Kind == incident.EventRaised:
		return Raised, true
	}
	return "", false
}

// began is a time before which the issue cannot have been made.
func began(m notify.Message) time.Time {
	at := m.Incident.Opened
	if m.Group != nil {
		for _, a := range m.Group.Alerts {
			if at.IsZero() || !a.StartsAt.IsZero() && a.StartsAt.Before(at) {
				at = a.StartsAt
			}
		}
	}
	if at.IsZero() {
		return at
	}
	return at.Add(-time.Hour) // clocks differ
}
