package alertmanager

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/alert"
)

// leased is an alert as a sender repeats it: it lasts four minutes from now.
func (b *bench) leased() *alert.Alert {
	a := ev("Down", 0, -1)
	a.UpdatedAt, a.EndsAt = b.now, b.now.Add(4*time.Minute)
	return a
}

func (b *bench) body() []byte {
	b.t.Helper()
	var body []byte
	if err := b.db.QueryRow("SELECT body FROM am_alerts").Scan(&body); err != nil {
		b.t.Fatal(err)
	}
	return body
}

// step moves on with a look each five seconds, as Run does.
func (b *bench) step(d time.Duration) {
	for end := b.now.Add(d); b.now.Before(end); {
		b.now = b.now.Add(min(idleTick, end.Sub(b.now)))
		b.tick()
	}
}

// An alert that is repeated each minute is written now and then, and at whatever
// moment the daemon is killed, the alert burns on and nobody is told anything.
func TestRouter_RepeatedAlert_FewWritesAndNoEndByARestart(t *testing.T) {
	b := newBench(t, simple(""))
	writes, last := 0, []byte(nil)
	for range 60 {
		b.put(b.leased())
		for range 12 {
			b.step(5 * time.Second)
			if body := b.body(); !bytes.Equal(body, last) {
				writes, last = writes+1, body
			}
		}
	}
	if writes > 25 {
		t.Errorf("got %d writes of an alert that was told 60 times, want at most 25", writes)
	}
	for i := range 40 {
		b.put(b.leased())
		b.step(time.Duration(i%12) * 5 * time.Second)
		b.restart()
		b.step(time.Minute - time.Duration(i%12)*5*time.Second)
		if n := len(b.r.Alerts()); n != 1 {
			t.Fatalf("restart %d: got %d alerts, want 1", i, n)
		}
	}
	for _, s := range b.sent {
		if s.m.Group.Alerts[0].Resolved {
			t.Errorf("told an end at %s, want none", s.at)
		}
	}
}

// An alert whose sender has gone ends when it said, and after a kill not earlier
// and at most half of its time later.
func TestRouter_RepeatedAlert_SenderGone_EndsInTime(t *testing.T) {
	for _, killed := range []time.Duration{-1, 0, time.Minute, 3 * time.Minute, 3*time.Minute + 50*time.Second} {
		t.Run(fmt.Sprint(killed), func(t *testing.T) {
			b := newBench(t, simple(""))
			for range 7 {
				b.put(b.leased())
				b.step(time.Minute)
			}
			b.put(b.leased())
			end := b.now.Add(4 * time.Minute)
			for at := b.now; ; {
				if killed >= 0 && b.now.Sub(at) == killed {
					b.restart()
				}
				b.step(5 * time.Second)
				if e := b.r.alerts[b.leased().Fingerprint()]; e == nil || e.endedAt(b.now) {
					break
				}
			}
			latest := end.Add(5 * time.Second)
			if killed >= 0 {
				latest = latest.Add(2 * time.Minute)
			}
			if b.now.Before(end) || b.now.After(latest) {
				t.Errorf("it ended at %s, want from %s to %s", b.now, end, latest)
			}
		})
	}
}
