package notify_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

func TestOutbox_Quiet_OnlyOnChannelsThatEdit(t *testing.T) {
	bot, hook := &fake{name: "bot", edits: true}, &fake{name: "hook"}
	b := newBench(t, nil, bot, hook)
	if n := b.enqueue(msg("i1", 1, incident.EventCleared)); n != 0 {
		t.Errorf("an update of an incident that nobody was told made %d rows, want 0", n)
	}
	b.enqueue(msg("i1", 2, incident.EventOpened))
	b.deliver(t0)
	b.enqueue(msg("i1", 3, incident.EventAttached))
	b.deliver(t0.Add(time.Second))
	want := []told{{"i1/2", incident.EventOpened, false, ""}, {"i1/3", incident.EventAttached, true, "thread of i1"}}
	if diff := cmp.Diff(want, bot.got, cmp.AllowUnexported(told{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"i1/2"}, hook.keys()); diff != "" {
		t.Error(diff)
	}
	if got := b.counter(`tocsin_notify_not_routed_total{reason="event"}`); got != 1 {
		t.Errorf("not_routed_total = %d, want 1", got)
	}
}

func TestOutbox_Quiet_AtMostOnePerMinuteAndTheLatest(t *testing.T) {
	bot := &fake{name: "bot", edits: true}
	b := newBench(t, nil, bot)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	seq := int64(1)
	var sent []time.Time
	for at := t0; at.Before(t0.Add(10 * time.Minute)); at = at.Add(5 * time.Second) {
		seq++
		b.clock.set(at)
		b.enqueue(msg("i1", seq, incident.EventAttached))
		before := len(bot.keys())
		b.deliver(at)
		if n := len(bot.keys()); n > before {
			sent = append(sent, at)
		}
	}
	if len(sent) != 10 {
		t.Errorf("%d updates in ten minutes, want 10: %v", len(sent), sent)
	}
	for i := 1; i < len(sent); i++ {
		if gap := sent[i].Sub(sent[i-1]); gap < time.Minute {
			t.Errorf("updates %v apart, want at least a minute", gap)
		}
	}
	b.clock.set(t0.Add(10 * time.Minute))
	b.enqueue(msg("i1", seq+1, incident.EventResolved))
	if next := b.deliver(t0.Add(10 * time.Minute)); !next.IsZero() {
		t.Errorf("next = %v, want nothing to wait: the resolution shows all", next)
	}
	if last := bot.got[len(bot.got)-1]; last.kind != incident.EventResolved {
		t.Errorf("last told %v, want the resolution, at once", last.kind)
	}
}

func TestOutbox_Merge_KeepsOpenedAndResolved(t *testing.T) {
	down := true
	answer := func(context.Context, notify.Message) error {
		if down {
			return retry(0)
		}
		return nil
	}
	bot, hook := &fake{name: "bot", edits: true, answer: answer}, &fake{name: "hook", answer: answer}
	b := newBench(t, nil, bot, hook)
	kinds := []incident.EventKind{
		incident.EventOpened, incident.EventSuspects, incident.EventAttached, incident.EventSuspects, incident.EventAcked,
		incident.EventResolved, incident.EventReopened, incident.EventSuspects, incident.EventResolved,
	}
	for i, k := range kinds {
		b.enqueue(msg("i1", int64(i+1), k))
		b.deliver(t0)
	}
	down = false
	b.deliver(t0.Add(time.Hour))
	if diff := cmp.Diff([]string{"i1/1", "i1/5", "i1/6", "i1/7", "i1/9"}, bot.keys()); diff != "" {
		t.Errorf("on a channel that edits: %s", diff)
	}
	if diff := cmp.Diff([]string{"i1/1", "i1/2", "i1/4", "i1/5", "i1/6", "i1/7", "i1/8", "i1/9"}, hook.keys()); diff != "" {
		t.Errorf("on another one: %s", diff)
	}
	if got := b.counter(`tocsin_notify_merged_total{channel="bot",reason="newer"}`); got != 4 {
		t.Errorf("merged_total = %d, want 4", got)
	}
}

func TestOutbox_Quiet_WithoutMessageIsSkipped(t *testing.T) {
	bot := &fake{name: "bot", edits: true, answer: func(_ context.Context, m notify.Message) error {
		if m.Event.Kind == incident.EventOpened {
			return fmt.Errorf("refused")
		}
		return nil
	}}
	b := newBench(t, nil, bot)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.enqueue(msg("i1", 2, incident.EventHeld))
	b.deliver(t0)
	if diff := cmp.Diff([]string{"1 opened bot failed", "2 held bot skipped"}, b.states("i1")); diff != "" {
		t.Error(diff)
	}
}

// TestOutbox_Quiet_NewerWhileUnderWay: an update comes in while the one before
// it is being sent. The first was sent, so it is recorded as sent although it
// had been marked as merged, and the second keeps its distance.
func TestOutbox_Quiet_NewerWhileUnderWay(t *testing.T) {
	bot := &fake{name: "bot", edits: true}
	b := newBench(t, nil, bot)
	bot.answer = func(_ context.Context, m notify.Message) error {
		if m.Event.Seq == 2 {
			b.enqueue(msg("i1", 3, incident.EventAttached))
		}
		return nil
	}
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.enqueue(msg("i1", 2, incident.EventAttached))
	if next := b.deliver(t0); !next.Equal(t0.Add(time.Minute)) {
		t.Errorf("next = %v, want a minute later", next)
	}
	if diff := cmp.Diff([]string{"1 opened bot sent", "2 attached bot sent", "3 attached bot waiting"}, b.states("i1")); diff != "" {
		t.Error(diff)
	}
}

// TestOutbox_MergedWhileUnderWay_StaysMergedWhenItFails: what a newer message
// shows is not tried again.
func TestOutbox_MergedWhileUnderWay_StaysMergedWhenItFails(t *testing.T) {
	bot := &fake{name: "bot", edits: true}
	b := newBench(t, nil, bot)
	bot.answer = func(_ context.Context, m notify.Message) error {
		if m.Event.Seq == 2 {
			b.enqueue(msg("i1", 3, incident.EventResolved))
			return retry(0)
		}
		return nil
	}
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.enqueue(msg("i1", 2, incident.EventAttached))
	b.deliver(t0)
	if diff := cmp.Diff([]string{"1 opened bot sent", "2 attached bot merged", "3 resolved bot sent"}, b.states("i1")); diff != "" {
		t.Error(diff)
	}
}
