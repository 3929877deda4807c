package notify_test

import (
	"context"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

func TestTallies_OnePerChannelInOrder(t *testing.T) {
	good, down := &fake{name: "good"}, &fake{name: "down", answer: func(context.Context, notify.Message) error { return retry(0) }}
	b := newBench(t, func(c *notify.Config) { c.GiveUp = c.RetryMax }, down, good)
	tallies := func() []notify.Tally {
		t.Helper()
		out, err := b.Tallies(context.Background())
		if err != nil || len(out) != 2 || out[0].Channel != "down" || out[1].Channel != "good" {
			t.Fatalf("got %+v, %v; want down and good", out, err)
		}
		return out
	}
	for _, x := range tallies() {
		if x.Waiting+x.Sent+x.Failed != 0 || !x.Last.IsZero() || x.Error != "" {
			t.Errorf("before any message: got %+v", x)
		}
	}
	b.enqueue(msg("I1", 1, incident.EventOpened))
	b.deliver(t0.Add(time.Second))
	got := tallies()
	if got[0].Waiting != 1 || got[0].Sent != 0 || !got[0].Last.IsZero() || got[0].Error != errDown.Error() {
		t.Errorf("a channel that is down: got %+v", got[0])
	}
	if got[1].Waiting != 0 || got[1].Sent != 1 || !got[1].Last.Equal(t0.Add(time.Second)) || got[1].Error != "" {
		t.Errorf("a channel that works: got %+v", got[1])
	}
	b.deliver(t0.Add(time.Hour))
	if got := tallies(); got[0].Waiting != 0 || got[0].Failed != 1 || got[0].Error == "" {
		t.Errorf("a message that was given up: got %+v", got[0])
	}
	b.db.Close()
	if _, err := b.Tallies(context.Background()); err == nil {
		t.Error("a closed database: got no error")
	}
}
