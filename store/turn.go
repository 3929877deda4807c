package store

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store/head"
	"github.com/tocsinhq/tocsin/telemetry"
)

// observation is a float sample on its way through the head to the observer. Its tag
// is its place in the cache.
type observation = head.Sample

// turn is one transaction over both parts of the store. Floats that are newer than
// all of their series go to the head; late ones and histograms go to the base, an
// appender of which is made when the first of them comes. It is used by one goroutine
// and must end in commit or rollback.
type turn struct {
	w      *Writer
	g      *generation
	ctx    context.Context
	begun  bool // with the head
	base   storage.AppenderV2
	epoch  int                     // of the base's appender
	inBase uint64                  // samples in its transaction
	oldest int64                   // of what the base may be offered
	valid  int64                   // from when on the head takes samples
	tx     head.Transaction        // samples are what the observer is shown after the commit
	late   []observation           // that went to the base
	shown  []telemetry.Observation // where they are put together for the observer
	// histograms are what the observer is shown of those after the commit.
	histograms []histogramObservation
	behind     []int
	series     []labels.Labels // of the exemplars in tx
	// overtaken are samples that a newer one got ahead of between their append and
	// the commit, and that the base did not take.
	overtaken []overtaken
}

// overtaken is a sample that was not stored, and why.
type overtaken struct {
	observation
	err error
}

// enter begins a transaction in g, which the caller holds.
func (t *turn) enter(ctx context.Context, w *Writer, g *generation) {
	t.w, t.g, t.ctx = w, g, ctx
	g.head.Begin()
	t.begun = true
	t.valid = g.head.MinValid()
	t.oldest = math.MinInt64
	if newest := g.maxTime(); newest > math.MinInt64+w.window {
		t.oldest = newest - w.window
	}
}

// leave lets series be dropped again, and the base be compacted.
func (t *turn) leave() {
	if t.base != nil {
		t.g.appenders.leave(t.epoch)
		t.base = nil
	}
	if t.begun {
		t.g.head.End()
		t.begun = false
	}
}

// clean gives up what the transaction refers to and keeps its memory.
func (t *turn) clean() {
	clear(t.tx.Samples)
	clear(t.tx.Exemplars)
	clear(t.tx.Metadata)
	clear(t.late)
	clear(t.histograms)
	clear(t.series)
	clear(t.overtaken)
	*t = turn{
		shown: t.shown[:0],
		tx:    head.Transaction{Samples: t.tx.Samples[:0], Exemplars: t.tx.Exemplars[:0], Metadata: t.tx.Metadata[:0]},
		late:  t.late[:0], histograms: t.histograms[:0], behind: t.behind[:0], series: t.series[:0], overtaken: t.overtaken[:0],
	}
}

// size is how many elements of memory it keeps.
func (t *turn) size() int {
	return cap(t.tx.Samples) + cap(t.tx.Exemplars) + cap(t.tx.Metadata) + cap(t.late) + cap(t.histograms) + cap(t.behind) + cap(t.series) + cap(t.shown)
}

// float takes a float sample of a series whose lock the caller holds. Labels are
// needed only where errNoLabels says so. Other errors are those of the TSDB.
func (t *turn) float(p place, s *series, ls labels.Labels, st, at int64, v float64) error {
	if t.toHead(s, v) {
		if s.head == 0 || s.newest == never {
			if err := t.settle(s, ls, at); err != nil {
				return err
			}
		}
		switch {
		case at == s.newest && s.value == histogramBits:
			return storage.ErrDuplicateSampleForTimestamp
		case at == s.newest && math.Float64bits(v) != s.value:
			return storage.NewDuplicateFloatErr(at, math.Float64frombits(s.value), v)
		case at >= s.newest && at >= t.valid:
			// One that is there already is logged again: it may be part of another
			// transaction, which nobody has acknowledged yet.
			t.tx.Samples = append(t.tx.Samples, observation{ID: head.ID(s.head), Tag: uint32(p), T: at, V: v})
			s.accept(at, v)
			return nil
		case at < t.oldest:
			return storage.ErrTooOldSample
		}
	}
	if err := t.toBase(s, ls, st, at, v, nil, nil, storage.AppendV2Options{}); err != nil {
		return err
	}
	s.accept(at, v)
	t.late = append(t.late, observation{Tag: uint32(p), T: at, V: v})
	return nil
}

// histogram puts a native histogram of a series whose lock the caller holds into the base's
// transaction. Where the newest sample of the series is a float of the same time, it is the
// one that is kept: the base would not know of it.
func (t *turn) histogram(p place, s *series, ls labels.Labels, h telemetry.HistogramSample, opts storage.AppendV2Options) error {
	t.know(s, ls, h.T)
	if h.T == s.newest && s.value != histogramBits {
		return storage.ErrDuplicateSampleForTimestamp
	}
	if err := t.toBase(s, ls, h.ST, h.T, 0, h.Int, h.Float, opts); err != nil {
		return err
	}
	s.acceptBits(h.T, histogramBits)
	t.histograms = append(t.histograms, histogramObservation{p, h})
	return nil
}

// toHead reports whether a float is one for the head. A staleness marker of a series
// of histograms is not.
func (t *turn) toHead(s *series, v float64) bool {
	return t.g.floats && !(s.head == 0 && s.ref != 0 && value.IsStaleNaN(v))
}

// toBase puts a sample into the base's transaction. The caller holds the lock of the
// series.
func (t *turn) toBase(s *series, ls labels.Labels, st, at int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AppendV2Options) error {
	if t.base == nil {
		t.epoch = t.g.appenders.enter()
		t.base = t.g.baseAppender(t.ctx)
	}
	ref, err := t.g.appendBase(t.ctx, t.base, storage.SeriesRef(s.ref), ls, st, at, v, h, fh, opts)
	if errors.Is(err, errNoLabels) && s.head != 0 {
		ref, err = t.g.appendBase(t.ctx, t.base, 0, t.g.head.Labels(head.ID(s.head)), st, at, v, h, fh, opts)
	}
	if log := (baseLogError{}); errors.As(err, &log) {
		return t.w.fail(t.g, err)
	}
	if err != nil {
		return err
	}
	s.ref = uint64(ref)
	t.g.refs.saw(ref)
	t.inBase++
	return nil
}

// exemplar adds an exemplar to the transaction, to be kept and logged by the commit.
func (t *turn) exemplar(id head.ID, ls labels.Labels, e exemplar.Exemplar) error {
	if id == 0 {
		var err error
		if id, _, err = t.g.head.GetOrCreate(ls); err != nil {
			return err
		}
	}
	t.tx.Exemplars = append(t.tx.Exemplars, head.Exemplar{ID: id, Exemplar: e})
	t.series = append(t.series, ls)
	return nil
}

// commit writes the logs. Any error there leaves them in doubt, also one that another
// request met meanwhile: what was written behind it may not be readable.
func (t *turn) commit() error {
	defer t.leave()
	w, g := t.w, t.g
	if len(t.tx.Samples)+len(t.tx.Exemplars)+len(t.tx.Metadata) > 0 {
		var err error
		if t.behind, err = g.head.Commit(&t.tx, t.behind[:0]); err != nil {
			return w.fail(g, t.giveUp(err))
		}
		for _, i := range t.behind {
			if err := t.overtake(&t.tx.Samples[i]); err != nil {
				return w.fail(g, t.giveUp(err))
			}
		}
	}
	if t.base != nil {
		if err := g.commitBase(t.base); err != nil {
			return w.fail(g, err)
		}
		if n := g.parts.failedWrites(); n > 0 {
			return w.fail(g, fmt.Errorf("%g writes of the log failed", n))
		}
	}
	if f := g.failed.Load(); f != nil { // since this transaction began
		return f.err
	}
	for i, e := range t.tx.Exemplars {
		_ = w.db.exemplars.AddExemplar(t.series[i], e.Exemplar) // that of another transaction was quicker
	}
	if t.inBase > 0 {
		w.metrics.inBase.Add(t.inBase)
	}
	if !w.unsynced.Load() {
		w.unsynced.Store(true)
	}
	t.leave()
	return w.durable(g)
}

// overtake finds a place for a sample that is not newer than the newest of its series
// any more. What cannot be stored is not shown to the observer.
func (t *turn) overtake(o *observation) error {
	newest, v, ok := t.g.head.Newest(o.ID)
	var err error
	switch {
	case ok && newest == o.T && math.Float64bits(v) == math.Float64bits(o.V):
		return nil // it is there
	case ok && newest == o.T:
		err = storage.NewDuplicateFloatErr(o.T, v, o.V)
	case o.T < t.oldest:
		err = storage.ErrTooOldSample
	default:
		s, m := t.w.cache.at(place(o.Tag)), t.w.cache.lock(place(o.Tag))
		m.Lock()
		if s.head == uint32(o.ID) {
			err = t.toBase(s, labels.EmptyLabels(), 0, o.T, o.V, nil, nil, storage.AppendV2Options{})
		} else { // a sweep gave the place to another series
			err = t.toBase(&series{}, t.g.head.Labels(o.ID), 0, o.T, o.V, nil, nil, storage.AppendV2Options{})
		}
		m.Unlock()
	}
	if err == nil {
		return nil
	}
	if !refusedSample(err) {
		return err
	}
	t.overtaken = append(t.overtaken, overtaken{*o, err})
	o.Tag = 0
	return nil
}

// refusedSample reports whether an error is about one sample and no other.
func refusedSample(err error) bool {
	return errors.Is(err, storage.ErrTooOldSample) || errors.Is(err, storage.ErrOutOfBounds) ||
		errors.Is(err, storage.ErrOutOfOrderSample) || errors.Is(err, storage.ErrDuplicateSampleForTimestamp)
}

// giveUp rolls the base back after an error of the head.
func (t *turn) giveUp(err error) error {
	if t.base == nil {
		return err
	}
	return errors.Join(err, t.base.Rollback())
}

// rollback forgets the samples.
func (t *turn) rollback() error {
	defer t.leave()
	t.w.forget(t.tx.Samples)
	t.w.forget(t.late)
	for _, h := range t.histograms {
		t.w.forgetAt(h.place, h.sample.T)
	}
	if t.base == nil {
		return nil
	}
	return t.base.Rollback()
}

// observations returns what the observer is to be shown; runs says that it has samples of
// several times.
func (t *turn) observations(runs bool) []observation {
	if len(t.late) > 0 {
		runs = runs || len(t.tx.Samples) > 0
		t.tx.Samples = append(t.tx.Samples, t.late...)
	}
	if runs {
		inTimeOrder(t.tx.Samples)
	}
	return t.tx.Samples
}
