package notify

import (
	"context"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
)

// Message is one thing to tell, in neutral form; each channel renders it in its
// own way. It holds the incident as it stood at the event, so that a message
// sent late still says what was true then.
type Message struct {
	Key      string            `json:"key"` // dedup key: incident id and event sequence number
	Event    incident.Event    `json:"event"`
	Incident incident.Incident `json:"incident"`
	Ranking  rca.Ranking       `json:"ranking"`
	Links    []Link            `json:"links"`
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
// context's deadline. On success it returns the thread to remember (which may
// be the one given). An error that wraps *RetryError asks for another try;
// any other error is final and the message is recorded as failed.
// Implementations are safe for use by one goroutine at a time; the outbox never
// sends two messages of one channel at once, and keeps the order of events
// within an incident.
type Channel interface {
	Name() string
	Send(ctx context.Context, m Message, t Thread) (Thread, error)
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
