// Package notifytest is the conformance suite of channels: what the outbox
// relies on, tried against a receiver that misbehaves. Every channel runs
// Channel, and those that speak HTTP also HTTP.
package notifytest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// Channel checks what holds for every channel: a name that does not change, and
// that any message, however odd, is sent or refused without a panic.
// build is called for each message.
func Channel(t *testing.T, build func(t *testing.T) notify.Channel) {
	t.Helper()
	for name, m := range Hostile() {
		t.Run("hostile/"+name, func(t *testing.T) {
			c := build(t)
			before := c.Name()
			th, err := c.Send(deadline(t, patient), m, "")
			if err != nil {
				t.Errorf("Send = %v, want nil", err)
			}
			m.Quiet = true
			if _, err := c.Send(deadline(t, patient), m, th); err != nil {
				t.Errorf("quiet Send = %v, want nil", err)
			}
			if c.Name() == "" || c.Name() != before {
				t.Errorf("Name = %q, then %q", before, c.Name())
			}
		})
	}
	t.Run("a thread that cannot be read is no obstacle", func(t *testing.T) {
		if _, err := build(t).Send(deadline(t, patient), Message(1, incident.EventOpened), "{odd"); err != nil {
			t.Errorf("Send = %v, want nil", err)
		}
	})
}

// HTTPCase is a channel that speaks HTTP, for the suite.
type HTTPCase struct {
	// OK is the body of the receiver's good answer.
	OK string
	// Make returns the channel that talks to the address. It must carry every
	// string of Secrets in its configuration.
	Make func(t *testing.T, url string, now func() time.Time) notify.Channel
	// Secrets must not appear in any error.
	Secrets []string
}

// want says how a Send must end.
type want struct {
	retry bool
	final bool
	after time.Duration // exact when > 0
}

// HTTP runs a channel against a receiver that misbehaves.
func HTTP(t *testing.T, c HTTPCase) {
	t.Helper()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	cases := []struct {
		name    string
		answers []Answer
		wants   []want // one for each Send in turn
		late    bool   // the deadline of the first Send passes when its request has arrived
	}{
		{"ok", []Answer{OK}, []want{{}}, false},
		{"500 then ok", []Answer{Status(500, ""), OK}, []want{{retry: true}, {}}, false},
		{"503 with Retry-After", []Answer{Status(503, "7")}, []want{{retry: true, after: 7 * time.Second}}, false},
		{"429 without Retry-After", []Answer{Status(429, "")}, []want{{retry: true}}, false},
		{"429 with seconds, then ok", []Answer{Status(429, "30"), OK}, []want{{retry: true, after: 30 * time.Second}, {}}, false},
		{"429 with a date", []Answer{Status(429, now.Add(time.Minute).Format(http.TimeFormat))}, []want{{retry: true, after: time.Minute}}, false},
		{"429 with nonsense", []Answer{Status(429, "soon")}, []want{{retry: true}}, false},
		{"hang, then ok", []Answer{Hang, OK}, []want{{retry: true}, {}}, true},
		{"reset, then ok", []Answer{Reset, OK}, []want{{retry: true}, {}}, false},
		{"redirect elsewhere", []Answer{Redirect}, []want{{final: true}}, false},
		{"400", []Answer{Status(400, "")}, []want{{final: true}}, false},
		{"401", []Answer{Status(401, "")}, []want{{final: true}}, false},
		{"404", []Answer{Status(404, "")}, []want{{final: true}}, false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			s := NewStub(t, c.OK)
			s.Behave(tc.answers...)
			ch := c.Make(t, s.URL, func() time.Time { return now })
			for i, w := range tc.wants {
				ctx := deadline(t, patient)
				if tc.late && i == 0 {
					ctx = passed{ctx, s.hanging}
				}
				started := time.Now()
				_, err := ch.Send(ctx, Message(1, incident.EventOpened), "")
				check(t, err, w, c.Secrets)
				if took := time.Since(started); took > patient+patient/2 {
					t.Errorf("Send took %v, longer than its deadline", took)
				}
			}
			if n := s.Strayed.Load(); n > 0 {
				t.Errorf("a redirect was followed %d times", n)
			}
		})
	}
	t.Run("huge answer is not read to its end", func(t *testing.T) {
		s := NewStub(t, c.OK)
		s.Behave(Huge)
		_, err := c.Make(t, s.URL, time.Now).Send(deadline(t, patient), Message(1, incident.EventOpened), "")
		leak(t, err, c.Secrets)
		if n := s.Written.Load(); n > 32<<20 {
			t.Errorf("the receiver could write %d MiB", n>>20)
		}
	})
	t.Run("JSON that breaks off", func(t *testing.T) {
		s := NewStub(t, c.OK)
		s.Behave(func(_ *Stub, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":tr`) })
		// Some channels need nothing of the answer; the others must ask for another try.
		if _, err := c.Make(t, s.URL, time.Now).Send(deadline(t, patient), Message(1, incident.EventOpened), ""); err != nil {
			check(t, err, want{retry: true}, c.Secrets)
		}
	})
	t.Run("a certificate that nobody trusts", func(t *testing.T) {
		var reached atomic.Bool
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		_, err := c.Make(t, s.URL, time.Now).Send(deadline(t, patient), Message(1, incident.EventOpened), "")
		check(t, err, want{retry: true}, c.Secrets)
		if reached.Load() {
			t.Error("the message was sent to a receiver that nobody vouches for")
		}
	})
	t.Run("TLS with a receiver that has none", func(t *testing.T) {
		s := NewStub(t, c.OK)
		_, err := c.Make(t, "https"+strings.TrimPrefix(s.URL, "http"), time.Now).Send(deadline(t, patient), Message(1, incident.EventOpened), "")
		check(t, err, want{retry: true}, c.Secrets)
	})
	t.Run("nobody listens", func(t *testing.T) {
		s := NewStub(t, c.OK)
		url := s.Elsewhere[:strings.LastIndexByte(s.Elsewhere, ':')] + ":1"
		_, err := c.Make(t, url, time.Now).Send(deadline(t, patient), Message(1, incident.EventOpened), "")
		check(t, err, want{retry: true}, c.Secrets)
	})
	t.Run("link-local address is refused", func(t *testing.T) {
		_, err := c.Make(t, "http://169.254.169.254", time.Now).Send(deadline(t, patient), Message(1, incident.EventOpened), "")
		check(t, err, want{final: true}, c.Secrets)
	})
}

// patient is the deadline of what does not hang, on a busy machine and with the race
// detector, where a megabyte takes ten seconds.
const patient = time.Minute

// passed is a context whose deadline passes when a stub has a request that it lets hang:
// by the clock it could pass before the request is there.
type passed struct {
	context.Context
	hanging <-chan struct{}
}

func (p passed) Done() <-chan struct{} { return p.hanging }

func (p passed) Err() error {
	select {
	case <-p.hanging:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func deadline(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func check(t *testing.T, err error, w want, secrets []string) {
	t.Helper()
	leak(t, err, secrets)
	var r *notify.RetryError
	retry := errors.As(err, &r)
	switch {
	case w.retry && !retry:
		t.Errorf("Send = %v, want an error that asks for another try", err)
	case w.final && (err == nil || retry):
		t.Errorf("Send = %v, want a final error", err)
	case !w.retry && !w.final && err != nil:
		t.Errorf("Send = %v, want nil", err)
	case w.retry && r.After != w.after:
		t.Errorf("Send asks to wait %v, want %v", r.After, w.after)
	}
}

// leak fails the test when a secret is in the text of the error.
func leak(t *testing.T, err error, secrets []string) {
	t.Helper()
	if err == nil {
		return
	}
	for _, s := range secrets {
		if bytes.Contains([]byte(err.Error()), []byte(s)) {
			t.Errorf("the error holds the secret %q: %v", s, err)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\r\x00") {
		t.Errorf("the error is not one line: %q", err)
	}
}
