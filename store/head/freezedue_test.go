package head

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// notifier calls itself after each write of the log.
type notifier func()

func (n notifier) Notify() { n() }

// A commit that is under way when a block is due may bring a sample older than all that
// were stored by then, since samples are judged before they are stored: it is part of the
// block.
func TestHead_FreezeDue_SeesWhatACommitUnderWayBrings(t *testing.T) {
	o := testOptions(t)
	h := openHead(t, o)
	defer closeHead(t, h)
	h.Begin()
	a, b := make1(t, h, 1), make1(t, h, 2)
	h.End()
	commit(t, h) // logs the series
	logged, goOn := make(chan struct{}), make(chan struct{})
	var writes atomic.Int64
	h.SetWriteNotified(notifier(func() {
		if writes.Add(1) == 1 {
			close(logged)
			<-goOn
		}
	}))
	var beside sync.WaitGroup
	beside.Go(func() { commit(t, h, Sample{ID: a, T: coreRange / 2, V: 1}) })
	<-logged
	commit(t, h, Sample{ID: b, T: 2*coreRange + 7, V: 1}, Sample{ID: b, T: 5 * coreRange, V: 1})
	type due struct {
		mint, maxt int64
		ok         bool
	}
	got := make(chan due)
	beside.Go(func() {
		mint, maxt, ok := h.FreezeDue()
		got <- due{mint, maxt, ok}
	})
	for deadline := time.Now().Add(time.Minute); h.minValid.Load() != 3*coreRange; {
		if time.Now().After(deadline) {
			t.Fatal("nothing is frozen")
		}
	}
	close(goOn)
	if d, want := <-got, (due{coreRange / 2, coreRange, true}); d != want {
		t.Errorf("%+v is due, want %+v", d, want)
	}
	beside.Wait()
}
