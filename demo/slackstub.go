package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// SlackMessage is one message in the stub's workspace.
type SlackMessage struct {
	Channel string
	TS      string // Slack's id of a message within its channel
	Thread  string // TS of the message that this one answers, or ""
	Text    string // as a person reads it, without markup
	Edited  int    // how often it was changed
}

// SlackStub stands in for Slack's Web API on loopback: it accepts the bot token
// calls auth.test, chat.postMessage and chat.update, answers as Slack does, and
// prints every message as text. It keeps the messages, so that threads and
// edits are checked. Safe for concurrent use.
type SlackStub struct {
	out  io.Writer
	told chan struct{}

	mu       sync.Mutex
	messages []SlackMessage
}

// NewSlackStub returns a stub that prints to out.
func NewSlackStub(out io.Writer) *SlackStub {
	return &SlackStub{out: out, told: make(chan struct{}, 1)}
}

// Told returns a channel that gets a value when a new message has come; values
// that nobody has taken yet become one.
func (s *SlackStub) Told() <-chan struct{} { return s.told }

// Messages returns a copy of all messages, oldest first.
func (s *SlackStub) Messages() []SlackMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SlackMessage(nil), s.messages...)
}

// ServeHTTP answers one Web API call. The method is the last part of the path,
// so any prefix (such as Slack's own /api/) will do.
func (s *SlackStub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	call, err := readCall(r)
	if err != nil {
		answer(w, map[string]any{"ok": false, "error": "invalid_arguments", "detail": err.Error()})
		return
	}
	if call.token == "" {
		answer(w, map[string]any{"ok": false, "error": "not_authed"})
		return
	}
	switch r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] {
	case "auth.test":
		answer(w, map[string]any{"ok": true, "team": "Shop", "user": "tocsin", "team_id": "T0SHOP", "user_id": "U0TOCSIN", "bot_id": "B0TOCSIN"})
	case "chat.postMessage":
		answer(w, s.post(call))
	case "chat.update":
		answer(w, s.update(call))
	default:
		answer(w, map[string]any{"ok": false, "error": "unknown_method"})
	}
}

// answer writes Slack's kind of answer: status 200 whatever it says.
func answer(w http.ResponseWriter, body map[string]any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(body)
}

// slackCall holds the arguments that the stub knows.
type slackCall struct {
	token, channel, ts, thread, text string
}

// readCall reads a form or a JSON body; both are legal with Slack.
func readCall(r *http.Request) (slackCall, error) {
	args := make(map[string]string)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			return slackCall{}, fmt.Errorf("read the JSON body: %w", err)
		}
		for name, v := range body {
			if text, ok := v.(string); ok {
				args[name] = text
				continue
			}
			text, err := json.Marshal(v)
			if err != nil {
				return slackCall{}, err
			}
			args[name] = string(text)
		}
	} else {
		if err := r.ParseForm(); err != nil {
			return slackCall{}, fmt.Errorf("read the form: %w", err)
		}
		for name := range r.Form {
			args[name] = r.Form.Get(name)
		}
	}
	c := slackCall{token: args["token"], channel: args["channel"], ts: args["ts"], thread: args["thread_ts"]}
	if c.token == "" {
		c.token = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	text, err := readable(args["text"], args["blocks"], args["attachments"])
	c.text = text
	return c, err
}

// post adds a message.
func (s *SlackStub) post(c slackCall) map[string]any {
	switch {
	case c.channel == "":
		return map[string]any{"ok": false, "error": "channel_not_found"}
	case c.text == "":
		return map[string]any{"ok": false, "error": "no_text"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.thread != "" && s.find(c.channel, c.thread) == nil {
		return map[string]any{"ok": false, "error": "thread_not_found"}
	}
	m := SlackMessage{Channel: c.channel, TS: fmt.Sprintf("%d.%06d", time.Now().Unix(), len(s.messages)+1), Thread: c.thread, Text: c.text}
	s.messages = append(s.messages, m)
	how := "new message"
	if c.thread != "" {
		how = "in the thread"
	}
	s.show(m.Channel, how, strings.Split(m.Text, "\n"))
	select {
	case s.told <- struct{}{}:
	default:
	}
	return map[string]any{"ok": true, "channel": m.Channel, "ts": m.TS, "message": map[string]any{"text": m.Text, "ts": m.TS}}
}

// update changes a message in place.
func (s *SlackStub) update(c slackCall) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.find(c.channel, c.ts)
	switch {
	case m == nil:
		return map[string]any{"ok": false, "error": "message_not_found"}
	case c.text == "":
		return map[string]any{"ok": false, "error": "no_text"}
	}
	if m.Text != c.text {
		// A channel shows the message in place; a terminal would repeat it, so
		// only what is new in it is printed.
		if added := newLines(m.Text, c.text); len(added) > 0 {
			s.show(m.Channel, "message edited in place, now with", added)
		}
		m.Text = c.text
		m.Edited++
	}
	return map[string]any{"ok": true, "channel": m.Channel, "ts": m.TS, "text": m.Text}
}

// find returns the message in the channel, or nil. Callers hold mu.
func (s *SlackStub) find(channel, ts string) *SlackMessage {
	for i := range s.messages {
		if m := &s.messages[i]; m.TS == ts && m.Channel == channel {
			return m
		}
	}
	return nil
}

// newLines returns the lines of a text that an earlier one did not have.
func newLines(before, now string) []string {
	had := make(map[string]bool)
	for line := range strings.SplitSeq(before, "\n") {
		had[line] = true
	}
	var out []string
	for line := range strings.SplitSeq(now, "\n") {
		if !had[line] {
			out = append(out, line)
		}
	}
	return out
}

// show prints lines between rules, so that they stand out from the log.
func (s *SlackStub) show(channel, how string, lines []string) {
	head := fmt.Sprintf("---- Slack %s, %s ", channel, how)
	var b strings.Builder
	b.WriteString("\n" + head + strings.Repeat("-", max(4, 78-len(head))) + "\n")
	for _, line := range lines {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString(strings.Repeat("-", 78) + "\n\n")
	_, _ = io.WriteString(s.out, b.String())
}
