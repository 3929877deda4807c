package notify_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
)

func TestJournal_TellsEachTry(t *testing.T) {
	var b *bench
	a := &fake{name: "a"}
	a.answer = func(ctx context.Context, _ notify.Message) error {
		b.clock.set(b.clock.Now().Add(250 * time.Millisecond))
		if a.attempts() == 1 {
			notify.Answered(ctx, "503")
			return retry(0)
		}
		notify.Answered(ctx, "200")
		return nil
	}
	b = newBench(t, nil, a)
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0)
	b.deliver(t0.Add(time.Minute))
	got, err := b.Journal(context.Background(), notify.JournalFilter{Subject: "i1", Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []notify.Entry{
		{
			ID: 1, At: t0, What: notify.WhatRetry, Channel: "a", Subject: "i1", Key: "i1/1", Event: "opened", Attempt: 1, Code: "503",
			Took: 250 * time.Millisecond, Reason: "error", Detail: "next try at 2026-03-02T10:00:00Z: down",
		},
		{
			ID: 2, At: t0.Add(time.Minute), What: notify.WhatSent, Channel: "a", Subject: "i1", Key: "i1/1", Event: "opened", Attempt: 2, Code: "200",
			Took: 250 * time.Millisecond,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestJournal_Unrouted_Once(t *testing.T) {
	b := newBench(t, func(c *notify.Config) { c.MinSeverity = incident.SeverityCritical }, &fake{name: "a"})
	m := msg("i1", 1, incident.EventOpened)
	m.Incident.Severity = incident.SeverityInfo
	b.enqueue(m)
	b.enqueue(m)
	m = msg("i1", 2, incident.EventAttached)
	m.Incident.Severity = incident.SeverityInfo
	b.enqueue(m)
	if diff := cmp.Diff([]string{"unrouted severity i1/1 severity info is below what its channels want"}, b.journal()); diff != "" {
		t.Error(diff)
	}
}

func TestJournal_Filter(t *testing.T) {
	b := newBench(t, nil, &fake{name: "a"}, &fake{name: "c"})
	for i := range 6 {
		b.clock.set(t0.Add(time.Duration(i) * time.Hour))
		b.enqueue(msg(fmt.Sprint("i", i%2), int64(i+1), incident.EventRaised, "a"))
		b.enqueue(msg(fmt.Sprint("i", i%2), int64(100+i), incident.EventRaised, "c"))
		b.deliver(t0.Add(time.Duration(i) * time.Hour))
	}
	f := func(f notify.JournalFilter, want ...int64) {
		t.Helper()
		got, err := b.Journal(context.Background(), f)
		if err != nil {
			t.Fatal(err)
		}
		var ids []int64
		for _, e := range got {
			ids = append(ids, e.ID)
		}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("%+v: %s", f, diff)
		}
	}
	all, err := b.Journal(context.Background(), notify.JournalFilter{})
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	top := all[0].ID
	f(notify.JournalFilter{Limit: 2}, top, top-1)
	f(notify.JournalFilter{Limit: 2, Before: top}, top-1, top-2)
	f(notify.JournalFilter{Oldest: true, After: top - 2}, top-1, top)
	f(notify.JournalFilter{Oldest: true, Limit: 1}, 1)
	f(notify.JournalFilter{What: []notify.What{notify.WhatFailed, notify.WhatDropped}})
	for _, e := range mustJournal(t, b, notify.JournalFilter{Channel: "a", Since: t0.Add(3 * time.Hour)}) {
		if e.Channel != "a" || e.At.Before(t0.Add(3*time.Hour)) {
			t.Errorf("entry %+v", e)
		}
	}
	for _, e := range mustJournal(t, b, notify.JournalFilter{Subject: "i1", What: []notify.What{notify.WhatSent}}) {
		if e.Subject != "i1" || e.What != notify.WhatSent {
			t.Errorf("entry %+v", e)
		}
	}
}

func mustJournal(t *testing.T, b *bench, f notify.JournalFilter) []notify.Entry {
	t.Helper()
	got, err := b.Journal(context.Background(), f)
	if err != nil || len(got) == 0 {
		t.Fatalf("%+v: %d entries, %v", f, len(got), err)
	}
	return got
}

func TestJournal_IsKeptForATimeAndToALength(t *testing.T) {
	b := newBench(t, func(c *notify.Config) {
		c.LogRows = 50
		c.Keep = yamldoc.Duration(24 * time.Hour)
	}, &fake{name: "a"})
	if _, err := b.db.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4095)
		INSERT INTO notify_log (at, what) SELECT ? + i, 'sent' FROM n`, t0.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		t.Helper()
		if err := b.db.QueryRow(`SELECT COUNT(*) FROM notify_log`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	b.enqueue(msg("i1", 1, incident.EventOpened))
	b.deliver(t0.Add(time.Hour))
	if n := count(); n != 50 {
		t.Errorf("%d entries, want it cut to 50 while it is written", n)
	}
	b.enqueue(msg("i2", 2, incident.EventOpened))
	b.deliver(t0.Add(30 * time.Hour))
	if _, err := b.Prune(context.Background(), t0.Add(40*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Errorf("%d entries after a day, want the one that is younger", n)
	}
	if got := b.counter("tocsin_notify_log_cut_total"); got != 4046 {
		t.Errorf("log_cut_total = %d, want 4046", got)
	}
}

// TestJournal_SurvivesARefusal: an outcome that the database refuses first is
// journaled once, with the try that made it.
func TestJournal_SurvivesARefusal(t *testing.T) {
	b := newBench(t, nil, &fake{name: "a"})
	b.enqueue(msg("i1", 1, incident.EventOpened))
	if _, err := b.db.Exec(`CREATE TRIGGER full BEFORE INSERT ON notify_log BEGIN SELECT RAISE(ABORT, 'disk full'); END`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Deliver(context.Background(), t0); err == nil {
		t.Fatal("want the error of the database")
	}
	if _, err := b.db.Exec(`DROP TRIGGER full`); err != nil {
		t.Fatal(err)
	}
	b.deliver(t0.Add(time.Minute))
	if diff := cmp.Diff([]string{"sent  i1/1"}, b.journal()); diff != "" {
		t.Error(diff)
	}
}
