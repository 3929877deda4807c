package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// DB is the sample store. It stands between the TSDB and all who use it, so that
// the TSDB can be closed and opened again under them (see Writer.Reopen). While that goes
// on, and after Close, everything that needs samples fails with an ErrReadOnly.
//
// What is read from a Querier stays valid until that Querier is closed; an appender
// is held until its Commit or Rollback. Both must come to an end, or Writer.Reopen
// and Close wait for ever. All methods are safe for concurrent use.
type DB struct {
	o    TSDBOptions
	last atomic.Pointer[tsdb.DB] // the newest one, perhaps closed; for figures

	mu      sync.Mutex
	current *generation // nil while none is open
	number  int         // of generations opened so far
	closed  bool
	reason  error // why none is open

	opening  sync.Mutex // over reopen and Close
	notified wlog.WriteNotified
	damages  damageLog
	sources  *sources
}

// generation is one opening of the TSDB and its users.
type generation struct {
	db     *tsdb.DB
	number int
	parts  *embedded
	failed atomic.Pointer[logFailure] // not nil: nothing more is acknowledged in it
	synced syncState
	users  int           // guarded by DB.mu
	idle   chan struct{} // not nil once it is to be closed; closed when the last user has gone
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

// reopen closes the TSDB, once its present users are done, and opens it again, by
// which its log is read anew and what is damaged in it is repaired. before is called
// before users are let in. If it cannot be opened the store stays without one;
// reopen may be called again.
func (d *DB) reopen(ctx context.Context, before func()) error {
	d.opening.Lock()
	defer d.opening.Unlock()
	d.mu.Lock()
	closed := d.closed
	d.mu.Unlock()
	if closed {
		return errClosed
	}
	g, err := d.retire(ctx, fmt.Errorf("%w: it is being opened again after an error of its log", ErrReadOnly))
	if err != nil {
		return fmt.Errorf("open sample store again: %w", err)
	}
	if g != nil {
		// The log that failed cannot be closed in order; reading it again tells
		// what is whole in it.
		if err := g.db.Close(); err != nil {
			d.o.Logger.Warn("sample store was closed after an error of its log", "err", err)
		}
	}
	return d.open(before)
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

// open opens the TSDB, calls before and lets users in.
func (d *DB) open(before func()) error {
	db, parts, damage, err := openRepaired(d.o, d.sources)
	d.damages.note(d.o, damage)
	if err != nil {
		return fmt.Errorf("open sample store %q: %w", d.o.Dir, err)
	}
	d.last.Store(db)
	if d.notified != nil {
		db.SetWriteNotified(d.notified)
	}
	before()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.number++
	d.current, d.reason = &generation{db: db, number: d.number, parts: parts}, nil
	return nil
}

// Close waits for the users of the TSDB and closes it. It is called once at the
// end; a second call does nothing.
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
	return g.db.Close()
}

// Dir returns the folder of the TSDB.
func (d *DB) Dir() string { return d.o.Dir }

// Head returns the part in memory, for its figures and its index. While the store
// is being opened again it is that of before. Chunks are to be read through a
// Querier only, which keeps them mapped.
func (d *DB) Head() *tsdb.Head { return d.last.Load().Head() }

// Blocks returns the blocks on disk, for their figures; see Head.
func (d *DB) Blocks() []*tsdb.Block { return d.last.Load().Blocks() }

// StartTime returns the time of the oldest sample in milliseconds.
func (d *DB) StartTime() (int64, error) { return d.last.Load().StartTime() }

// SetWriteNotified makes n be told of each write of the log, in this opening of the
// TSDB and all that follow.
func (d *DB) SetWriteNotified(n wlog.WriteNotified) {
	d.opening.Lock()
	defer d.opening.Unlock()
	d.notified = n
	d.last.Load().SetWriteNotified(n)
}

// Generation counts the openings of the TSDB. References of series are good within
// one of them only.
func (d *DB) Generation() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.number
}

// View calls f with the open TSDB, which stays open until f returns. f must not
// keep it.
func (d *DB) View(f func(db *tsdb.DB) error) error {
	g, err := d.acquire()
	if err != nil {
		return err
	}
	defer d.release(g)
	return f(g.db)
}

// Querier returns a querier of the samples from mint to maxt, in milliseconds.
func (d *DB) Querier(mint, maxt int64) (storage.Querier, error) {
	g, err := d.acquire()
	if err != nil {
		return nil, err
	}
	q, err := g.db.Querier(mint, maxt)
	if err != nil {
		d.release(g)
		return nil, err
	}
	return &heldQuerier{Querier: q, held: held{d: d, g: g}}, nil
}

// ChunkQuerier is Querier for who wants the samples as chunks.
func (d *DB) ChunkQuerier(mint, maxt int64) (storage.ChunkQuerier, error) {
	g, err := d.acquire()
	if err != nil {
		return nil, err
	}
	q, err := g.db.ChunkQuerier(mint, maxt)
	if err != nil {
		d.release(g)
		return nil, err
	}
	return &heldChunkQuerier{ChunkQuerier: q, held: held{d: d, g: g}}, nil
}

// ExemplarQuerier returns a querier of exemplars, which needs no closing: each
// question goes to the TSDB that is open by then. It never fails.
func (d *DB) ExemplarQuerier(ctx context.Context) (storage.ExemplarQuerier, error) {
	return exemplars{ctx, d}, nil
}

type exemplars struct {
	ctx context.Context
	d   *DB
}

// Select returns the exemplars of series that match.
func (e exemplars) Select(start, end int64, matchers ...[]*labels.Matcher) (out []exemplar.QueryResult, err error) {
	err = e.d.View(func(db *tsdb.DB) error {
		q, err := db.ExemplarQuerier(e.ctx)
		if err != nil {
			return err
		}
		out, err = q.Select(start, end, matchers...)
		return err
	})
	return out, err
}

// ValidateExemplar judges an exemplar beside those that are there, which are in
// memory.
func (e exemplars) ValidateExemplar(l labels.Labels, x exemplar.Exemplar) error {
	q, err := e.d.last.Load().ExemplarQuerier(e.ctx)
	if err != nil {
		return err
	}
	if c, ok := q.(exemplarChecker); ok {
		return c.ValidateExemplar(l, x)
	}
	return nil
}

// AppenderV2 returns an appender past the checks and the observer of a Writer. It
// must end in Commit or Rollback. While no TSDB is open each of its calls fails.
func (d *DB) AppenderV2(ctx context.Context) storage.AppenderV2 {
	g, err := d.acquire()
	if err != nil {
		return noAppender{err}
	}
	return &heldAppenderV2{AppenderV2: g.db.AppenderV2(ctx), held: held{d: d, g: g}}
}

// Describe describes nothing: which metrics there are depends on the TSDB.
func (d *DB) Describe(chan<- *prometheus.Desc) {}

// Collect collects the metrics of the TSDB that is open.
func (d *DB) Collect(ch chan<- prometheus.Metric) {
	d.mu.Lock()
	g := d.current
	d.mu.Unlock()
	if g != nil {
		g.parts.registry.Collect(ch)
	}
}
