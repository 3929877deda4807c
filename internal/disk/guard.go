// Package disk is what the stores of samples and of log records ask of the disk
// below them: how much room there is, and to have it written.
package disk

import (
	"sync"
	"time"
)

// Guard says when the disk is so full that a log may soon not be written. Stopping
// before that keeps the log whole. It is safe for concurrent use.
type Guard struct {
	Dir string
	// Min is how many bytes are to stay free, with a hundredth of the disk if that
	// is more; 0 means that nothing is.
	Min uint64
	// Free tells how much room there is; nil is Free.
	Free func(dir string) (free, size uint64, err error)
	// Refuse makes the error of a disk that is too full.
	Refuse func(free, want uint64) error

	mu   sync.Mutex
	next time.Time // of the following look
	last error
}

// look is how old the last look at the disk may be.
const look = time.Second

// margin is the part of what is to stay free by which more must be free before a disk that was too full
// is taken for one with room: else what comes in then, or a log that is cut, turns it to
// and fro each second, and with it whoever asks whether the daemon is ready.
const margin = 1. / 16

// Check returns an error while the disk is too full, looking at most once per second.
func (g *Guard) Check(now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Before(g.next) && now.After(g.next.Add(-2*look)) {
		return g.last
	}
	refused := g.last != nil
	g.next, g.last = now.Add(look), nil
	free, want, ok := g.Room()
	if refused {
		want += uint64(margin * float64(want))
	}
	if ok && free < want {
		g.last = g.Refuse(free, want)
	}
	return g.last
}

// Room returns how much is free and how much is to stay so; false when nothing is
// to, or the file system does not tell, as not every one does: then the first write
// that fails does.
func (g *Guard) Room() (free, want uint64, ok bool) {
	if g.Min == 0 {
		return 0, 0, false
	}
	ask := g.Free
	if ask == nil {
		ask = Free
	}
	free, size, err := ask(g.Dir)
	return free, max(g.Min, size/100), err == nil
}
