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
	free, want, ok := g.room()
	if !ok || free >= want {
		return nil
	}
	return fmt.Errorf("%w: disk of %q has %s free, want at least %s; nothing is accepted until there is room",
		ErrReadOnly, g.dir, humanize.IBytes(free), humanize.IBytes(want))
}

// room returns how much is free and how much is to stay so; false when nothing is
// to, or the file system does not tell, as not every one does.
func (g *diskGuard) room() (free, want uint64, ok bool) {
	if g.min == 0 {
		return 0, 0, false
	}
	free, size, err := g.free(g.dir)
	return free, max(g.min, size/100), err == nil
}

// RoomFor returns an error when a file of n bytes beside the samples would leave so
// little room on the disk that no samples could be accepted.
func (w *Writer) RoomFor(n int64) error {
	free, want, ok := w.disk.room()
	if !ok || free >= want+uint64(n) {
		return nil
	}
	return fmt.Errorf("disk of %q has %s free, want %s for the file and %s to stay free",
		w.disk.dir, humanize.IBytes(free), humanize.IBytes(uint64(n)), humanize.IBytes(want))
}
