package notify_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

func stuck(context.Context, notify.Message) error { return retry(0) }

// TestPressure_OneSubject: an incident that flaps for hours while its channel is
// down makes a bounded queue, whose first and last words are kept.
func TestPressure_OneSubject(t *testing.T) {
	down := true
	a := &fake{name: "a", answer: func(context.Context, notify.Message) error {
		if down {
			return retry(0)
		}
		return nil
	}}
	b := newBench(t, nil, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	for i := range 200 {
		kind := incident.EventResolved
		if i%2 == 1 {
			kind = incident.EventReopened
		}
		b.enqueue(msg("i1", int64(i+2), kind))
	}
	tally, _ := b.Tallies(context.Background())
	if tally[0].Waiting > 17 {
		t.Errorf("%d wait, want at most 17", tally[0].Waiting)
	}
	down = false
	for at := t0; !at.IsZero(); {
		at = b.deliver(at.Add(time.Second))
	}
	keys := a.keys()
	if keys[0] != "i1/1" || a.last() != "i1/201 reopened" {
		t.Errorf("told %v, ends with %s", keys, a.last())
	}
}

// TestPressure_QueueFull: beyond its bound a channel takes one message per
// incident, then none of new incidents, and what is dropped is counted.
func TestPressure_QueueFull(t *testing.T) {
	a := &fake{name: "a", answer: stuck}
	b := newBench(t, func(c *notify.Config) { c.MaxWaiting = 10 }, a)
	for i := range 30 {
		b.enqueue(msg(fmt.Sprint("i", i), int64(i+1), incident.EventOpened))
	}
	for i := range 5 {
		b.enqueue(msg("i3", int64(100+2*i), incident.EventResolved))
		b.enqueue(msg("i3", int64(101+2*i), incident.EventReopened))
	}
	b.enqueue(msg("i4", 200, incident.EventNote))
	tally, _ := b.Tallies(context.Background())
	if tally[0].Waiting != 21 {
		t.Errorf("%d wait, want 20 incidents and the latest of one of them", tally[0].Waiting)
	}
	if diff := cmp.Diff("109 reopened a waiting", last(b.states("i3"))); diff != "" {
		t.Error(diff)
	}
	if got := b.counter(`tocsin_notify_dropped_total{channel="a",reason="queue_full"}`); got != 11 {
		t.Errorf("dropped_total = %d, want ten incidents and a note", got)
	}
	for _, line := range b.journal() {
		if line == "dropped queue_full i4/200 too many messages wait on the channel" {
			return
		}
	}
	t.Error("the note is not journaled as dropped")
}

func last(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[len(s)-1]
}

// TestPressure_Storm_BoundedMemoryAndTables: ten thousand events of hundreds of
// incidents reach a channel that is down and one that works.
func TestPressure_Storm_BoundedMemoryAndTables(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand commits")
	}
	dead, good := &fake{name: "dead", answer: stuck}, &fake{name: "good"}
	b := newBench(t, func(c *notify.Config) { c.LogRows = 5000 }, dead, good)
	if _, err := b.db.Exec(`PRAGMA synchronous = OFF`); err != nil {
		t.Fatal(err) // ten thousand flushes would measure the disk
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	kinds := []incident.EventKind{incident.EventOpened, incident.EventRaised, incident.EventSuspects, incident.EventResolved, incident.EventReopened}
	for i := range 10_000 {
		b.enqueue(msg(fmt.Sprint("i", i%500), int64(i+1), kinds[i/500%len(kinds)]))
		if i%100 == 0 {
			b.deliver(t0.Add(time.Duration(i) * 10 * time.Millisecond))
		}
	}
	b.deliver(t0.Add(10 * time.Minute))
	good.mu.Lock()
	good.got = nil
	good.mu.Unlock()
	if grown := int64(heap()) - int64(before); grown > 16<<20 {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	tallies, _ := b.Tallies(context.Background())
	if tallies[0].Waiting > 500*17 || tallies[1].Waiting != 0 {
		t.Errorf("%d and %d wait", tallies[0].Waiting, tallies[1].Waiting)
	}
	var log, bodies int
	if err := b.db.QueryRow(`SELECT (SELECT COUNT(*) FROM notify_log), (SELECT COUNT(*) FROM outbox WHERE state <> 'waiting' AND body <> '')`).Scan(&log, &bodies); err != nil {
		t.Fatal(err)
	}
	if log > 5000+4096 || bodies != 0 {
		t.Errorf("the journal has %d entries, want at most 9096; %d finished messages keep their text", log, bodies)
	}
}
