package notify_test

import (
	"context"
	"errors"
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
	b := newBench(t, nil, channels...)
	var err error
	b.Outbox, err = notify.NewOutbox(notify.Options{
		DB: b.db, Channels: channels, Config: quietDefaults(), Metrics: b.set, Now: b.clock.Now,
		Jitter: func() float64 { return 0.5 }, Mute: m.mute,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
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
