package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NotifyQuery narrows the journal of notifications. Zero values mean all;
// entries are those with an id above After and, when it is set, below Before.
type NotifyQuery struct {
	Subject string // id of an incident, or group/ and the key of a group
	Channel string
	What    []string
	Since   time.Time
	After   int64
	Before  int64
	Oldest  bool // oldest first
	Limit   int
}

// NotifyEntry is one step in the life of a message: a try, a mute, a merge, an
// end. Only what it concerns is set.
type NotifyEntry struct {
	ID      int64     `json:"id"` // rises with every entry
	At      time.Time `json:"at"`
	What    string    `json:"what"` // see NotifyWhats
	Channel string    `json:"channel,omitempty"`
	Subject string    `json:"subject"`
	Key     string    `json:"key,omitempty"`          // of the message
	Event   string    `json:"event,omitempty"`        // that the message tells
	Attempt int       `json:"attempt,omitempty"`      // number of the try, from 1
	Code    string    `json:"code,omitempty"`         // the provider's answer
	Took    float64   `json:"took_seconds,omitempty"` // of the try
	Reason  string    `json:"reason,omitempty"`       // in a word
	Detail  string    `json:"detail,omitempty"`       // in a sentence
}

// NotifyWhats are the words for what can happen to a message.
var NotifyWhats = []string{"sent", "retry", "failed", "muted", "unmuted", "merged", "dropped", "skipped", "unrouted", "fallback", "escalated"}

// NotifyLog is the answer of GET notify/log. Cursor continues the list in the
// order that was asked for; More says that there is something to continue with
// now. Oldest first, the cursor of the end waits for what is yet to come.
type NotifyLog struct {
	Entries []NotifyEntry `json:"entries"`
	More    bool          `json:"more"`
	Cursor  string        `json:"cursor"`
}

// Notifications reads the journal of notifications.
type Notifications func(ctx context.Context, q NotifyQuery) ([]NotifyEntry, error)

func (s *server) notifyLog(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	f := NotifyQuery{
		Subject: q.text("incident"), Channel: q.text("channel"), Since: q.time("since", time.Time{}),
		Oldest: q.choice("order", "newest", "newest", "oldest") == "oldest", Limit: q.limit(defaultLimit, maxLimit),
	}
	if what := q.text("what"); what != "" {
		f.What = strings.Split(what, ",")
		for _, w := range f.What {
			if !slices.Contains(NotifyWhats, w) {
				q.problem("what", "want words out of %s, with commas between them, got %q", strings.Join(NotifyWhats, ", "), w)
			}
		}
	}
	cursor := q.text("cursor")
	if cursor != "" {
		at, err := strconv.ParseInt(cursor, 10, 64)
		switch {
		case err != nil || at < 0:
			q.problem("cursor", "want the cursor of an earlier answer, got %q", cursor)
		case f.Oldest:
			f.After = at
		default:
			f.Before = at
		}
	}
	if err := q.err(); err != nil {
		return result{}, err
	}
	want := f.Limit
	f.Limit++
	found, err := s.opts.Notifications(r.Context(), f)
	if err != nil {
		return result{}, err
	}
	out := NotifyLog{Entries: orEmpty(found[:min(want, len(found))]), More: len(found) > want, Cursor: cursor}
	if n := len(out.Entries); n > 0 {
		out.Cursor = strconv.FormatInt(out.Entries[n-1].ID, 10)
	}
	if out.Cursor == "" && f.Oldest {
		out.Cursor = "0"
	}
	return ok(out)
}
