package slack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/notify/slack"
)

const appToken = "xapp-1-A1-secrettoken"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// socketStub is Slack's side of Socket Mode: it gives out an address, greets,
// and sends what it is told; it notes what is acknowledged.
type socketStub struct {
	*httptest.Server
	mu    sync.Mutex
	opens int
	acks  []string
	serve func(n int, c *websocket.Conn) // what happens on connection n
	open  func(n int, w http.ResponseWriter) bool
	acked chan struct{}
}

func newSocketStub(t *testing.T) *socketStub {
	s := &socketStub{acked: make(chan struct{}, 10)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/apps.connections.open", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.opens++
		n := s.opens
		s.mu.Unlock()
		if s.open != nil && s.open(n, w) {
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+appToken {
			_, _ = io.WriteString(w, `{"ok":false,"error":"invalid_auth"}`)
			return
		}
		fmt.Fprintf(w, `{"ok":true,"url":"ws%s/link/%d"}`, strings.TrimPrefix(s.URL, "http"), n)
	})
	mux.HandleFunc("/link/{n}", func(w http.ResponseWriter, r *http.Request) {
		c, err := (&websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		var n int
		fmt.Sscan(r.PathValue("n"), &n)
		s.send(c, map[string]any{"type": "hello", "num_connections": 1, "connection_info": map[string]string{"app_id": "A1"}})
		s.serve(n, c)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *socketStub) send(c *websocket.Conn, v any) {
	b, _ := json.Marshal(v)
	_ = c.WriteMessage(websocket.TextMessage, b)
}

// ack reads one answer.
func (s *socketStub) ack(c *websocket.Conn) {
	var v struct {
		ID string `json:"envelope_id"`
	}
	if _, b, err := c.ReadMessage(); err == nil && json.Unmarshal(b, &v) == nil {
		s.mu.Lock()
		s.acks = append(s.acks, v.ID)
		s.mu.Unlock()
		s.acked <- struct{}{}
	}
}

func interactive(id, payload string) map[string]any {
	return map[string]any{"type": "interactive", "envelope_id": id, "accepts_response_payload": false, "payload": json.RawMessage(payload)}
}

// run runs a socket until the test ends it, and waits until it has ended.
func run(t *testing.T, s *socketStub, p *people, log io.Writer) (stop func()) {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	sock := slack.NewSocket(slack.SocketOptions{
		AppToken: appToken, APIURL: s.URL + "/api", HTTP: &http.Client{Transport: transport}, Rest: 5 * time.Millisecond,
		Actions: slack.NewActions(slack.ActionsOptions{People: p}), Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sock.Run(ctx) }()
	return func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run = %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("Run did not end")
		}
	}
}

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("%s did not come", what)
	}
}

func TestSocket_Press_IsAnsweredAndCarriedOut_AlsoAfterReconnecting(t *testing.T) {
	s := newSocketStub(t)
	p := &people{told: make(chan struct{}, 10)}
	s.serve = func(n int, c *websocket.Conn) {
		s.send(c, interactive(fmt.Sprintf("e%d", n), press("tocsin_acknowledge", fmt.Sprintf("inc-%d", n), fmt.Sprint(n), "")))
		s.ack(c)
		if n == 1 { // Slack asks to come again before it ends a connection
			s.send(c, map[string]any{"type": "disconnect", "reason": "refresh_requested"})
		}
		_, _, _ = c.ReadMessage() // until the other side ends it
	}
	var log bytes.Buffer
	stop := run(t, s, p, &log)
	await(t, "the first press", p.told)
	await(t, "the second press", p.told)
	await(t, "the first answer", s.acked)
	await(t, "the second answer", s.acked)
	stop()
	if diff := cmp.Diff([]string{"acknowledge inc-1 by ada (Slack)", "acknowledge inc-2 by ada (Slack)"}, p.list()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"e1", "e2"}, s.acks); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(log.String(), appToken) {
		t.Errorf("the log holds the token: %s", log.String())
	}
}

func TestSocket_RefusedToken_IsTriedAgain(t *testing.T) {
	s := newSocketStub(t)
	p := &people{told: make(chan struct{}, 10)}
	s.open = func(n int, w http.ResponseWriter) bool {
		if n == 1 {
			_, _ = io.WriteString(w, `{"ok":false,"error":"invalid_auth"}`)
		}
		return n == 1
	}
	s.serve = func(_ int, c *websocket.Conn) {
		s.send(c, interactive("e", press("tocsin_false_alarm", "inc-9", "1", "")))
		s.ack(c)
		_, _, _ = c.ReadMessage()
	}
	var log bytes.Buffer
	stop := run(t, s, p, &log)
	await(t, "the press", p.told)
	stop()
	if !strings.Contains(log.String(), "invalid_auth") || !strings.Contains(log.String(), "buttons do nothing") {
		t.Errorf("log = %s", log.String())
	}
}
