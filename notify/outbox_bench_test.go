package notify_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/store"
)

// BenchmarkOutbox measures one message from Enqueue to sent, with many others
// waiting behind a message that is not due.
func BenchmarkOutbox(b *testing.B) {
	for _, waiting := range []int{0, 10000} {
		b.Run(fmt.Sprintf("waiting=%d", waiting), func(b *testing.B) {
			ctx := context.Background()
			db, err := store.OpenState(ctx, filepath.Join(b.TempDir(), "state.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			c := &clock{now: t0}
			a := &fake{name: "a", answer: func(_ context.Context, m notify.Message) error {
				if m.Incident.ID == "stuck" {
					return retry(0)
				}
				return nil
			}}
			o, err := notify.NewOutbox(notify.Options{DB: db, Channels: []notify.Channel{a}, Config: quietDefaults(), Now: c.Now})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := db.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
				INSERT INTO outbox (key, channel, subject, seq, kind, state, created, due, body)
				SELECT 'stuck/' || i, 'a', 'stuck', i, 'note', 'waiting', 0, 0, '{}' FROM n WHERE ? > 0`, waiting, waiting); err != nil {
				b.Fatal(err)
			}
			if _, err := db.Exec(`UPDATE outbox SET due = ? WHERE seq = 1`, t0.AddDate(1, 0, 0).UnixMilli()); err != nil {
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				if _, err := o.Enqueue(ctx, msg(fmt.Sprint("i", i), int64(20000+i), incident.EventOpened)); err != nil {
					b.Fatal(err)
				}
				if _, err := o.Deliver(ctx, t0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
