package head

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/wlog"
)

// Head is open until Close. All methods are safe for concurrent use.
type Head struct {
	o          Options
	floats     *floats     // records and chunks
	index      *index      // labels
	files      *chunkFiles // nil if read-only and there is no image
	log        *journal    // nil if read-only
	replay     replayStats // of the log at Open
	readers    *readers
	registered []prometheus.Collector
	overtaken  atomic.Int64 // samples of the log that stand behind newer ones
	appended   atomic.Int64 // samples that were committed
	images     images
	imaged     []int64 // while the log is replayed: newest samples of the image, by ID

	// commits is held shared from Begin to End and alone while series are dropped, so
	// that whoever has begun may use the IDs it holds until it ends.
	commits    sync.RWMutex
	truncating sync.Mutex
	highest    atomic.Uint64 // reference that was given to a series

	minTime  atomic.Int64
	maxTime  atomic.Int64
	minValid atomic.Int64 // what is older is or will be in a block
	// lowest is the time of the oldest sample that was stored since Truncate last set
	// about to find the oldest.
	lowest atomic.Int64
}

// Open opens a Head from its image, if there is one, and replays its log, during which
// it does not return. A damaged log is an error that has a *wlog.CorruptionErr, and
// a wrong note of what is in blocks one that has a *NoteError.
func Open(o Options) (*Head, error) {
	h := &Head{o: o}
	h.minTime.Store(math.MaxInt64)
	h.maxTime.Store(math.MinInt64)
	h.minValid.Store(math.MinInt64)
	h.lowest.Store(math.MaxInt64)
	if err := h.open(); err != nil {
		return nil, fmt.Errorf("open head %s: %w", o.Dir, errors.Join(err, h.Close()))
	}
	return h, nil
}

func (h *Head) open() (err error) {
	if !h.o.ReadOnly {
		if err := os.MkdirAll(h.o.Dir, 0o777); err != nil {
			return err
		}
	}
	from, err := h.restored()
	if err != nil {
		return err
	}
	h.imaged = from.newest
	highest, stats, err := replaySince(h.o, filling{h}, from)
	h.imaged = nil
	if err != nil {
		return err
	}
	h.replay = stats
	h.highest.Store(max(h.highest.Load(), uint64(highest)))
	h.findTimes()
	if h.o.ReadOnly {
		return nil
	}
	truncated := h.minValid.Load()
	if err := h.believable(truncated, stats.Old); err != nil {
		return err
	}
	if err := h.files.removeOthers(); err != nil {
		return err
	}
	if truncated > math.MinInt64 { // the log still has labels of series that are gone
		h.dropSeries(truncated, nil)
	}
	if h.log, err = openJournal(h.o); err != nil {
		return err
	}
	h.log.resume(stats)
	if err := h.register(); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}

// restored fills the head from an image, and says where the log is to be read from.
func (h *Head) restored() (begun, error) {
	if h.o.ReadOnly {
		return h.restoreShared()
	}
	truncated, err := readTruncated(h.o.Dir)
	if err != nil {
		return begun{}, err
	}
	h.minValid.Store(truncated)
	h.readers = newReaders(truncated)
	return h.restore(truncated)
}

// chunksDir is the folder of full chunks in that of the head.
const chunksDir = "chunks"

// findTimes sets the times of the oldest and the newest sample.
func (h *Head) findTimes() {
	newest := int64(math.MinInt64)
	h.floats.each(func(_ ID, t int64) { newest = max(newest, t) })
	h.maxTime.Store(newest)
	h.minTime.Store(h.floats.trim(math.MinInt64))
}

// filling is a Head that its log is read into.
type filling struct{ *Head }

// series makes a series or finds it. If it has another reference the greater one stays:
// it is the one that newer records have.
func (h filling) series(ref chunks.HeadSeriesRef, ls labels.Labels) ID {
	id, created := h.index.getOrCreate(ls, func() ID { return h.floats.add(ref) })
	if created {
		if h.o.Lifecycle != nil {
			h.o.Lifecycle.PostCreation(ls)
		}
	} else if _, r := h.floats.at(id); r != nil {
		r.ref.Store(max(r.ref.Load(), uint64(ref)))
	}
	return id
}

// samples stores samples.
func (h filling) samples(batch []Sample) { h.floats.appendAll(batch, h.late) }

// late takes a sample that was not stored. In the log one may come behind a newer one of
// its series when two commits were under way at once: both were in order when they were
// stored. One that is not newer than what the image has is there, since the image has all
// that was stored before it.
func (h filling) late(s *Sample) {
	if int(s.ID) < len(h.imaged) && s.T <= h.imaged[s.ID] {
		return
	}
	if at, have, ok := h.floats.newest(s.ID); ok && at == s.T && math.Float64bits(have) == math.Float64bits(s.V) {
		return
	}
	h.overtaken.Add(1)
	if h.o.Overtaken != nil {
		h.o.Overtaken(h.Labels(s.ID), s.T, s.V)
	}
}

func (h filling) exemplar(id ID, e exemplar.Exemplar) {
	if h.o.Exemplar != nil {
		h.o.Exemplar(h.Labels(id), e)
	}
}

// Close closes the log. Readers must be closed before.
func (h *Head) Close() error {
	h.unregister()
	var errs []error
	if h.log != nil {
		errs = append(errs, h.log.close())
	}
	if h.files != nil {
		errs = append(errs, h.files.close())
	}
	return errors.Join(errs...)
}

// Begin keeps series from being dropped until End. A goroutine must not begin twice.
func (h *Head) Begin() { h.commits.RLock() }

// End is called once for each Begin.
func (h *Head) End() { h.commits.RUnlock() }

// Get returns the series of labels, or 0. To be called between Begin and End.
func (h *Head) Get(ls labels.Labels) ID {
	return h.look(h.index.hash(ls), ls)
}

// look is Get for who has the hash.
func (h *Head) look(hash uint32, ls labels.Labels) ID {
	id := h.index.look(hash, ls)
	if id == 0 || h.floats.ref(id) == 0 {
		return 0 // dropped, which the index is about to learn
	}
	return id
}

// ErrFull is the kind of error when there are no more IDs: after four billion series
// in one opening.
var ErrFull = errors.New("no more IDs for series; to be opened again")

// GetOrCreate returns the series of labels, made if need be. A new one is logged with
// the next commit of anybody. To be called between Begin and End. The error is that of
// Lifecycle.PreCreation, or ErrFull.
func (h *Head) GetOrCreate(ls labels.Labels) (id ID, created bool, err error) {
	hash := h.index.hash(ls)
	if id := h.look(hash, ls); id != 0 {
		return id, false, nil
	}
	if h.o.Lifecycle != nil {
		if err := h.o.Lifecycle.PreCreation(ls); err != nil {
			return 0, false, err
		}
	}
	for {
		id, created = h.index.lookOrCreate(hash, ls, func() ID { return h.add(ls) })
		if id == 0 {
			return 0, false, fmt.Errorf("make a series: %w", ErrFull)
		}
		if created {
			break
		}
		if h.floats.ref(id) != 0 {
			return id, false, nil // another was quicker
		}
		h.index.remove([]ID{id}) // dropped, which the index is about to learn
	}
	if h.o.Lifecycle != nil {
		h.o.Lifecycle.PostCreation(ls)
	}
	return id, true, nil
}

// add makes a series. It is called under the lock of the index, so that nobody can find
// the series before the log knows of it.
func (h *Head) add(ls labels.Labels) ID {
	ref := chunks.HeadSeriesRef(h.highest.Add(1))
	id := h.floats.add(ref)
	if id != 0 && h.log != nil {
		h.log.created(ref, ls)
	}
	return id
}

// Labels returns the labels of a series, empty if it has been dropped.
func (h *Head) Labels(id ID) labels.Labels {
	var b labels.ScratchBuilder
	if !h.index.labels(id, &b) {
		return labels.EmptyLabels()
	}
	return b.Labels()
}

// Newest returns time and value of the newest sample, or false when there is none.
func (h *Head) Newest(id ID) (t int64, v float64, ok bool) { return h.floats.newest(id) }

var errReadOnly = errors.New("the head was opened to be read only")

// Commit writes the log and then stores the samples, between Begin and End. Samples
// that are not newer than the newest of their series by now, or older than MinValid,
// are neither logged nor stored: their indices are appended to late, which is returned. An error means
// that the log could not be written, and that the Head must be closed and opened again.
func (h *Head) Commit(tx *Transaction, late []int) ([]int, error) {
	if h.log == nil {
		return late, errReadOnly
	}
	raise(&h.floats.valid, h.MinValid())
	if err := h.log.write(tx, h.floats); err != nil {
		return late, err
	}
	before := len(late)
	late, times := h.floats.commit(tx.Samples, late)
	h.appended.Add(int64(len(tx.Samples) - len(late) + before))
	if times.mint <= times.maxt {
		lower(&h.lowest, times.mint)
		lower(&h.minTime, times.mint)
		raise(&h.maxTime, times.maxt)
	}
	return late, nil
}

func lower(a *atomic.Int64, to int64) {
	for have := a.Load(); to < have && !a.CompareAndSwap(have, to); have = a.Load() {
	}
}

func raise(a *atomic.Int64, to int64) {
	for have := a.Load(); to > have && !a.CompareAndSwap(have, to); have = a.Load() {
	}
}

// MinTime and MaxTime return the times of the oldest and the newest sample, or
// math.MaxInt64 and math.MinInt64 while there is none.
func (h *Head) MinTime() int64 { return h.minTime.Load() }

// MaxTime: see MinTime.
func (h *Head) MaxTime() int64 { return h.maxTime.Load() }

// MinValid returns the time before which samples are not taken, or math.MinInt64: what
// is in a block by now or will be in the next one, and what is older than the newest
// sample by half of BlockRange.
func (h *Head) MinValid() int64 {
	valid, newest := h.minValid.Load(), h.maxTime.Load()
	if newest < math.MinInt64+h.o.BlockRange/2 {
		return valid
	}
	return max(valid, newest-h.o.BlockRange/2)
}

// Frozen returns the time before which all samples are in a block or will be in the next
// one, or math.MinInt64.
func (h *Head) Frozen() int64 { return h.minValid.Load() }

// NumSeries returns how many series there are.
func (h *Head) NumSeries() int { return h.index.len() }

// Size returns the bytes of log, chunk files and image.
func (h *Head) Size() int64 {
	if h.o.ReadOnly {
		return 0
	}
	n, err := h.log.size()
	if err != nil {
		h.o.Logger.Warn("size of the head is not known", "err", err)
	}
	return n + h.files.bytes() + h.images.bytes.Load()
}

// Stats returns figures about labels, as tsdb.Head.Stats does.
func (h *Head) Stats(label string, limit int) *tsdb.Stats {
	return h.index.stats(label, limit, h.MinTime(), h.MaxTime(), uint64(h.NumSeries()))
}

// SetWriteNotified makes n be told of each write of the log.
func (h *Head) SetWriteNotified(n wlog.WriteNotified) { h.log.setWriteNotified(n) }
