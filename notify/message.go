package notify

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
)

// Message is one thing to tell, in neutral form; each channel renders it in its
// own way. It is about an incident or about a group of alerts. It holds the
// incident as it stood at the event, so that a message sent late still says what
// was true then.
type Message struct {
	Key      string            `json:"key"` // dedup key: incident id and event sequence number, or what the maker of groups chose
	Event    incident.Event    `json:"event"`
	Incident incident.Incident `json:"incident"`
	Ranking  rca.Ranking       `json:"ranking"`
	Links    []Link            `json:"links"`
	// Group is set for a message about a group of alerts; Event, Incident and
	// Ranking are then zero.
	Group *Group `json:"group,omitempty"`
	// Chart is the picture of the incident at the event; nil when there is none.
	Chart *Chart `json:"chart,omitempty"`
	// ChartURL is where the picture can be fetched without a password, for
	// receivers that take addresses only; "" when there is none.
	ChartURL string `json:"chart_url,omitempty"`
	// Told are the channels that hear of the incident, in configured order; set
	// by the outbox.
	Told []string `json:"told,omitempty"`
	// Unmuted says in short why the message is not held back, such as "no
	// silence, no window"; "" when nothing could hold it.
	Unmuted string `json:"unmuted,omitempty"`
	// Quiet is set by the outbox: the message brings what the channel already
	// shows up to date and must not make a sound of its own.
	Quiet bool `json:"quiet,omitempty"`
	// Held, Untold and Escalation are set by the outbox: why the message comes
	// late, which other channel could not be told, and that nobody has
	// acknowledged.
	Held       *Held       `json:"held,omitempty"`
	Untold     *Untold     `json:"untold,omitempty"`
	Escalation *Escalation `json:"escalation,omitempty"`
}

// Key returns the dedup key of the message about an event: the same for every
// try, restart and repetition, and different for every event.
func Key(e incident.Event) string {
	return e.Incident + "/" + strconv.FormatInt(e.Seq, 10)
}

// Link is a named address, http or https only.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Thread is what a channel remembers of an incident between messages, such as
// the time stamp of a Slack message. It is stored beside the outbox and handed
// back with the next message of the same incident. Its content is the
// channel's own business.
type Thread string

// Channel sends messages to one destination. Send must return within the
// context's deadline. It returns the thread to remember (which may be the one
// given); a thread returned together with an error is remembered too unless it
// is empty, so that a channel of several steps need not repeat the first. An
// error that wraps *RetryError asks for another try; any other error is final
// and the message is recorded as failed. Errors must not hold secrets: they are
// logged, stored and shown. Implementations need to be safe for one Send at a
// time only; the outbox never sends two messages of one channel at once, and
// keeps the order of events within an incident.
type Channel interface {
	Name() string
	Send(ctx context.Context, m Message, t Thread) (Thread, error)
}

// Editor is a Channel that shows an incident as one message which it edits as
// the state changes. Only such channels are handed quiet messages, and only
// after a message that made a Thread.
type Editor interface {
	Channel
	// Edits reports whether the channel, as configured, can edit.
	Edits() bool
}

// RetryError says that a delivery may succeed later. After is the least time to
// wait as told by the receiver (Retry-After), or zero for the outbox's own
// backoff.
type RetryError struct {
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

// Storable returns the message with every number that JSON cannot hold set to
// zero, so that an odd ranking never costs a page. The ranking is copied only
// where it is altered.
func (m Message) Storable() Message {
	finite := func(f *float64) {
		if math.IsNaN(*f) || math.IsInf(*f, 0) {
			*f = 0
		}
	}
	findings := make([]rca.Finding, len(m.Ranking.Findings))
	for i, f := range m.Ranking.Findings {
		finite(&f.LogOdds)
		finite(&f.Probability)
		terms := make([]rca.Term, len(f.Terms))
		for j, t := range f.Terms {
			finite(&t.Points)
			terms[j] = t
		}
		f.Terms = terms
		findings[i] = f
	}
	m.Ranking.Findings = findings
	return m
}
