package alertmanager

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/notify"
)

// Run tells groups when they are due, while others put alerts and ask, and leaves
// no goroutine behind.
func TestRun_TellsAndEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	b := newBench(t, "route:\n  receiver: a\n  group_by: [alertname]\n  group_wait: 50ms\n  group_interval: 100ms\nreceivers:\n- name: a\n  "+hook+"\n")
	told := make(chan notify.Message, 1000)
	b.r.o.Now = time.Now
	b.r.o.Enqueue = func(_ context.Context, m notify.Message, _ string) (bool, error) { told <- m; return true, nil }
	b.r.o.Observe = func(context.Context, []Observed) error { return nil }
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if err := b.r.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for w := range 4 {
		all.Go(func() {
			for i := range 25 {
				a := ev(fmt.Sprintf("X%d i=%d", w, i), 0, -1)
				a.StartsAt, a.UpdatedAt, a.EndsAt = time.Now(), time.Now(), time.Now().Add(time.Hour)
				if _, err := b.r.Put(ctx, OriginReceived, []*alert.Alert{a}, time.Now()); err != nil {
					t.Error(err)
				}
				b.r.Alerts()
				b.r.Mark(ctx, a.Labels)
			}
		})
	}
	seen := map[string]bool{}
	for len(seen) < 100 {
		select {
		case m := <-told:
			for _, a := range m.Group.Alerts {
				seen[a.Fingerprint] = true
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("got %d alerts told, want 100", len(seen))
		}
	}
	cancel()
	all.Wait()
	b.db.Close()
}
