package story

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
)

// sent is one message as a channel of the story received it.
type sent struct {
	channel string
	kind    string
	text    string
}

// recorder is a channel that keeps what it is told.
type recorder struct {
	name string
	book *book
	now  func() time.Time
}

// book collects the messages of all channels in the order of sending. It
// outlives restarts of the core, as the world outside does.
type book struct {
	mu   sync.Mutex
	sent []sent
	out  []outage
}

// outage is a time in which a channel takes nothing.
type outage struct {
	channel  string
	from, to time.Time
	refuse   bool
}

// down notes an outage that a script asks for.
func (b *book) down(a Action, from time.Time) error {
	d, err := duration(a.Args["for"])
	if err != nil {
		return fmt.Errorf("down: for: %w", err)
	}
	o := outage{channel: a.Args["channel"], from: from, to: from.Add(d)}
	if !slices.Contains(channelNames, o.channel) {
		return fmt.Errorf("down: want one of the channels %s, got %q", strings.Join(channelNames, ", "), o.channel)
	}
	switch a.Args["answer"] {
	case "", "retry":
	case "refuse":
		o.refuse = true
	default:
		return fmt.Errorf("down: answer: want retry or refuse, got %q", a.Args["answer"])
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out = append(b.out, o)
	return nil
}

// answer returns what a channel says to a message at a time; nil: it takes it.
func (b *book) answer(channel string, at time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.out {
		switch {
		case o.channel != channel || at.Before(o.from) || !at.Before(o.to):
		case o.refuse:
			return errors.New("refused by the story")
		default:
			return &notify.RetryError{Err: errors.New("down by the story")}
		}
	}
	return nil
}

func (r *recorder) Name() string { return r.name }

// Send records the message and counts up the thread, so that a story sees
// whether threads are handed back.
func (r *recorder) Send(_ context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if err := r.book.answer(r.name, r.now()); err != nil {
		return t, err
	}
	if m.Group != nil {
		r.book.add(sent{channel: r.name, kind: m.Group.Reason, text: groupText(m.Group)})
		return t + "+", nil
	}
	var b strings.Builder
	for _, n := range render.Notices(m) {
		fmt.Fprintln(&b, n)
	}
	fmt.Fprintf(&b, "%s %s %s %s\n%s\n", m.Incident.Service, m.Incident.Severity, m.Incident.State, m.Incident.Title, m.Event.Text)
	if _, worst := render.Worst(m.Incident); worst != "" {
		fmt.Fprintf(&b, "worst %s\n", worst)
	}
	for _, f := range m.Ranking.Findings {
		fmt.Fprintf(&b, "%.0f%% %s\n", 100*f.Probability, f.Title)
	}
	r.book.add(sent{channel: r.name, kind: string(m.Event.Kind), text: b.String()})
	return t + "+", nil
}

// groupText writes a group of alerts: a line for each, with its labels and whether
// it has ended.
func groupText(g *notify.Group) string {
	var b strings.Builder
	for _, a := range g.Alerts {
		state := "firing"
		if a.Resolved {
			state = "resolved"
		}
		fmt.Fprintf(&b, "%s %s %v %v\n", state, a.Labels["alertname"], a.Labels, a.Annotations)
	}
	return b.String()
}

func (b *book) add(s sent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, s)
}

// count returns how many messages went to a channel, of one kind or of all.
func (b *book) count(channel, kind string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, s := range b.sent {
		if s.channel == channel && (kind == "" || s.kind == kind) {
			n++
		}
	}
	return n
}

// since returns the messages from position i on, and the new length.
func (b *book) since(i int) ([]sent, int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]sent(nil), b.sent[i:]...), len(b.sent)
}
