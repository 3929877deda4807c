package head

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/wlog"

	"github.com/tocsinhq/tocsin/internal/labeltext"
)

// walDir is the log's folder in that of the head.
const walDir = "wal"

// journal is the log of a head, in the form that Prometheus writes and reads: what
// forwards samples to other stores and what repairs logs know it. All methods are safe
// for concurrent use.
//
// No record speaks of a series before the one that has its labels. The log holds
// labels of series that were made by one request when another one writes samples of
// them first: created comes before anybody can know the series, and whoever writes
// while there are series that are not logged waits until they are, or logs them.
type journal struct {
	o        Options
	wl       *wlog.WL
	encoders sync.Pool
	notified atomic.Pointer[wlog.WriteNotified]
	failed   atomic.Pointer[error] // of the first write that failed

	described *descriptions

	// logging is held while series are logged, so that whoever finds unlogged set can
	// wait for that. mu is held for moments only, since series are made under the lock
	// of the index.
	logging  sync.Mutex
	spare    *encoder
	unlogged atomic.Bool
	mu       sync.Mutex
	made     *encoder // records of series that are not logged

	cutting sync.Mutex // held while the log is cut
	closing atomic.Bool
	gone    goneSeries
}

// openJournal opens the log for writing in a new segment. What is there must have
// been replayed before.
func openJournal(o Options) (*journal, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	dir := filepath.Join(o.Dir, walDir)
	wl, err := wlog.NewSize(o.Logger, o.Registerer, dir, o.SegmentSize, o.Compression)
	if err != nil {
		return nil, fmt.Errorf("open the log %s: %w", dir, err)
	}
	writes := labeltext.Kept()
	return &journal{
		o: o, wl: wl, described: new(descriptions), encoders: sync.Pool{New: func() any { return new(encoder) }},
		made: &encoder{writes: writes}, spare: &encoder{writes: writes},
	}, nil
}

// resume takes over from a replay what need not be logged again. It comes before the
// first write.
func (j *journal) resume(s replayStats) { j.described = s.described }

// created notes a series that is to be logged before anything else is. It must be
// called before anybody else can find the series.
func (j *journal) created(ref chunks.HeadSeriesRef, ls labels.Labels) {
	j.mu.Lock()
	j.made.series(ref, ls)
	if !j.unlogged.Load() {
		j.unlogged.Store(true)
	}
	j.mu.Unlock()
}

// write logs a transaction, with all series made so far before it. After an error
// nothing can be written: a reader would not find what is behind it.
func (j *journal) write(tx *Transaction, refs references) error {
	if err := j.failed.Load(); err != nil {
		return *err
	}
	e := j.encoders.Get().(*encoder)
	defer j.encoders.Put(e)
	e.reset()
	e.samples(tx.Samples, refs)
	if len(tx.Exemplars) > 0 {
		e.exemplars(tx.Exemplars, refs)
	}
	fresh := j.described.changed(tx.Metadata, refs)
	if j.unlogged.Load() || len(fresh) > 0 {
		return j.writeAfterSeries(e, fresh)
	}
	return j.log(e.records())
}

// writeAfterSeries logs series and what describes them before all else.
func (j *journal) writeAfterSeries(e *encoder, fresh []description) error {
	j.logging.Lock()
	defer j.logging.Unlock()
	j.mu.Lock()
	made := j.made
	j.made = j.spare
	j.mu.Unlock()
	made.end()
	e.recs = append(e.recs, made.records()...)
	var m encoder
	if len(fresh) > 0 {
		m.metadata(refMetadata(fresh))
		e.recs = append(e.recs, m.records()...)
	}
	if err := j.log(e.records()); err != nil {
		return err
	}
	made.reset()
	j.spare = made
	j.described.logged(fresh)
	j.mu.Lock()
	if j.made.empty() {
		j.unlogged.Store(false)
	}
	j.mu.Unlock()
	return nil
}

func (j *journal) log(recs [][]byte) error {
	if len(recs) == 0 {
		return nil
	}
	if err := j.wl.Log(recs...); err != nil {
		return j.fail(fmt.Errorf("write the log %s: %w", j.wl.Dir(), err))
	}
	if n := j.notified.Load(); n != nil {
		(*n).Notify()
	}
	return nil
}

// fail makes an error that of all writes to come.
func (j *journal) fail(err error) error {
	j.failed.CompareAndSwap(nil, &err)
	return err
}

// setWriteNotified makes n be told of each write from now on; nil tells nobody.
func (j *journal) setWriteNotified(n wlog.WriteNotified) {
	if n == nil {
		j.notified.Store(nil)
		return
	}
	j.notified.Store(&n)
}

// size returns the bytes of the log.
func (j *journal) size() (int64, error) {
	n, err := j.wl.Size()
	if err != nil {
		return 0, fmt.Errorf("size of the log %s: %w", j.wl.Dir(), err)
	}
	return n, nil
}

// close syncs the log and closes it.
func (j *journal) close() error {
	j.closing.Store(true) // which ends a cut under way
	j.cutting.Lock()
	defer j.cutting.Unlock()
	j.fail(errLogClosed)
	if err := j.wl.Close(); err != nil {
		return fmt.Errorf("close the log %s: %w", j.wl.Dir(), err)
	}
	return nil
}
