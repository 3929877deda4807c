package disk_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tocsinhq/tocsin/internal/disk"
)

func TestGuard_LooksOnceASecondAndRecovers(t *testing.T) {
	free, looks := uint64(50), 0
	g := &disk.Guard{
		Dir: "d", Min: 100,
		Free:   func(string) (uint64, uint64, error) { looks++; return free, 1000, nil },
		Refuse: func(free, want uint64) error { return fmt.Errorf("%d of %d", free, want) },
	}
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	if err := g.Check(at); err == nil || err.Error() != "50 of 100" {
		t.Errorf("full: got %v", err)
	}
	free = 106
	if g.Check(at.Add(time.Second/2)) == nil || looks != 1 {
		t.Errorf("half a second later: want the same word without a look, got %d looks", looks)
	}
	if err := g.Check(at.Add(time.Second)); err != nil || looks != 2 {
		t.Errorf("a second later: got %v, %d looks", err, looks)
	}
	free = 100
	if err := g.Check(at.Add(2 * time.Second)); err != nil {
		t.Errorf("as much as is to stay free: got %v", err)
	}
	free = 99
	if g.Check(at.Add(3*time.Second)) == nil {
		t.Error("less than is to stay free: want it refused")
	}
	free = 105
	if err := g.Check(at.Add(4 * time.Second)); err == nil || err.Error() != "105 of 106" {
		t.Errorf("hardly more than is to stay free, after it was too full: got %v", err)
	}
}

func TestGuard_Room(t *testing.T) {
	fail := errors.New("no such system call")
	for name, tt := range map[string]struct {
		min, size, want uint64
		err             error
		ok              bool
	}{
		"nothing is to stay free":   {0, 1000, 0, nil, false},
		"a hundredth of a big disk": {5, 1000, 10, nil, true},
		"what is asked, if more":    {500, 1000, 500, nil, true},
		"a disk that does not tell": {5, 1000, 10, fail, false},
	} {
		g := &disk.Guard{Min: tt.min, Free: func(string) (uint64, uint64, error) { return 7, tt.size, tt.err }}
		if _, want, ok := g.Room(); want != tt.want || ok != tt.ok {
			t.Errorf("%s: got %d, %v; want %d, %v", name, want, ok, tt.want, tt.ok)
		}
	}
	g := &disk.Guard{Dir: t.TempDir(), Min: 1}
	if free, _, ok := g.Room(); ok && free == 0 {
		t.Error("the real disk has no room at all")
	}
}

// TestRounds_EachGetsASyncThatBeganLater: those who come while one is under way share
// the next, and nobody is content with one that began before.
func TestRounds_EachGetsASyncThatBeganLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r disk.Rounds
		var begun atomic.Int64
		release := make(chan struct{})
		slow := func() error {
			if begun.Add(1) == 1 {
				<-release
			}
			return errors.New("disk is gone")
		}
		var all sync.WaitGroup
		wait := func() {
			before := begun.Load()
			if err := r.Wait(slow); err == nil {
				t.Error("the error of the sync is lost")
			}
			if begun.Load() == before {
				t.Error("no sync began after the call")
			}
		}
		all.Go(wait)
		synctest.Wait() // it is under way
		const more = 9
		for range more {
			all.Go(wait)
		}
		synctest.Wait() // all of them have come
		close(release)
		all.Wait()
		if n := begun.Load(); n != 2 {
			t.Errorf("%d syncs for one request and %d that came during its sync, want 2", n, more)
		}
	})
}
