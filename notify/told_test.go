package notify_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
)

// hearing keeps the messages that it is sent.
type hearing struct{ ms []notify.Message }

func (h *hearing) Name() string { return "slack" }

func (h *hearing) Send(_ context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	h.ms = append(h.ms, m)
	return t, nil
}

// TestOutbox_Message_SaysWhoIsToldAndWhyItIsNotMuted tells an incident while nothing
// holds it, and one whose silence ends.
func TestOutbox_Message_SaysWhoIsToldAndWhyItIsNotMuted(t *testing.T) {
	h := &hearing{}
	var mute notify.Mute
	now := notifytest.Onset
	o, err := notify.NewOutbox(notify.Options{
		DB: openState(t, t.TempDir()), Channels: []notify.Channel{h}, Config: notify.DefaultConfig(), Now: func() time.Time { return now },
		Mute: func(context.Context, notify.Message, string, time.Time) (notify.Mute, error) { return mute, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	send := func(m notify.Message) {
		t.Helper()
		if _, err := o.Enqueue(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Deliver(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	m := notifytest.Message(1, incident.EventOpened)
	m.Chart = notifytest.Sample(incident.EventOpened).Chart
	m.ChartURL = "https://example.test/chart.png" // somebody may look at it later
	send(m)
	mute = notify.Mute{Reason: notify.MuteSilence, Until: now.Add(time.Minute)}
	send(notifytest.Message(2, incident.EventRaised))
	if len(h.ms) != 1 {
		t.Fatalf("%d messages, want the second to wait", len(h.ms))
	}
	mute, now = notify.Mute{}, now.Add(2*time.Minute)
	if _, err := o.Deliver(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range h.ms {
		got = append(got, m.Told[0]+": "+m.Unmuted)
	}
	if diff := cmp.Diff([]string{"slack: no silence, no window", "slack: silence is over"}, got); diff != "" {
		t.Error(diff)
	}
	kept, ok, err := o.Message(t.Context(), m.Key)
	if err != nil || !ok || !kept.Chart.Drawable() || kept.Event.Kind != incident.EventOpened {
		t.Errorf("Message = %+v, %v, %v", kept, ok, err)
	}
	if _, ok, err := o.Message(t.Context(), "inc-1/99"); ok || err != nil {
		t.Errorf("Message of no key = %v, %v", ok, err)
	}
}

func TestChart_Location(t *testing.T) {
	var none *notify.Chart
	if none.Location() != time.UTC || (&notify.Chart{Zone: "No/Where"}).Location() != time.UTC || (&notify.Chart{Zone: "Asia/Tokyo"}).Location().String() != "Asia/Tokyo" {
		t.Error("a zone that is not known is UTC")
	}
}
