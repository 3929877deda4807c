package store

import (
	"fmt"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
)

// diskGuard says when the disk is so full that the log may soon not be
// written. Stopping before that keeps the log whole.
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
	g.next = now.Add(diskLook)
	g.last = g.look()
	return g.last
}

func (g *diskGuard) look() error {
	if g.min == 0 {
		return nil
	}
	free, size, err := g.free(g.dir)
	if err != nil {
		return nil // not every file system can tell; the log's own errors still count
	}
	if want := max(g.min, size/100); free < want {
		return fmt.Errorf("%w: disk of %q has %s free, want at least %s; nothing is accepted until there is room",
			ErrReadOnly, g.dir, humanize.IBytes(free), humanize.IBytes(want))
	}
	return nil
}
