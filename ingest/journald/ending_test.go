package journald_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsinhq/tocsin/ingest/journald"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/ingest/position"
	"github.com/tocsinhq/tocsin/store"
)

// stalled is a body that gives its text when it is told to, and then fails as one whose
// deadline has passed.
type stalled struct {
	begun, give chan struct{}
	text        string
}

func (s *stalled) Read(p []byte) (int, error) {
	if s.text == "" {
		return 0, os.ErrDeadlineExceeded
	}
	close(s.begun)
	<-s.give
	n := copy(p, s.text)
	s.text = ""
	return n, nil
}

func TestHandler_Stops_WhatWasReadThenIsStored(t *testing.T) {
	sink := new(logtest.Sink)
	h := journald.NewHandler(logtest.Options(sink))
	body := &stalled{begun: make(chan struct{}), give: make(chan struct{}), text: entry("MESSAGE", "late")}
	answered := make(chan int, 1)
	go func() {
		q := httptest.NewRequest(http.MethodPost, journald.Path, body)
		q.Header.Set("Content-Type", "application/vnd.fdo.journal")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		answered <- w.Code
	}()
	<-body.begun
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := h.Run(ctx); err != nil {
		t.Error(err)
	}
	close(body.give)
	if code := <-answered; code != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", code)
	}
	if got := sink.Bodies(); len(got) != 1 || got[0] != "late" {
		t.Errorf("got %q, want what was read when Run had ended", got)
	}
}

func TestHandler_Stops_ThoughNothingCanBeStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &logtest.Sink{}
		o := logtest.Options(sink)
		o.Now = time.Now
		h := journald.NewHandler(o)
		q := httptest.NewRequest(http.MethodPost, journald.Path, &stalled{begun: make(chan struct{}), give: closed(), text: entry("MESSAGE", "held")})
		q.Header.Set("Content-Type", "application/vnd.fdo.journal")
		h.ServeHTTP(httptest.NewRecorder(), q)
		sink.SetFail(errors.New("disk full"))
		ctx, stop := context.WithCancel(t.Context())
		stop()
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		endsWithin(t, ended, sink)
	})
}

// endsWithin waits for Run, which must not wait for what the sink refuses.
func endsWithin(t *testing.T, ended <-chan error, sink *logtest.Sink) {
	t.Helper()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute): // of virtual time
		sink.SetFail(nil)
		t.Error("Run waits for a store that refuses")
		<-ended
	}
}

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func TestFollower_Ends_ThoughNothingCanBeStored(t *testing.T) {
	dir := t.TempDir()
	command := filepath.Join(dir, "journalctl")
	if err := os.WriteFile(command, []byte("#!/bin/sh\nprintf 'MESSAGE=a\\n\\n'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		db, err := store.OpenState(t.Context(), filepath.Join(dir, "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		sink := new(logtest.Sink)
		sink.SetFail(errors.New("disk full"))
		o := logtest.Options(sink)
		o.Now = time.Now
		c := journald.DefaultConfig()
		c.Command = command
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- journald.NewFollower(o, c, position.NewStore(db)).Run(ctx) }()
		for logtest.Counter(o, `tocsin_ingest_refused_requests_total{protocol="journal",reason="unavailable"}`) == "" {
			<-time.After(time.Millisecond) // of virtual time
		}
		stop()
		endsWithin(t, ended, sink)
	})
}
