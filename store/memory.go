package store

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Shares of the memory limit from which on less is accepted.
const (
	memorySoft = 0.85 // no new series
	memoryHard = 0.95 // nothing
	// memoryDoubt is how much may have been allocated since the last collection
	// before another is made to see what of it is in use.
	memoryDoubt = 0.1
)

// Times and counts between two looks at the memory.
const (
	memoryLook        = 250 * time.Millisecond
	memoryLookCreated = 2048 // new series
)

// memoryUse is what the process has in use, in bytes.
type memoryUse struct {
	live  uint64 // found in use by the last collection, and what is no heap
	taken uint64 // live, and all that was allocated since
}

// memoryGuard says when so much memory is in use that the system may soon end the
// process. Only what a collection found in use counts: garbage is no reason to
// refuse anything. New series are counted with what they will have come to when they
// are hours old, three times of what they take at first: else a burst of them fills
// memory by growing up, and nothing is accepted any more. It is safe for concurrent use.
type memoryGuard struct {
	limit   uint64 // 0 is none
	use     func() memoryUse
	toCome  func() uint64 // bytes that series in memory are going to take yet
	collect func()

	live    atomic.Uint64
	coming  atomic.Uint64
	created atomic.Uint32
	mu      sync.Mutex
}

// newMemoryGuard returns a guard of the configured limit, or without one of that of
// the process, which the program takes from the container or the machine.
func newMemoryGuard(configured int64, toCome func() uint64) *memoryGuard {
	g := &memoryGuard{limit: uint64(configured), use: readMemory(), toCome: toCome, collect: runtime.GC}
	if configured == 0 {
		if l := debug.SetMemoryLimit(-1); l < math.MaxInt64 {
			g.limit = uint64(l)
		}
	}
	return g
}

// look finds out what is in use now. If much was allocated since the last
// collection, so that it may be either garbage or new series, it collects.
func (g *memoryGuard) look() {
	if g.limit == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	u, coming := g.use(), g.toCome()
	if u.taken+coming >= g.part(memorySoft) && u.live+coming < g.part(memorySoft) && u.taken-u.live > g.part(memoryDoubt) {
		g.collect()
		u = g.use()
	}
	g.live.Store(u.live)
	g.coming.Store(coming)
}

func (g *memoryGuard) part(share float64) uint64 { return uint64(share * float64(g.limit)) }

// full returns an error while nothing is accepted.
func (g *memoryGuard) full() error {
	if live := g.live.Load(); g.limit > 0 && live >= g.part(memoryHard) {
		return fmt.Errorf("%w: %s of memory are in use, want at most %s of the limit of %s; come again when queries and other work have ended, or give it more (storage.limits.memory, or the limit of the container)",
			ErrReadOnly, humanize.IBytes(live), humanize.IBytes(g.part(memoryHard)), humanize.IBytes(g.limit))
	}
	return nil
}

// mayCreate returns a fault while no new series is to be made. It looks itself now
// and then, so that a flood of new series is noticed at once.
func (g *memoryGuard) mayCreate() *fault {
	if g.limit == 0 {
		return nil
	}
	if g.created.Add(1)%memoryLookCreated == 0 {
		g.look()
	}
	live, coming := g.live.Load(), g.coming.Load()
	if live+coming < g.part(memorySoft) {
		return nil
	}
	more := ""
	if coming > 0 {
		more = fmt.Sprintf(" and young series will take %s more", humanize.IBytes(coming))
	}
	return &fault{telemetry.ReasonMemoryLimit,
		fmt.Sprintf("%s of memory are in use%s, no series is made above %s of the limit of %s; existing series are unaffected",
			humanize.IBytes(live), more, humanize.IBytes(g.part(memorySoft)), humanize.IBytes(g.limit))}
}

// readMemory returns a func that asks the runtime.
func readMemory() func() memoryUse {
	const (
		live = iota
		objects
		total
		released
		free
		unused
		samples
	)
	names := [samples]string{
		live: "/gc/heap/live:bytes", objects: "/memory/classes/heap/objects:bytes",
		total: "/memory/classes/total:bytes", released: "/memory/classes/heap/released:bytes",
		free: "/memory/classes/heap/free:bytes", unused: "/memory/classes/heap/unused:bytes",
	}
	return func() memoryUse {
		var s [samples]metrics.Sample
		for i, name := range names {
			s[i].Name = name
		}
		metrics.Read(s[:])
		at := func(i int) uint64 { return s[i].Value.Uint64() }
		// Stacks, and what the runtime itself needs.
		other := at(total) - at(released) - at(free) - at(unused) - at(objects)
		return memoryUse{live: at(live) + other, taken: max(at(objects), at(live)) + other}
	}
}
