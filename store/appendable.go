package store

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Appendable returns the way in for results of rules: what Prometheus' rule
// engine takes as AppendableV2. Samples are stored under the labels given and,
// after Commit, shown to the observer like those of Write; after Rollback
// they are not. Limits on labels, series and times do not apply, since the
// rules are the operator's own. It is safe for concurrent use; one appender
// is not.
func (w *Writer) Appendable() storage.AppendableV2 { return appendable{w: w} }

// ScrapeAppendable returns the way in for scraped samples: what Prometheus'
// scrape manager takes as AppendableV2. It is Appendable with the limits of
// Write: a sample that breaks one is counted by reason and left out, and the rest
// of its scrape is stored; see Limits.
func (w *Writer) ScrapeAppendable() storage.AppendableV2 { return appendable{w: w, limited: true} }

type appendable struct {
	w       *Writer
	limited bool
}

func (a appendable) AppenderV2(ctx context.Context) storage.AppenderV2 {
	return &appender{w: a.w, ctx: ctx, limited: a.limited}
}

// appender is a TSDB appender that remembers what the observer is to see. It opens
// that of the TSDB at the first sample: a scrape makes its appender before it asks
// its target, which can take as long as the target likes.
type appender struct {
	w       *Writer
	ctx     context.Context
	limited bool
	app     storage.AppenderV2 // nil before the first sample
	hold    *held              // of the TSDB that app is of
	limits  *scrapeLimits      // nil for rules
	refs    storage.GetRef     // of app; nil for rules
	key     []byte
	minute  uint32 // of the first sample
	pending []observation
	hists   []histogramObservation
	runs    bool // samples of several times
	stored  int

	exemplars int // stored
}

// Append stores one sample with what comes with it. The reference is that of the
// TSDB, or 0 when the sample was left out by a limit; that is no error, because
// one would end the whole scrape. An *storage.AppendPartialError says that the
// sample is stored and some of its exemplars are not.
func (a *appender) Append(_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AppendV2Options) (storage.SeriesRef, error) {
	if err := a.begin(); err != nil {
		return 0, err
	}
	if a.limits != nil {
		if a.limits.outOfTime(ls, t) {
			return 0, storage.ErrOutOfBounds
		}
		if a.limits.badHistogram(ls, t, h, fh) {
			return 0, nil
		}
	}
	ls = ls.WithoutEmpty()
	p := a.find(ls, t, v, h, fh)
	if p == 0 {
		return 0, nil
	}
	if len(opts.Exemplars) > 0 {
		opts.Exemplars = a.checkExemplars(opts.Exemplars)
	}
	ref, err := a.appendKnown(p, ls, st, t, v, h, fh, opts)
	var partial *storage.AppendPartialError
	if err != nil && !errors.As(err, &partial) {
		return 0, err
	}
	a.countExemplars(len(opts.Exemplars), partial)
	a.accept(p, ref, v, telemetry.HistogramSample{T: t, ST: st, Int: h, Float: fh})
	return ref, err
}

// checkExemplars returns those that may be stored with a sample. The slice is the
// caller's and is not changed.
func (a *appender) checkExemplars(all []exemplar.Exemplar) []exemplar.Exemplar {
	if a.w.exemplars == nil {
		a.w.metrics.droppedExemplars(exemplarsOff, len(all))
		return nil
	}
	if a.limits == nil || !slices.ContainsFunc(all, func(e exemplar.Exemplar) bool { return !a.limits.times.ok(e.Ts) }) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(e exemplar.Exemplar) bool {
		f := a.limits.times.fault(e.Ts)
		if f != nil {
			a.w.metrics.droppedExemplars(f.reason, 1)
		}
		return f != nil
	})
}

// countExemplars counts what became of the exemplars of one sample.
func (a *appender) countExemplars(n int, partial *storage.AppendPartialError) {
	a.exemplars += n
	if partial == nil {
		return
	}
	a.exemplars -= len(partial.ExemplarErrors)
	for _, x := range partial.ExemplarErrors {
		a.w.metrics.droppedExemplars(exemplarFault(x.Err), 1)
	}
}

// begin opens the appender of the TSDB, unless the store is read-only.
func (a *appender) begin() error {
	if a.app != nil {
		return nil
	}
	if err := a.w.Healthy(); err != nil {
		return err
	}
	g, err := a.w.db.acquire()
	if err != nil {
		return err
	}
	a.hold = &held{d: a.w.db, g: g}
	a.app, a.minute = g.db.AppenderV2(a.ctx), minuteOf(a.w.now())
	if a.limited {
		a.limits = newScrapeLimits(a.w)
		a.refs, _ = a.app.(storage.GetRef)
	}
	return nil
}

// find returns the place of a series, 0 when the sample is left out.
func (a *appender) find(ls labels.Labels, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram) place {
	id, key := a.w.hasher.ofLabels(ls, a.key)
	a.key = key
	if p := a.w.cache.get(id, a.minute); p != 0 {
		return p
	}
	ref := storage.SeriesRef(0)
	if a.limits != nil {
		if a.refs != nil {
			ref, _ = a.refs.GetRef(ls, ls.Hash())
		}
		if ref == 0 && !a.limits.mayCreate(ls, t, v, h, fh) {
			return 0
		}
	}
	return a.w.cache.add(id, uint64(ref), a.w.register(ls, h != nil || fh != nil), a.minute)
}

func (a *appender) appendKnown(p place, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AppendV2Options) (storage.SeriesRef, error) {
	s, m := a.w.cache.at(p), a.w.cache.lock(p)
	m.Lock()
	known, newest, have := s.ref, s.newest, s.value
	m.Unlock()
	if h == nil && fh == nil && t == newest && math.Float64bits(v) != have {
		return 0, storage.NewDuplicateFloatErr(t, math.Float64frombits(have), v)
	}
	ref, err := a.app.Append(storage.SeriesRef(known), ls, st, t, v, h, fh, opts)
	// A scrape takes the one for a sample that is not to be stored, and the other
	// for a failure of the whole.
	if a.limits != nil && errors.Is(err, storage.ErrTooOldSample) {
		err = storage.ErrOutOfBounds
	}
	return ref, err
}

// accept notes a sample that the TSDB took: h, or v if there is no histogram.
func (a *appender) accept(p place, ref storage.SeriesRef, v float64, h telemetry.HistogramSample) {
	a.stored++
	s, m := a.w.cache.at(p), a.w.cache.lock(p)
	m.Lock()
	defer m.Unlock()
	if h.Int != nil || h.Float != nil {
		s.ref = uint64(ref)
		a.hists = append(a.hists, histogramObservation{p, h})
		return
	}
	if n := len(a.pending); n > 0 && a.pending[n-1].t != h.T {
		a.runs = true
	}
	s.accept(ref, h.T, v)
	a.pending = append(a.pending, observation{p, h.T, v})
}

// Commit writes the log and then shows the samples to the observer.
func (a *appender) Commit() error {
	if a.app == nil {
		return nil
	}
	defer a.hold.drop()
	if err := a.w.commit(a.hold.g, a.app); err != nil {
		return err
	}
	if a.runs {
		inTimeOrder(a.pending)
	}
	a.w.observe(a.pending)
	a.w.observeHistograms(a.hists)
	a.w.metrics.samples.Add(a.stored)
	a.w.metrics.exemplars.Add(a.exemplars)
	if a.limits != nil {
		a.limits.report()
	}
	a.pending, a.hists = nil, nil
	return nil
}

// Rollback forgets the samples.
func (a *appender) Rollback() error {
	if a.app == nil {
		return nil
	}
	defer a.hold.drop()
	a.w.forget(a.pending)
	a.pending, a.hists = nil, nil
	return a.app.Rollback()
}
