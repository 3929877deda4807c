package notify_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestOutbox_Enqueue_OneRowPerChannelOnce(t *testing.T) {
	a, c := &fake{name: "a"}, &fake{name: "c"}
	b := newBench(t, nil, a, c)
	m := msg("i1", 1, incident.EventOpened)
	if got := b.enqueue(m); got != 2 {
		t.Errorf("first Enqueue wrote %d rows, want 2", got)
	}
	if got := b.enqueue(m); got != 0 {
		t.Errorf("second Enqueue wrote %d rows, want 0", got)
	}
	b.deliver(t0)
	if got := b.enqueue(m); got != 0 {
		t.Errorf("Enqueue after delivery wrote %d rows, want 0", got)
	}
	b.deliver(t0)
	for _, f := range []*fake{a, c} {
		if diff := cmp.Diff([]string{"i1/1"}, f.keys()); diff != "" {
			t.Errorf("channel %s: %s", f.name, diff)
		}
	}
	if got := b.counter(`tocsin_notify_enqueued_total{channel="a",quiet="false"}`); got != 1 {
		t.Errorf("enqueued_total = %d, want 1", got)
	}
	if got := b.counter(`tocsin_notify_sent_total{channel="c"}`); got != 1 {
		t.Errorf("sent_total = %d, want 1", got)
	}
}

func TestOutbox_Enqueue_RefusesMessageWithoutKey(t *testing.T) {
	b := newBench(t, nil, &fake{name: "a"})
	if _, err := b.Enqueue(context.Background(), notify.Message{}); err == nil || !strings.Contains(err.Error(), "want a key") {
		t.Errorf("err = %v, want one that asks for a key", err)
	}
}

func TestOutbox_Enqueue_NumbersThatJSONCannotHold(t *testing.T) {
	a := &fake{name: "a"}
	b := newBench(t, nil, a)
	m := msg("i1", 1, incident.EventOpened)
	nan := math.NaN()
	m.Incident.Occurrences = []incident.Occurrence{{Value: telemetry.Number(nan), Expected: telemetry.Number(math.Inf(1))}}
	m.Ranking.Findings = []rca.Finding{{Probability: nan, LogOdds: math.Inf(-1), Terms: []rca.Term{{Points: nan}}}}
	if got := b.enqueue(m); got != 1 {
		t.Fatalf("Enqueue wrote %d rows, want 1", got)
	}
	b.deliver(t0)
	if len(a.keys()) != 1 {
		t.Error("the message was not told")
	}
	if !math.IsNaN(m.Ranking.Findings[0].Terms[0].Points) {
		t.Error("Enqueue altered the caller's ranking")
	}
}

func TestOutbox_Order_LaterEventWaitsForEarlier(t *testing.T) {
	down := true
	a := &fake{name: "a"}
	a.answer = func(_ context.Context, m notify.Message) error {
		if down && m.Incident.ID == "i1" {
			return retry(0)
		}
		return nil
	}
	b := newBench(t, nil, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.enqueue(msg("i2", 2, incident.EventOpened))
	b.enqueue(msg("i1", 3, incident.EventResolved))
	next := b.deliver(t0)
	if diff := cmp.Diff([]string{"i2/2"}, a.keys()); diff != "" {
		t.Fatalf("while i1/1 fails: %s", diff)
	}
	if a.attempts() != 2 {
		t.Errorf("tries = %d, want 2: i1/3 must not be tried before i1/1", a.attempts())
	}
	if want := t0.Add(750 * time.Millisecond); !next.Equal(want) {
		t.Errorf("next = %v, want %v", next, want)
	}
	down = false
	if next := b.deliver(next); !next.IsZero() {
		t.Errorf("next = %v, want zero when nothing waits", next)
	}
	if diff := cmp.Diff([]string{"i2/2", "i1/1", "i1/3"}, a.keys()); diff != "" {
		t.Error(diff)
	}
}

func TestOutbox_Order_FinalFailureLetsLaterEventPass(t *testing.T) {
	var log strings.Builder
	a := &fake{name: "a", answer: func(_ context.Context, m notify.Message) error {
		if m.Event.Kind == incident.EventOpened {
			return fmt.Errorf("channel_not_found")
		}
		return nil
	}}
	b := newBench(t, nil, a)
	logged, err := notify.NewOutbox(notify.Options{
		DB: b.db, Channels: []notify.Channel{a}, Config: quietDefaults(), Metrics: b.set, Now: b.clock.Now,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Outbox = logged
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.enqueue(msg("i1", 2, incident.EventResolved))
	b.deliver(t0)
	b.deliver(t0.Add(time.Hour))
	if diff := cmp.Diff([]string{"1 opened a failed", "2 resolved a sent"}, b.states("i1")); diff != "" {
		t.Error(diff)
	}
	if a.attempts() != 2 {
		t.Errorf("tries = %d, want 2", a.attempts())
	}
	if got := strings.Count(log.String(), "level=ERROR"); got != 1 {
		t.Errorf("%d lines at level error, want 1:\n%s", got, log.String())
	}
	if got := b.counter(`tocsin_notify_failed_total{channel="a",reason="refused"}`); got != 1 {
		t.Errorf("failed_total = %d, want 1", got)
	}
	ds, _ := b.Deliveries(context.Background(), "i1")
	if ds[0].Error != "channel_not_found" || ds[0].Attempts != 1 || !ds[0].Tried.Equal(t0) || !ds[0].Done.Equal(t0) {
		t.Errorf("delivery = %+v", ds[0])
	}
}

func quietDefaults() notify.Config {
	c := notify.DefaultConfig()
	c.Channels = nil
	return c
}

func TestOutbox_Retry_BacksOffAndGivesUp(t *testing.T) {
	a := &fake{name: "a", answer: func(context.Context, notify.Message) error { return retry(0) }}
	b := newBench(t, func(c *notify.Config) { c.GiveUp = yamldoc.Duration(2 * time.Hour) }, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	at, gaps := t0, []time.Duration{}
	for range 200 {
		next := b.deliver(at)
		if next.IsZero() {
			break
		}
		gaps = append(gaps, next.Sub(at))
		at = next
	}
	if want := []time.Duration{750 * time.Millisecond, 1500 * time.Millisecond, 3 * time.Second, 6 * time.Second}; !slices.Equal(gaps[:4], want) {
		t.Errorf("first gaps = %v, want %v", gaps[:4], want)
	}
	if m := slices.Max(gaps); m != 90*time.Second {
		t.Errorf("longest gap = %v, want 90s", m)
	}
	if want := t0.Add(2 * time.Hour); !at.Equal(want) {
		t.Errorf("last try at %v, want %v", at, want)
	}
	if diff := cmp.Diff([]string{"1 opened a failed"}, b.states("i1")); diff != "" {
		t.Error(diff)
	}
	ds, _ := b.Deliveries(context.Background(), "i1")
	if !strings.Contains(ds[0].Error, "given up after") || !strings.Contains(ds[0].Error, "2h0m0s: down") || ds[0].Attempts != a.attempts() {
		t.Errorf("error = %q, attempts = %d, want the time, the cause and %d attempts", ds[0].Error, ds[0].Attempts, a.attempts())
	}
	if got := b.counter(`tocsin_notify_failed_total{channel="a",reason="gave_up"}`); got != 1 {
		t.Errorf("failed_total = %d, want 1", got)
	}
}

func TestOutbox_RetryAfter_PausesTheWholeChannel(t *testing.T) {
	f := func(after, want time.Duration) {
		t.Helper()
		first := true
		a, c := &fake{name: "a"}, &fake{name: "c"}
		a.answer = func(context.Context, notify.Message) error {
			if first {
				first = false
				return retry(after)
			}
			return nil
		}
		b := newBench(t, nil, a, c)
		b.enqueue(msg("i1", 1, incident.EventOpened))
		b.enqueue(msg("i2", 2, incident.EventOpened))
		next := b.deliver(t0)
		if got := next.Sub(t0); got != want {
			t.Errorf("Retry-After %v: next after %v, want %v", after, got, want)
		}
		b.deliver(next.Add(-time.Millisecond))
		if a.attempts() != 1 {
			t.Errorf("Retry-After %v: %d tries before it was over, want 1", after, a.attempts())
		}
		if len(c.keys()) != 2 {
			t.Errorf("the other channel was told %v, want both", c.keys())
		}
		b.deliver(next)
		if len(a.keys()) != 2 {
			t.Errorf("Retry-After %v: told %v, want both", after, a.keys())
		}
	}
	f(30*time.Second, 30*time.Second)
	f(240*time.Hour, time.Hour) // a mistake of somebody's proxy is cut
}

func TestOutbox_Send_PanicIsAFailureOfTheMessage(t *testing.T) {
	a := &fake{name: "a", answer: func(_ context.Context, m notify.Message) error {
		if m.Event.Seq == 1 {
			panic("odd")
		}
		return nil
	}}
	b := newBench(t, nil, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.enqueue(msg("i1", 2, incident.EventResolved))
	b.deliver(t0)
	if diff := cmp.Diff([]string{"1 opened a failed", "2 resolved a sent"}, b.states("i1")); diff != "" {
		t.Error(diff)
	}
}

func TestOutbox_UnreadableRow_IsRecordedAndPassed(t *testing.T) {
	a := &fake{name: "a"}
	b := newBench(t, nil, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.enqueue(msg("i1", 2, incident.EventResolved))
	if _, err := b.db.Exec(`UPDATE outbox SET body = '{' WHERE seq = 1`); err != nil {
		t.Fatal(err)
	}
	b.deliver(t0)
	if diff := cmp.Diff([]string{"1 opened a failed", "2 resolved a sent"}, b.states("i1")); diff != "" {
		t.Error(diff)
	}
	if got := b.counter(`tocsin_notify_failed_total{channel="a",reason="unreadable"}`); got != 1 {
		t.Errorf("failed_total = %d, want 1", got)
	}
}

func TestOutbox_OutcomeNotSaved_IsNotSentAgain(t *testing.T) {
	a := &fake{name: "a"}
	b := newBench(t, nil, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	if _, err := b.db.Exec(`CREATE TRIGGER full BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'disk full'); END`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := b.Deliver(context.Background(), t0); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Fatalf("err = %v, want disk full", err)
		}
	}
	if _, err := b.db.Exec(`DROP TRIGGER full`); err != nil {
		t.Fatal(err)
	}
	b.deliver(t0)
	if a.attempts() != 1 {
		t.Errorf("sent %d times, want once", a.attempts())
	}
	if diff := cmp.Diff([]string{"1 opened a sent"}, b.states("i1")); diff != "" {
		t.Error(diff)
	}
}

func TestOutbox_ChannelNamedLater_IsToldThen(t *testing.T) {
	slack, pager := &fake{name: "slack"}, &fake{name: "pager"}
	b := newBench(t, func(c *notify.Config) { c.Default = []string{"slack"} }, slack, pager)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	b.enqueue(msg("i1", 2, incident.EventAttached, "pager"))
	b.enqueue(msg("i1", 3, incident.EventAttached, "pager"))
	b.deliver(t0)
	b.enqueue(msg("i1", 4, incident.EventResolved, "pager"))
	b.deliver(t0)
	if diff := cmp.Diff([]string{"i1/2", "i1/4"}, pager.keys()); diff != "" {
		t.Errorf("the channel named later: %s", diff)
	}
	if diff := cmp.Diff([]string{"i1/1", "i1/4"}, slack.keys()); diff != "" {
		t.Errorf("who was told that it opened must hear that it ended: %s", diff)
	}
}

func TestOutbox_Missing_CountedAndDefaultTold(t *testing.T) {
	a := &fake{name: "slack"}
	b := newBench(t, nil, a)
	b.enqueue(msg("i1", 1, incident.EventOpened, "pagerduty", "email"))
	b.deliver(t0)
	if len(a.keys()) != 1 {
		t.Error("the default channel was not told")
	}
	if got := b.counter("tocsin_notify_channel_missing_total"); got != 2 {
		t.Errorf("channel_missing_total = %d, want 2", got)
	}
	if diff := cmp.Diff([]string{"email"}, b.Missing([]string{"slack", "email", "email"})); diff != "" {
		t.Error(diff)
	}
}

func TestOutbox_Prune_KeepsWhatIsStillTold(t *testing.T) {
	bot := &fake{name: "bot", edits: true}
	b := newBench(t, nil, bot)
	b.enqueue(msg("old", 1, incident.EventOpened))
	b.enqueue(msg("long", 2, incident.EventOpened))
	b.deliver(t0)
	later := t0.Add(20 * 24 * time.Hour)
	b.clock.set(later)
	b.enqueue(msg("long", 3, incident.EventRaised))
	b.deliver(later)
	n, err := b.Prune(context.Background(), t0.Add(31*24*time.Hour))
	if err != nil || n != 1 {
		t.Fatalf("Prune = %d, %v, want 1 row", n, err)
	}
	if len(b.states("old")) != 0 || len(b.states("long")) != 2 {
		t.Errorf("left: %v and %v", b.states("old"), b.states("long"))
	}
	var threads int
	if err := b.db.QueryRow(`SELECT COUNT(*) FROM threads`).Scan(&threads); err != nil || threads != 1 {
		t.Errorf("threads = %d, %v, want 1", threads, err)
	}
}

func TestOutbox_Prune_GivesUpChannelsThatAreGone(t *testing.T) {
	dir := t.TempDir()
	b := newBenchIn(t, dir, nil, &fake{name: "gone"})
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.db.Close()
	b = newBenchIn(t, dir, nil, &fake{name: "other"})
	for _, c := range []struct {
		at   time.Time
		want []string
	}{{t0.Add(23 * time.Hour), []string{"1 opened gone waiting"}}, {t0.Add(25 * time.Hour), []string{"1 opened gone failed", "1 opened other waiting"}}} {
		if _, err := b.Prune(context.Background(), c.at); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, b.states("i1")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestNewOutbox_Refuses(t *testing.T) {
	db := openState(t, t.TempDir())
	cfg := quietDefaults()
	f := func(o notify.Options, want string) {
		t.Helper()
		if _, err := notify.NewOutbox(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want %q", err, want)
		}
	}
	f(notify.Options{Config: cfg}, "want a state database")
	f(notify.Options{DB: db, Config: cfg, Channels: []notify.Channel{&fake{name: "a"}, &fake{name: "a"}}}, `got "a" again`)
	cfg.Default = []string{"b"}
	f(notify.Options{DB: db, Config: cfg, Channels: []notify.Channel{&fake{name: "a"}}}, `got ["b"]`)
}

// TestOutbox_ReceiverAllowsOnePerSecond_AllArrive: a burst against a receiver
// with a rate limit is spread, nothing is dropped, and no incident starves.
func TestOutbox_ReceiverAllowsOnePerSecond_AllArrive(t *testing.T) {
	const incidents = 60
	var b *bench
	var last time.Time
	a := &fake{name: "a", answer: func(context.Context, notify.Message) error {
		now := b.clock.Now()
		if now.Sub(last) < time.Second {
			return retry(last.Add(time.Second).Sub(now))
		}
		last = now
		return nil
	}}
	b = newBench(t, nil, a)
	for i := range incidents {
		b.enqueue(msg(fmt.Sprintf("i%d", i), int64(i+1), incident.EventOpened))
	}
	at := t0
	for n := 0; n < 500 && !at.IsZero(); n++ {
		at = b.deliver(at)
	}
	told := a.keys()
	slices.Sort(told)
	if len(slices.Compact(told)) != incidents {
		t.Errorf("%d of %d incidents were told", len(told), incidents)
	}
	if took := last.Sub(t0); took > incidents*2*time.Second {
		t.Errorf("it took %v, want about a second for each", took)
	}
}
