package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/internal/disk"
	"github.com/tocsinhq/tocsin/internal/labeltext"
	"github.com/tocsinhq/tocsin/store/head"
	"github.com/tocsinhq/tocsin/telemetry"
)

// ErrReadOnly is the kind of every error that says that nothing is accepted
// now: after an error of the log, or while the disk is too full.
var ErrReadOnly = errors.New("store is read-only")

// Observer watches stored samples: the detector. Register, or RegisterHistogram
// when the first sample is a native histogram, is called when a series is first
// met and the slot is remembered; 0 means that the series is never watched. It may
// be called again for the same labels (after the series was away for hours, or
// by two requests at once) and then returns the same slot, unless the observer has
// forgotten the series. Observe and ObserveHistogram are called after the samples are
// in the log, staleness markers included, with times that grow strictly per slot,
// whichever way it was registered; within one request times grow over all slots.
//
// Observe is shown all[from:to] of a request, in this order and each once. It returns
// the index of the first sample whose slot is good no more, to if there is none; the
// series is then registered again and the rest shown from there on. Samples beyond to
// are given so that the memory they need can be asked for; they may come to be shown
// with slot 0, which is to be passed over, as may others. It may change slots.
// ObserveHistogram returns false when the slot is good no more.
//
// After a restart a sender may repeat what an earlier process had observed. Calls for
// different slots come from many goroutines at once; calls for one slot do not overlap.
// The observer must keep neither all nor a histogram, nor call back into the Writer.
type Observer interface {
	Register(l labels.Labels) uint64
	RegisterHistogram(l labels.Labels) uint64
	Observe(all []telemetry.Observation, from, to int) int
	ObserveHistogram(slot uint64, h telemetry.HistogramSample) bool
}

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

type unwatched struct{}

func (unwatched) Register(labels.Labels) uint64 { return 0 }

// Observe passes over all.
func (unwatched) Observe(_ []telemetry.Observation, _, to int) int { return to }

func (unwatched) RegisterHistogram(labels.Labels) uint64                  { return 0 }
func (unwatched) ObserveHistogram(uint64, telemetry.HistogramSample) bool { return true }

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

// observe shows committed samples to the observer, in time order per series, those of
// neighbours at once. A sample that a newer one has overtaken is not shown. room is
// where they are put together.
func (w *Writer) observe(pending []observation, room *[]telemetry.Observation) {
	all := (*room)[:0]
	for i := range pending {
		o := &pending[i]
		all = append(all, telemetry.Observation{Slot: w.cache.at(place(o.Tag)).slot.Load(), T: o.T, V: o.V})
	}
	*room = all
	shown, late := 0, 0
	for from := 0; from < len(pending); {
		m := w.cache.lock(place(pending[from].Tag))
		m.Lock()
		to := from
		for ; to < len(pending) && w.cache.lock(place(pending[to].Tag)) == m; to++ {
			s := w.cache.at(place(pending[to].Tag))
			switch {
			case all[to].Slot == 0:
			case all[to].T <= s.observed:
				all[to].Slot = 0
				late++
			default:
				s.observed = all[to].T
				shown++
			}
		}
		w.show(pending, all, from, to)
		m.Unlock()
		from = to
	}
	w.metrics.observed.Add(shown)
	w.metrics.late.Add(late)
}

// show shows samples of neighbours, from where the observer has forgotten a series
// again. The caller holds their lock.
func (w *Writer) show(pending []observation, all []telemetry.Observation, from, to int) {
	for {
		if from = w.observer.Observe(all, from, to); from >= to {
			return
		}
		s := w.cache.at(place(pending[from].Tag))
		s.slot.Store(w.observer.Register(w.labelsOf(s)))
		all[from].Slot = s.slot.Load()
		if w.observer.Observe(all, from, from+1) == from {
			all[from].Slot = 0 // forgotten at once
		}
		for i := from + 1; i < to; i++ {
			if pending[i].Tag == pending[from].Tag && all[i].Slot != 0 {
				all[i].Slot = all[from].Slot
			}
		}
		if from++; from == to {
			return
		}
	}
}

// showHistogram does for a native histogram what show does for a float.
func (w *Writer) showHistogram(s *series, h telemetry.HistogramSample) {
	if w.observer.ObserveHistogram(s.slot.Load(), h) {
		return
	}
	s.slot.Store(w.observer.RegisterHistogram(w.labelsOf(s)))
	w.observer.ObserveHistogram(s.slot.Load(), h)
}

// labelsOf returns the labels of a series that is in memory, empty if it has gone
// from there. It is slow; the cache keeps no labels because it is hardly ever asked for.
func (w *Writer) labelsOf(s *series) labels.Labels {
	g := w.db.last.Load()
	if s.head != 0 {
		return g.head.Labels(head.ID(s.head))
	}
	index, err := g.base.Head().Index()
	if err != nil {
		return labels.EmptyLabels()
	}
	defer index.Close()
	var b labels.ScratchBuilder
	if err := index.Series(storage.SeriesRef(s.ref), &b, nil); err != nil {
		return labels.EmptyLabels()
	}
	return b.Labels()
}

// inTimeOrder sorts samples of several times by time, so that series which are
// watched together, as the buckets of a histogram are, are shown together.
func inTimeOrder(pending []observation) {
	slices.SortStableFunc(pending, func(a, b observation) int { return compare(a.T, b.T) })
}

// histogramObservation is a stored native histogram on its way to the observer.
type histogramObservation struct {
	place  place
	sample telemetry.HistogramSample
}

// observeHistograms does for native histograms what observe does for floats.
func (w *Writer) observeHistograms(pending []histogramObservation) {
	shown, late := 0, 0
	for _, o := range pending {
		s := w.cache.at(o.place)
		if s.slot.Load() == 0 {
			continue
		}
		m := w.cache.lock(o.place)
		m.Lock()
		if o.sample.T <= s.observed {
			late++
		} else {
			s.observed = o.sample.T
			w.showHistogram(s, o.sample)
			shown++
		}
		m.Unlock()
	}
	w.metrics.observed.Add(shown)
	w.metrics.late.Add(late)
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
