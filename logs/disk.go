package logs

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
)

// diskGuard says when the disk is so full that the log may soon not be written.
// Stopping before that keeps it whole, and leaves room to seal what is in it.
type diskGuard struct {
	dir  string
	min  uint64
	free func(dir string) (free, size uint64, err error)

	mu   sync.Mutex
	next time.Time // of the following look
	last error
}

// diskLook is how old the last look at the disk may be.
const diskLook = time.Second

// check returns an error while the disk is too full, looking at most once per second.
func (g *diskGuard) check(now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.next) && now.After(g.next.Add(-2*diskLook)) {
		return g.last
	}
	g.next, g.last = now.Add(diskLook), nil
	if g.min == 0 {
		return nil
	}
	free, size, err := g.free(g.dir)
	// Not every file system tells; then the first write that fails does.
	if want := max(g.min, size/100); err == nil && free < want {
		g.last = fmt.Errorf("%w: disk of %q has %s free, want at least %s (logs.min_free_disk); nothing is accepted until there is room",
			ErrReadOnly, g.dir, humanize.IBytes(free), humanize.IBytes(want))
	}
	return g.last
}

// syncDir brings the names in a folder to the disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder %q: %w", dir, err)
	}
	return nil
}

// syncRounds lets many requests share one sync: those that come while one is under
// way wait for the next, which begins when it has ended.
type syncRounds struct {
	mu      sync.Mutex
	next    *syncRound
	running sync.Mutex
}

type syncRound struct {
	done chan struct{}
	err  error
}

// wait returns after a sync that began after it was called.
func (s *syncRounds) wait(sync func() error) error {
	s.mu.Lock()
	r := s.next
	leads := r == nil
	if leads {
		r = &syncRound{done: make(chan struct{})}
		s.next = r
	}
	s.mu.Unlock()
	if leads {
		s.running.Lock()
		s.mu.Lock()
		s.next = nil
		s.mu.Unlock()
		r.err = sync()
		s.running.Unlock()
		close(r.done)
	}
	<-r.done
	return r.err
}
