package trial

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/notify"
)

// sent is one message as a channel of the test received it.
type sent struct {
	at      time.Duration
	channel string
	event   string
	service string
	text    string
}

// recorder is a channel that keeps what it is told.
type recorder struct {
	name string
	book *book
}

// book collects the messages of all channels in the order of sending. It outlives
// restarts of the core, as the world outside does.
type book struct {
	mu   sync.Mutex
	now  time.Duration
	sent []sent
}

// Name returns the name by which alerts ask for the channel.
func (r *recorder) Name() string { return r.name }

// Send records the message and counts up the thread.
func (r *recorder) Send(_ context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %s\n%s\n", m.Incident.Service, m.Incident.Severity, m.Incident.State, m.Incident.Title, m.Event.Text)
	for _, f := range m.Ranking.Findings {
		fmt.Fprintf(&b, "%.0f%% %s\n", 100*f.Probability, f.Title)
	}
	r.book.mu.Lock()
	defer r.book.mu.Unlock()
	r.book.sent = append(r.book.sent, sent{
		at: r.book.now, channel: r.name, event: string(m.Event.Kind), service: m.Incident.Service, text: b.String(),
	})
	return t + "+", nil
}

// move tells the book what time it is.
func (b *book) move(now time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = now
}

// all returns the messages so far.
func (b *book) all() []sent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent[:len(b.sent):len(b.sent)]
}
