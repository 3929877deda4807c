package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
)

// listener is a channel that keeps whole messages.
type listener struct {
	fake
	messages []notify.Message
}

func (l *listener) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	t, err := l.fake.Send(ctx, m, t)
	if err == nil {
		l.messages = append(l.messages, m)
	}
	return t, err
}

func refused(context.Context, notify.Message) error { return errors.New("channel_not_found") }

// only routes incidents to one channel.
func only(name string) func(*notify.Config) {
	return func(c *notify.Config) { c.Default = []string{name} }
}

func TestFallback_SaysWhatWasNotToldAndWhy(t *testing.T) {
	pager := &fake{name: "pager", answer: func(context.Context, notify.Message) error { return retry(0) }}
	slack := &listener{fake: fake{name: "slack"}}
	b := newBench(t, func(c *notify.Config) {
		c.Default = []string{"pager"}
		c.GiveUp = yamldoc.Duration(time.Hour)
		c.Fallback = []string{"slack"}
	}, pager, slack)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	for at := t0; !at.IsZero(); at = b.deliver(at) {
	}
	if len(slack.messages) != 1 {
		t.Fatalf("slack was told %d messages, want 1", len(slack.messages))
	}
	m := slack.messages[0]
	if m.Key != "i1/1/untold/pager" || m.Event.Kind != incident.EventOpened || m.Incident.ID != "i1" {
		t.Errorf("message %s, %s, incident %s", m.Key, m.Event.Kind, m.Incident.ID)
	}
	u := m.Untold
	if u == nil || u.Channel != "pager" || u.Reason != "gave_up" || u.Event != "opened" || u.Tries != pager.attempts() || !strings.Contains(u.String(), "1h0m0s: down") {
		t.Errorf("untold = %+v", u)
	}
	log := strings.Join(b.journal(), "\n")
	if !strings.Contains(log, "failed gave_up i1/1 given up after") || !strings.Contains(log, "fallback gave_up i1/1/untold/pager channel pager was not told (gave_up) of opened") {
		t.Errorf("journal:\n%s", log)
	}
	// Whoever was told in place of another hears how it ended.
	b.enqueue(msg("i1", 2, incident.EventResolved))
	b.deliver(t0.Add(61 * time.Minute))
	if got := slack.last(); got != "i1/2 resolved" {
		t.Errorf("last told %q", got)
	}
}

// TestFallback_GoesRoundOnce: every channel refuses; each is asked once and then
// nothing waits.
func TestFallback_GoesRoundOnce(t *testing.T) {
	a, c, d := &fake{name: "a", answer: refused}, &fake{name: "c", answer: refused}, &fake{name: "d", answer: refused}
	b := newBench(t, only("c"), a, c, d)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	for n, at := 0, t0; !at.IsZero() && n < 50; n++ {
		at = b.deliver(at)
	}
	b.deliver(t0.Add(time.Minute))
	if a.attempts() != 1 || c.attempts() != 1 || d.attempts() != 1 {
		t.Errorf("tries %d, %d, %d; want one each", a.attempts(), c.attempts(), d.attempts())
	}
	log := b.journal()
	if last := log[len(log)-1]; !strings.HasSuffix(last, "nobody else is left to be told") {
		t.Errorf("journal ends with %q", last)
	}
	if got := b.counter(`tocsin_notify_fallback_total{channel="a",outcome="nobody"}`); got != 1 {
		t.Errorf("fallback_total nobody = %d, want 1", got)
	}
}

func TestFallback_Who(t *testing.T) {
	f := func(name string, alter func(*notify.Config), want string) {
		t.Helper()
		a, c, d := &fake{name: "a"}, &fake{name: "c", answer: refused}, &fake{name: "d"}
		b := newBench(t, func(cfg *notify.Config) {
			cfg.Default = []string{"c"}
			alter(cfg)
		}, a, c, d)
		b.enqueue(msg("i1", 1, incident.EventOpened))
		b.deliver(t0)
		b.deliver(t0)
		got := strings.TrimSpace(fmt.Sprint(a.keys(), d.keys()))
		if got != want {
			t.Errorf("%s: told %s, want %s", name, got, want)
		}
	}
	f("without configuration the next in order", func(*notify.Config) {}, "[] [i1/1/untold/c]")
	f("the common one", func(c *notify.Config) { c.Fallback = []string{"a"} }, "[i1/1/untold/c] []")
	f("an empty list means nobody", func(c *notify.Config) { c.Fallback = []string{} }, "[] []")
	f("the channel's own", func(c *notify.Config) {
		c.Fallback = []string{"d"}
		c.Channels = []notify.ChannelConfig{{Name: "c", Fallback: []string{"c", "a"}}}
	}, "[i1/1/untold/c] []")
}

func TestFallback_UpdatesAndNotesAreNotWorthIt(t *testing.T) {
	bot, other := &fake{name: "bot", edits: true}, &fake{name: "other"}
	b := newBench(t, only("bot"), bot, other)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	bot.answer = refused
	for i, k := range []incident.EventKind{incident.EventAttached, incident.EventNote, incident.EventSuspects} {
		b.enqueue(msg("i1", int64(i+2), k))
		b.deliver(t0.Add(time.Duration(i) * time.Hour))
	}
	if other.attempts() != 0 {
		t.Errorf("told %v, want nothing", other.keys())
	}
}

// TestFallback_ManyAreToldTogether: a channel that fails hundreds of messages
// makes some of them known one by one and the rest in one message.
func TestFallback_ManyAreToldTogether(t *testing.T) {
	const n = 150
	pager, slack := &fake{name: "pager", answer: refused}, &listener{fake: fake{name: "slack"}}
	b := newBench(t, only("pager"), pager, slack)
	for i := range n {
		b.enqueue(msg(fmt.Sprint("i", i), int64(i+1), incident.EventOpened))
	}
	b.deliver(t0)
	b.deliver(t0.Add(2 * time.Minute))
	if len(slack.messages) != 21 {
		t.Fatalf("slack was told %d messages, want 20 and one for the rest", len(slack.messages))
	}
	u := slack.messages[20].Untold
	if u.More != n-20 || len(u.Missed) != 20 || !strings.HasPrefix(u.String(), "130 messages to channel pager were not told (refused): opened checkout: error rate is high;") {
		t.Errorf("the last stands for %d and names %d: %s", u.More, len(u.Missed), u)
	}
}

func TestFallback_Groups(t *testing.T) {
	r1 := &fake{name: "receiver/pager", answer: refused}
	r2, slack := &listener{fake: fake{name: "receiver/team"}}, &listener{fake: fake{name: "slack"}}
	b := newBench(t, nil, slack, r1, r2)
	b.enqueueGroup(groupMsg("g", 1, notify.GroupFirst, "a"), "receiver/pager")
	b.deliver(t0)
	if len(r2.messages) != 1 || len(slack.messages) != 0 {
		t.Fatalf("told %d and %d, want the next receiver", len(r2.messages), len(slack.messages))
	}
	alert := r2.messages[0].Group.Alerts[0]
	if alert.Labels["alertname"] != "NotificationNotDelivered" || alert.Labels["channel"] != "receiver/pager" || r2.messages[0].Group.Receiver != "team" ||
		alert.Annotations["summary"] != `{alertname="g"} was not told to receiver/pager` {
		t.Errorf("alert %+v for %s", alert, r2.messages[0].Group.Receiver)
	}
	r2.answer = refused
	b.enqueueGroup(groupMsg("h", 1, notify.GroupFirst, "a"), "receiver/pager")
	b.deliver(t0)
	b.deliver(t0)
	if len(slack.messages) != 1 {
		t.Fatalf("a channel of incidents was told %d, want it as the last resort", len(slack.messages))
	}
	if m := slack.messages[0]; !strings.Contains(m.Incident.Title, "was not told to receiver/pager") || m.Incident.Severity != incident.SeverityCritical {
		t.Errorf("told %+v", m.Incident)
	}
}

// TestDown_OneTryAtATime: thousands wait for a channel that is down; it is tried
// now and then, not once for each of them, and takes all when it is back.
func TestDown_OneTryAtATime(t *testing.T) {
	const n = 200
	down := true
	a := &fake{name: "a", answer: func(context.Context, notify.Message) error {
		if down {
			return retry(0)
		}
		return nil
	}}
	b := newBench(t, nil, a)
	for i := range n {
		b.enqueue(msg(fmt.Sprint("i", i), int64(i+1), incident.EventOpened))
	}
	at := t0
	for end := t0.Add(time.Hour); at.Before(end); {
		at = b.deliver(at)
	}
	if a.attempts() > 60 {
		t.Errorf("%d tries in an hour, want about one in 90 s", a.attempts())
	}
	down = false
	for end := at.Add(4 * time.Minute); !at.IsZero() && at.Before(end); {
		at = b.deliver(at)
	}
	if len(a.keys()) != n {
		t.Errorf("%d of %d told within minutes of its return", len(a.keys()), n)
	}
}

// TestDown_AllAreGivenUpInTime: messages that were never tried because the
// channel was down are given up at the stated time as well.
func TestDown_AllAreGivenUpInTime(t *testing.T) {
	a := &fake{name: "a", answer: func(context.Context, notify.Message) error { return retry(0) }}
	b := newBench(t, func(c *notify.Config) { c.GiveUp = yamldoc.Duration(2 * time.Hour) }, a)
	for i := range 100 {
		b.enqueue(msg(fmt.Sprint("i", i), int64(i+1), incident.EventOpened))
	}
	at := t0
	for n := 0; n < 500; n++ {
		next := b.deliver(at)
		if next.IsZero() {
			break
		}
		at = next
	}
	if want := t0.Add(2 * time.Hour); at.Before(want) || at.After(want.Add(2*time.Minute)) {
		t.Errorf("the last was given up at %v, want %v", at, want)
	}
	tally, _ := b.Tallies(context.Background())
	if diff := cmp.Diff(100, tally[0].Failed); diff != "" {
		t.Error(diff)
	}
}
