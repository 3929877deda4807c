package notify_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// live starts Run in the bubble and returns how to stop it.
func live(t *testing.T, b *bench) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	}
}

// liveBench is a bench on the bubble's clock.
func liveBench(t *testing.T, channels ...notify.Channel) *bench {
	t.Helper()
	b := &bench{t: t, db: openState(t, t.TempDir())}
	var err error
	b.Outbox, err = notify.NewOutbox(notify.Options{
		DB: b.db, Channels: channels, Config: quietDefaults(), Jitter: func() float64 { return 0.5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRun_HangingChannel_DelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := &fake{name: "hang", answer: func(ctx context.Context, _ notify.Message) error {
			<-ctx.Done()
			return &notify.RetryError{Err: ctx.Err()}
		}}
		good := &fake{name: "good"}
		b := liveBench(t, hang, good)
		stop := live(t, b)
		synctest.Wait()
		started := time.Now()
		b.enqueue(msg("i1", 1, incident.EventOpened))
		b.enqueue(msg("i1", 2, incident.EventResolved))
		synctest.Wait()
		if diff := cmp.Diff([]string{"i1/1", "i1/2"}, good.keys()); diff != "" || time.Since(started) != 0 {
			t.Errorf("after %v: %s", time.Since(started), diff)
		}
		for hang.attempts() < 3 {
			<-time.After(time.Second)
		}
		// 10 s for each try, 0.75 s and 1.5 s between them.
		if got := time.Since(started); got < 22*time.Second || got > 23*time.Second {
			t.Errorf("third try after %v, want 22.25s", got)
		}
		stop()
	})
}

func TestRun_RetriesByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fake{name: "a"}
		a.answer = func(context.Context, notify.Message) error {
			if a.attempts() < 4 {
				return retry(0)
			}
			return nil
		}
		b := liveBench(t, a)
		stop := live(t, b)
		b.enqueue(msg("i1", 1, incident.EventOpened))
		<-time.After(6 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"i1/1"}, a.keys()); diff != "" {
			t.Error(diff)
		}
		stop()
	})
}

func TestRun_Wake_FindsRowsOfAnotherOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fake{name: "a"}
		b := liveBench(t, a)
		other, err := notify.NewOutbox(notify.Options{DB: b.db, Channels: []notify.Channel{&fake{name: "a"}}, Config: quietDefaults()})
		if err != nil {
			t.Fatal(err)
		}
		stop := live(t, b)
		synctest.Wait()
		if _, err := other.Enqueue(context.Background(), msg("i1", 1, incident.EventOpened)); err != nil {
			t.Fatal(err)
		}
		b.Wake()
		synctest.Wait()
		if len(a.keys()) != 1 {
			t.Error("the worker did not look at the queue")
		}
		stop()
	})
}

func TestRun_Stop_LetsTheSendUnderWayEnd(t *testing.T) {
	f := func(name string, takes time.Duration, wantState string, wantStop time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			slow := &fake{name: "slow", answer: func(ctx context.Context, _ notify.Message) error {
				select {
				case <-time.After(takes):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}}
			b := liveBench(t, slow)
			stop := live(t, b)
			b.enqueue(msg("i1", 1, incident.EventOpened))
			synctest.Wait()
			started := time.Now()
			stop()
			if got := time.Since(started); got != wantStop {
				t.Errorf("%s: stopped after %v, want %v", name, got, wantStop)
			}
			if diff := cmp.Diff([]string{"1 opened slow " + wantState}, b.states("i1")); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		})
	}
	f("ends in time", 2*time.Second, "sent", 2*time.Second)
	f("does not end", 8*time.Second, "waiting", 5*time.Second)
}

// TestRun_AsksAgainAtTheStart: what mutes may have been changed while nobody ran.
func TestRun_AsksAgainAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fake{name: "a"}
		b := liveBench(t, a)
		b.enqueue(msg("i1", 1, incident.EventOpened))
		if _, err := b.db.Exec(`UPDATE outbox SET muted = 'maintenance', mute_detail = 'gone', muted_since = 1, due = ?`, time.Now().Add(48*time.Hour).UnixMilli()); err != nil {
			t.Fatal(err)
		}
		stop := live(t, b)
		synctest.Wait()
		if diff := cmp.Diff([]string{"i1/1"}, a.keys()); diff != "" {
			t.Error(diff)
		}
		stop()
	})
}

func TestRun_DatabaseRefuses_TriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fake{name: "a"}
		b := liveBench(t, a)
		if _, err := b.db.Exec(`ALTER TABLE outbox RENAME TO hidden`); err != nil {
			t.Fatal(err)
		}
		stop := live(t, b)
		synctest.Wait()
		if _, err := b.db.Exec(`ALTER TABLE hidden RENAME TO outbox`); err != nil {
			t.Fatal(err)
		}
		b.enqueue(msg("i1", 1, incident.EventOpened))
		<-time.After(6 * time.Second)
		synctest.Wait()
		if len(a.keys()) != 1 {
			t.Error("the message was not told after the database came back")
		}
		stop()
	})
}

func TestRun_Metrics_SayWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fake{name: "a", answer: func(context.Context, notify.Message) error { return retry(time.Hour) }}
		b := newBench(t, nil, a)
		b.clock.set(time.Now())
		b.enqueue(msg("i1", 1, incident.EventOpened))
		b.clock.set(time.Now().Add(90 * time.Second))
		stop := live(t, b)
		synctest.Wait()
		var out bytes.Buffer
		b.set.WritePrometheus(&out)
		for _, want := range []string{
			`tocsin_notify_waiting{channel="a"} 1`, `tocsin_notify_oldest_waiting_seconds{channel="a"} 90`,
			`tocsin_notify_retries_total{channel="a",reason="retry_after"} 1`,
			`tocsin_notify_send_duration_seconds_count{channel="a"} 1`,
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("metrics lack %s", want)
			}
		}
		stop()
	})
}
