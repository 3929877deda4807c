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
	"github.com/tocsinhq/tocsin/notify"
)

// muter answers the outbox and remembers when it was asked.
type muter struct {
	word  notify.Mute
	err   error
	asked []time.Time
}

func (m *muter) mute(_ context.Context, _ notify.Message, _ string, at time.Time) (notify.Mute, error) {
	m.asked = append(m.asked, at)
	return m.word, m.err
}

func mutedBench(t *testing.T, m *muter, channels ...notify.Channel) *bench {
	t.Helper()
	return newBenchWith(t, func(o *notify.Options) { o.Mute = m.mute }, channels...)
}

func TestMute_WaitsUntilItEnds(t *testing.T) {
	a := &fake{name: "a"}
	m := &muter{word: notify.Mute{Reason: notify.MuteMaintenance, Detail: "db upgrade", Until: t0.Add(time.Hour)}}
	b := mutedBench(t, m, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	if next := b.deliver(t0); !next.Equal(t0.Add(time.Hour)) || a.attempts() != 0 {
		t.Fatalf("next = %v, tries = %d; want the end of the window and none", next, a.attempts())
	}
	ds, _ := b.Deliveries(context.Background(), "i1")
	if ds[0].Muted != "maintenance" || ds[0].MutedBy != "db upgrade" || ds[0].State != notify.StateWaiting {
		t.Errorf("delivery = %+v", ds[0])
	}
	m.word = notify.Mute{}
	b.deliver(t0.Add(time.Hour))
	if diff := cmp.Diff([]string{"i1/1"}, a.keys()); diff != "" {
		t.Error(diff)
	}
	if got := b.counter(`tocsin_notify_muted_total{channel="a",reason="maintenance"}`); got != 1 {
		t.Errorf("muted_total = %d, want 1", got)
	}
}

func TestMute_EachMinuteWhenTheEndIsNotKnown(t *testing.T) {
	a := &fake{name: "a"}
	m := &muter{word: notify.Mute{Reason: notify.MuteInhibited}}
	b := mutedBench(t, m, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	at := t0
	for range 5 {
		next := b.deliver(at)
		if next.Sub(at) != time.Minute {
			t.Fatalf("next = %v after %v, want a minute", next, at)
		}
		at = next
	}
	if len(m.asked) != 5 {
		t.Errorf("asked %d times, want 5", len(m.asked))
	}
}

func TestMute_NewerMessagesMerge(t *testing.T) {
	a := &fake{name: "a"}
	m := &muter{word: notify.Mute{Reason: notify.MuteSilence, Until: t0.Add(time.Hour)}}
	b := mutedBench(t, m, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	b.enqueue(msg("i1", 2, incident.EventRaised))
	b.enqueue(msg("i1", 3, incident.EventNote))
	b.deliver(t0)
	if diff := cmp.Diff([]string{"1 opened a merged", "2 raised a merged", "3 note a waiting"}, b.states("i1")); diff != "" {
		t.Error(diff)
	}
	if len(m.asked) != 2 {
		t.Errorf("asked %d times, want 2: a newer message may not be muted", len(m.asked))
	}
}

func TestMute_ErrorTells(t *testing.T) {
	a := &fake{name: "a"}
	b := mutedBench(t, &muter{err: errors.New("odd"), word: notify.Mute{Reason: notify.MuteSilence}}, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	if len(a.keys()) != 1 || b.counter("tocsin_notify_mute_errors_total") != 1 {
		t.Errorf("told %v, want the message, and the error counted", a.keys())
	}
}

// TestMute_End_TellsWhatBurnsAsItStands: the message after the mute is about
// the incident as it is then, is an opening for a channel that knows nothing of
// it, and says why it comes late.
func TestMute_End_TellsWhatBurnsAsItStands(t *testing.T) {
	var got []notify.Message
	a := &fake{name: "a", answer: func(_ context.Context, m notify.Message) error {
		got = append(got, m)
		return nil
	}}
	m := &muter{word: notify.Mute{Reason: notify.MuteMaintenance, Detail: "db upgrade", Until: t0.Add(time.Hour)}}
	present := msg("i1", 9, incident.EventAttached)
	present.Incident.Title = "checkout is down"
	b := newBenchWith(t, func(o *notify.Options) {
		o.Mute = m.mute
		o.Present = func(context.Context, string) (notify.Message, error) { return present, nil }
	}, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	b.enqueue(msg("i1", 2, incident.EventRaised))
	b.deliver(t0.Add(time.Minute))
	m.word = notify.Mute{}
	b.deliver(t0.Add(time.Hour))
	if len(got) != 1 {
		t.Fatalf("told %d messages, want one", len(got))
	}
	g := got[0]
	if g.Event.Kind != incident.EventOpened || g.Incident.Title != "checkout is down" || g.Held == nil || g.Held.String() != "after maintenance window db upgrade" || !g.Held.Since.Equal(t0) {
		t.Errorf("told %s %q held %+v", g.Event.Kind, g.Incident.Title, g.Held)
	}
	want := []string{
		"muted maintenance i1/1 held back by maintenance window db upgrade until 2026-03-02T11:00:00Z",
		"merged muted i1/1 a newer message shows it: i1/2",
		"unmuted maintenance i1/2 after maintenance window db upgrade",
		"sent  i1/2 after maintenance window db upgrade",
	}
	if diff := cmp.Diff(want, b.journal()); diff != "" {
		t.Error(diff)
	}
}

// TestMute_Ended_IsDropped: what began and ended under a mute is never told,
// whichever way its end becomes known.
func TestMute_Ended_IsDropped(t *testing.T) {
	for name, learn := range map[string]func(b *bench, now *incident.State){
		"by its resolution":  func(b *bench, _ *incident.State) { b.enqueue(msg("i1", 2, incident.EventResolved)) },
		"as it stands later": func(_ *bench, now *incident.State) { *now = incident.StateResolved },
	} {
		a := &fake{name: "a"}
		m := &muter{word: notify.Mute{Reason: notify.MuteSilence, Detail: "abc", Until: t0.Add(time.Hour)}}
		state := incident.StateOpen
		b := newBenchWith(t, func(o *notify.Options) {
			o.Mute = m.mute
			o.Present = func(context.Context, string) (notify.Message, error) {
				p := msg("i1", 1, incident.EventOpened)
				p.Incident.State = state
				return p, nil
			}
		}, a)
		b.enqueue(msg("i1", 1, incident.EventOpened))
		b.deliver(t0)
		learn(b, &state)
		b.deliver(t0.Add(time.Minute))
		m.word = notify.Mute{}
		if next := b.deliver(t0.Add(time.Hour)); !next.IsZero() || a.attempts() != 0 {
			t.Errorf("%s: %d tries, next %v; want nothing", name, a.attempts(), next)
		}
		log := b.journal()
		if last := log[len(log)-1]; !strings.HasPrefix(last, "dropped ended i1/") || !strings.HasSuffix(last, "it ended while it was held back by silence abc") {
			t.Errorf("%s: journal ends with %q", name, last)
		}
		if got := b.counter(`tocsin_notify_dropped_total{channel="a",reason="ended"}`); got != 1 {
			t.Errorf("%s: dropped_total = %d, want 1", name, got)
		}
	}
}

// TestMute_NeverSuppressesTheEnd: whoever was told that it began hears at once
// that it ended; but not of a reopening and an end that both came later.
func TestMute_NeverSuppressesTheEnd(t *testing.T) {
	a := &fake{name: "a"}
	m := &muter{}
	b := mutedBench(t, m, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	m.word = notify.Mute{Reason: notify.MuteSilence, Until: t0.Add(time.Hour)}
	b.enqueue(msg("i1", 2, incident.EventRaised))
	b.deliver(t0)
	b.enqueue(msg("i1", 3, incident.EventResolved))
	b.deliver(t0)
	b.enqueue(msg("i1", 4, incident.EventReopened))
	b.deliver(t0)
	b.enqueue(msg("i1", 5, incident.EventResolved))
	b.deliver(t0)
	if diff := cmp.Diff([]string{"i1/1", "i1/3"}, a.keys()); diff != "" {
		t.Error(diff)
	}
	want := []string{"1 opened a sent", "2 raised a merged", "3 resolved a sent", "4 reopened a merged", "5 resolved a dropped"}
	if diff := cmp.Diff(want, b.states("i1")); diff != "" {
		t.Error(diff)
	}
}

func TestMute_Reopened_IsToldAsSuch(t *testing.T) {
	a := &fake{name: "a"}
	m := &muter{}
	b := mutedBench(t, m, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.enqueue(msg("i1", 2, incident.EventResolved))
	b.deliver(t0)
	m.word = notify.Mute{Reason: notify.MuteInhibited}
	b.enqueue(msg("i1", 3, incident.EventReopened))
	b.enqueue(msg("i1", 4, incident.EventRaised))
	b.deliver(t0)
	m.word = notify.Mute{}
	b.deliver(t0.Add(time.Minute))
	if diff := cmp.Diff("i1/4 reopened", a.last()); diff != "" {
		t.Error(diff)
	}
}

// TestMute_GiveUp_CountsFromItsEnd: a mute of a week does not use up the day
// after which a message is given up.
func TestMute_GiveUp_CountsFromItsEnd(t *testing.T) {
	down := true
	a := &fake{name: "a", answer: func(context.Context, notify.Message) error {
		if down {
			return retry(0)
		}
		return nil
	}}
	end := t0.Add(7 * 24 * time.Hour)
	m := &muter{word: notify.Mute{Reason: notify.MuteSilence, Until: end}}
	b := mutedBench(t, m, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	m.word = notify.Mute{}
	b.deliver(end)
	down = false
	b.deliver(end.Add(time.Minute))
	if diff := cmp.Diff([]string{"i1/1"}, a.keys()); diff != "" {
		t.Error(diff)
	}
}

// TestMute_ManyRows_ArePutOffTogether: hundreds of muted rows that stay muted
// cost few commits, and all are told when it ends.
func TestMute_ManyRows_ArePutOffTogether(t *testing.T) {
	const n = 450
	a := &fake{name: "a"}
	m := &muter{word: notify.Mute{Reason: notify.MuteInhibited}}
	b := mutedBench(t, m, a)
	for i := range n {
		b.enqueue(msg(fmt.Sprint("i", i), int64(i+1), incident.EventOpened))
	}
	b.deliver(t0)
	if _, err := b.db.Exec(`CREATE TABLE commits (n INTEGER)`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Exec(`CREATE TRIGGER count AFTER UPDATE ON outbox WHEN NEW.id % 150 = 0 BEGIN INSERT INTO commits VALUES (1); END`); err != nil {
		t.Fatal(err)
	}
	if next := b.deliver(t0.Add(time.Minute)); !next.Equal(t0.Add(2 * time.Minute)) {
		t.Errorf("next = %v, want a minute later", next)
	}
	var commits int
	if err := b.db.QueryRow(`SELECT COUNT(*) FROM commits`).Scan(&commits); err != nil || commits != n/150 {
		t.Errorf("each row was written %d times, %v, want once", commits, err)
	}
	if len(m.asked) > 2*n+n/10 {
		t.Errorf("asked %d times about %d rows in two rounds", len(m.asked), n)
	}
	m.word = notify.Mute{}
	if err := b.Reconsider(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.deliver(t0.Add(61 * time.Second))
	if len(a.keys()) != n {
		t.Errorf("%d told after the end, want %d", len(a.keys()), n)
	}
}

func TestMute_Group_EndsUntold(t *testing.T) {
	r := &groupFake{fake: fake{name: "receiver/team"}}
	m := &muter{word: notify.Mute{Reason: notify.MuteTimeInterval, Detail: "nights", Until: t0.Add(time.Hour)}}
	b := mutedBench(t, m, r)
	b.enqueueGroup(groupMsg("g", 1, notify.GroupFirst, "a"), "receiver/team")
	b.enqueueGroup(groupMsg("h", 1, notify.GroupFirst, "x"), "receiver/team")
	b.deliver(t0)
	b.enqueueGroup(groupMsg("g", 2, notify.GroupResolved, "-a"), "receiver/team")
	b.enqueueGroup(groupMsg("h", 2, notify.GroupChanged, "-x", "y"), "receiver/team")
	b.deliver(t0.Add(time.Minute))
	m.word = notify.Mute{}
	b.deliver(t0.Add(time.Hour))
	if diff := cmp.Diff([]string{"group/h/2 first -x,y"}, r.groups); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1 group/first receiver/team merged", "2 group/resolved receiver/team dropped"}, b.states("group/g")); diff != "" {
		t.Error(diff)
	}
}
