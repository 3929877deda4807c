package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/internal/disk"
	"github.com/tocsinhq/tocsin/internal/labeltext"
	"github.com/tocsinhq/tocsin/telemetry"
)

// ErrReadOnly is the kind of every error that says that nothing is accepted
// now: after an error of the log, or while the disk is too full.
var ErrReadOnly = errors.New("store is read-only")

// WriterOptions are what a Writer is made of.
type WriterOptions struct {
	DB       *DB
	Observer Observer // nil watches nothing
	// ToCome tells how many bytes the observer is going to take yet for the series that it
	// watches, for the limit of memory; nil: none.
	ToCome    func() int64
	Config    Config // see Config.Validate; OutOfOrderWindow must be the DB's
	Now       func() time.Time
	Metrics   *metrics.Set
	Logger    *slog.Logger
	Catalogue *Catalogue // nil keeps no metadata
	// DiskFree tells free bytes and size of the disk of a folder; nil asks the system.
	DiskFree func(dir string) (free, size uint64, err error)
}

// Writer puts samples into the store and shows them to the observer. It is safe
// for concurrent use; requests may carry the same series.
type Writer struct {
	db        *DB
	observer  Observer
	limits    Limits
	window    int64 // of out-of-order samples, in ms
	now       func() time.Time
	log       *slog.Logger
	metrics   *writerMetrics
	hasher    hasher
	writes    bool // labels may be written as text; see labeltext.Kept
	cache     *cache
	catalogue *Catalogue
	exemplars tsdb.ExemplarStorage // nil if none are kept
	disk      *disk.Guard
	memory    *memoryGuard
	fsync     bool // before each answer
	syncs     disk.Rounds
	toDisk    func(path string) (size int64, err error) // syncs a file
	onSync    func(path string, size int64)             // told what is on the disk now; nil: nobody asks
	unsynced  atomic.Bool                               // something was committed since the last sync
	requests  sync.Pool                                 // of *request
}

// NewWriter returns a writer on an open DB. It starts nothing; see Run.
func NewWriter(o WriterOptions) *Writer {
	w := &Writer{
		db:        o.DB,
		observer:  o.Observer,
		limits:    o.Config.Limits,
		window:    time.Duration(o.Config.OutOfOrderWindow).Milliseconds(),
		now:       o.Now,
		log:       o.Logger,
		hasher:    newHasher(),
		writes:    labeltext.Kept(),
		cache:     newCache(),
		catalogue: o.Catalogue,
		disk:      &disk.Guard{Dir: o.DB.Dir(), Min: uint64(o.Config.MinFreeDisk), Free: o.DiskFree, Refuse: refuseDisk(o.DB.Dir())},
		toDisk:    syncFile,
		fsync:     o.Config.Durability == DurabilityFsync,
	}
	w.memory = newMemoryGuard(int64(o.Config.Limits.Memory), func() uint64 {
		n := o.DB.samplesToCome()
		if o.ToCome != nil {
			n += o.ToCome()
		}
		return uint64(max(0, n))
	})
	if w.observer == nil {
		w.observer = unwatched{}
	}
	if o.Config.MaxExemplars > 0 {
		w.exemplars = o.DB.exemplars
	}
	o.DB.onDropped(w.forgetDropped)
	w.metrics = newWriterMetrics(o.Metrics, w)
	return w
}

// Healthy returns nil while samples are accepted, or an ErrReadOnly that says
// why not and what to do.
func (w *Writer) Healthy() error {
	if err := w.db.accepting(); err != nil {
		return err
	}
	if err := w.disk.Check(w.now()); err != nil {
		return err
	}
	return w.memory.full()
}

// Write stores what is good in the batch and says what was refused and why.
// When it returns without an error the stored samples are in the log and were
// shown to the observer. Samples of one series are put in time order in the
// batch itself. An exact duplicate of a stored sample counts as stored. A
// staleness marker for a series that is not known makes no series and counts
// as neither stored nor refused. Exemplars that cannot be kept are dropped and
// counted without refusing their sample. Metadata go to the catalogue.
//
// An error means that nothing of the batch is acknowledged: the store is
// read-only (ErrReadOnly), closing, or ctx has ended before the start.
func (w *Writer) Write(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
	if err := ctx.Err(); err != nil {
		return telemetry.WriteResult{}, err
	}
	now := w.now()
	if err := w.Healthy(); err != nil {
		return telemetry.WriteResult{}, err
	}
	r, err := w.begin(ctx, now)
	if err != nil {
		return telemetry.WriteResult{}, err
	}
	defer w.end(r)
	r.source = b.Source
	for from := 0; from < len(b.Series); from += findAhead {
		to := min(from+findAhead, len(b.Series))
		r.find(b.Series[from:to])
		for i := from; i < to; i++ {
			if i += r.quickly(b.Series[i:to], r.found[i-from:]); i == to {
				break
			}
			if err := r.write(i, &b.Series[i], &r.found[i-from]); err != nil {
				return telemetry.WriteResult{}, w.abort(r, err)
			}
		}
	}
	if err := r.writeExemplars(); err != nil {
		return telemetry.WriteResult{}, w.abort(r, err)
	}
	if err := r.commit(); err != nil {
		return telemetry.WriteResult{}, err
	}
	r.rejectOvertaken(b)
	w.observe(r.observations(r.runs), &r.shown)
	w.observeHistograms(r.histograms)
	if w.catalogue != nil {
		w.catalogue.Note(b, now)
	}
	w.metrics.requests.Inc()
	w.metrics.samples.Add(r.result.Stored)
	w.metrics.exemplars.Add(r.result.Exemplars)
	w.metrics.ignored.Add(r.ignored)
	for reason, n := range r.result.Refused {
		w.metrics.refused(reason, n)
	}
	return r.result, nil
}

// abort gives up a request after an error that is not about one sample.
func (w *Writer) abort(r *request, err error) error {
	if rollback := r.rollback(); rollback != nil {
		return w.fail(r.g, fmt.Errorf("append: %w; roll back: %w", err, rollback))
	}
	return fmt.Errorf("append: %w", err)
}

// forget undoes what a transaction that is given up had noted as newest, so
// that the parts of the store are asked at the next sample.
func (w *Writer) forget(pending []observation) {
	for _, o := range pending {
		w.forgetAt(place(o.Tag), o.T)
	}
}

// forgetAt is forget for one sample.
func (w *Writer) forgetAt(p place, t int64) {
	m := w.cache.lock(p)
	m.Lock()
	defer m.Unlock()
	if s := w.cache.at(p); s.newest == t {
		s.newest = never
	}
}
