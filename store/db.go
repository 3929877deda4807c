package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// DB is the sample store. It has two parts: the head, which holds floats that come in
// order until they go into a block, and the base, an embedded TSDB with the blocks,
// which takes late floats and native histograms. It stands between them and all who
// use them, so that they can be closed and opened again under them (see
// Writer.Reopen). While that goes on, and after Close, everything that needs samples
// fails with an ErrReadOnly.
//
// What is read from a Querier stays valid until that Querier is closed; an appender
// is held until its Commit or Rollback. Both must come to an end, or Writer.Reopen
// and Close wait for ever. All methods are safe for concurrent use.
type DB struct {
	o         TSDBOptions
	last      atomic.Pointer[generation] // the newest one, perhaps closed; for figures
	youth     baseYouth                  // of series of the base, over all openings
	own       *prometheus.Registry       // metrics that outlive an opening
	exemplars tsdb.ExemplarStorage

	mu      sync.Mutex
	current *generation // nil while none is open
	number  int         // of generations opened so far
	closed  bool
	reason  error       // why none is open
	rewrite *generation // closed, with logs to be written anew before the next opening; guarded by opening
	dropped []func(idSet)

	opening  sync.Mutex // over reopen and Close
	notified wlog.WriteNotified
	damages  damageLog
	sources  *sources
}

var errClosed = fmt.Errorf("%w: it is closed", ErrReadOnly)

// acquire keeps the TSDB open until release is called with what it returns.
func (d *DB) acquire() (*generation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		return nil, d.reason
	}
	d.current.users++
	return d.current, nil
}

func (d *DB) release(g *generation) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g.users--
	if g.users == 0 && g.idle != nil {
		close(g.idle)
	}
}

// retire lets nobody new in and waits until the last user has gone. It returns nil
// if no TSDB is open. When ctx ends first, the TSDB stays open and users are let in
// again.
func (d *DB) retire(ctx context.Context, reason error) (*generation, error) {
	d.mu.Lock()
	g := d.current
	d.current, d.reason = nil, reason
	if g == nil {
		d.mu.Unlock()
		return nil, nil
	}
	g.parts.cancel() // whoever waits for a compaction is a user
	g.idle = make(chan struct{})
	if g.users == 0 {
		close(g.idle)
	}
	idle := g.idle
	d.mu.Unlock()
	select {
	case <-idle:
		return g, nil
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-idle: // just now
		return g, nil
	default:
	}
	g.idle = nil
	d.current = g
	return nil, fmt.Errorf("reads or writes of the sample store are still under way: %w", ctx.Err())
}

// failed reports whether the store must be opened again before it accepts samples.
func (d *DB) failed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.closed && (d.current == nil || d.current.failed.Load() != nil)
}

// Readable returns nil while samples can be read, else an ErrReadOnly that says why
// not. They can while nothing is accepted because the disk is full.
func (d *DB) Readable() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		return d.reason
	}
	return nil
}

// accepting returns nil while the log is whole, or the ErrReadOnly that says why
// nothing is accepted.
func (d *DB) accepting() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		return d.reason
	}
	if f := d.current.failed.Load(); f != nil {
		return f.err
	}
	return nil
}

// Close waits for the users of the TSDB, writes an image of the head and closes it. It is
// called once at the end; a second call does nothing.
func (d *DB) Close() error {
	d.opening.Lock()
	defer d.opening.Unlock()
	d.mu.Lock()
	done := d.closed
	d.closed = true
	d.mu.Unlock()
	if done {
		return nil
	}
	g, err := d.retire(context.Background(), errClosed)
	if g == nil {
		return err
	}
	if g.failed.Load() == nil {
		d.image(g)
	}
	return g.close()
}

// Dir returns the folder of the TSDB.
func (d *DB) Dir() string { return d.o.Dir }

// Blocks returns the blocks on disk, for their figures. While the store is being
// opened again they are those of before.
func (d *DB) Blocks() []*tsdb.Block { return d.last.Load().base.Blocks() }

// StartTime returns the time of the oldest sample in milliseconds.
func (d *DB) StartTime() (int64, error) {
	g := d.last.Load()
	if len(g.base.Blocks()) == 0 {
		return g.minTime(), nil
	}
	t, err := g.base.StartTime()
	return min(t, g.minTime()), err
}

// SetWriteNotified makes n be told of each write of the logs, in this opening of the
// store and all that follow.
func (d *DB) SetWriteNotified(n wlog.WriteNotified) {
	d.opening.Lock()
	defer d.opening.Unlock()
	d.notified = n
	g := d.last.Load()
	g.base.SetWriteNotified(n)
	g.head.SetWriteNotified(n)
}

// LogDirs returns the folders in which the logs of the two parts are, each in wal/:
// that of the base and that of the head.
func (d *DB) LogDirs() (base, head string) { return d.o.Dir, filepath.Join(d.o.Dir, headDir) }

// Generation counts the openings of the TSDB. References of series are good within
// one of them only.
func (d *DB) Generation() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.number
}

// View calls f with the base, which stays open until f returns. f must not keep it.
// Floats that came in order are not in it before they are in a block.
func (d *DB) View(f func(base *tsdb.DB) error) error {
	g, err := d.acquire()
	if err != nil {
		return err
	}
	defer d.release(g)
	return f(g.base)
}

// AppenderV2 returns an appender past the head, the checks and the observer of a
// Writer: for who fills a store with the past. It must end in Commit or Rollback. While
// no store is open each of its calls fails.
func (d *DB) AppenderV2(ctx context.Context) storage.AppenderV2 {
	g, err := d.acquire()
	if err != nil {
		return noAppender{err}
	}
	epoch := g.appenders.enter() // before the appender learns what the base takes in order
	return &heldAppenderV2{AppenderV2: g.baseAppender(ctx), held: held{d: d, g: g}, epoch: epoch}
}

// Describe describes nothing: which metrics there are depends on the TSDB.
func (d *DB) Describe(chan<- *prometheus.Desc) {}

// Collect collects the metrics of the TSDB that is open.
func (d *DB) Collect(ch chan<- prometheus.Metric) {
	d.mu.Lock()
	g := d.current
	d.mu.Unlock()
	d.own.Collect(ch)
	if g != nil {
		g.parts.registry.Collect(ch)
		g.logs.Collect(ch)
	}
}
