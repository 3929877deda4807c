package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/store/head"
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

// appender is a transaction that remembers what the observer is to see. It begins at
// the first sample: a scrape makes its appender before it asks its target, which can
// take as long as the target likes.
type appender struct {
	turn
	w       *Writer
	ctx     context.Context
	limited bool
	hold    *held         // of the store; nil before the first sample
	limits  *scrapeLimits // nil for rules
	key     []byte
	minute  uint32 // of the first sample
	runs    bool   // samples of several times
	last    int64
	stored  int

	kept int // exemplars
}

// Append stores one sample with what comes with it. The reference is the same as long
// as the series is in use, or 0 when the sample was left out by a limit; that is no
// error, because one would end the whole scrape. An *storage.AppendPartialError says
// that the sample is stored and some of its exemplars are not.
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
	if ls.IsEmpty() {
		return 0, fmt.Errorf("append a sample: want labels, got none: %w", tsdb.ErrInvalidSample)
	}
	p := a.find(ls, t, v, h, fh)
	if p == 0 {
		return 0, nil
	}
	sample := telemetry.HistogramSample{T: t, ST: st, Int: h, Float: fh}
	if err := a.appendKnown(p, ls, v, sample, opts); err != nil {
		return 0, err
	}
	return storage.SeriesRef(p), a.appendExemplars(p, ls, v, opts.Exemplars)
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

// appendExemplars adds what may be kept of the exemplars of one sample. A staleness
// marker has none.
func (a *appender) appendExemplars(p place, ls labels.Labels, v float64, all []exemplar.Exemplar) error {
	if len(all) == 0 || value.IsStaleNaN(v) {
		return nil
	}
	m := a.w.cache.lock(p)
	m.Lock()
	id := head.ID(a.w.cache.at(p).head)
	m.Unlock()
	var partial storage.AppendPartialError
	for i, e := range a.checkExemplars(all) {
		e.Labels = e.Labels.WithoutEmpty()
		err := a.w.exemplars.ValidateExemplar(ls, e)
		switch {
		case errors.Is(err, storage.ErrDuplicateExemplar):
			a.kept++ // it is there
			continue
		case err != nil:
			a.w.metrics.droppedExemplars(exemplarFault(err), 1)
			partial.ExemplarErrors = append(partial.ExemplarErrors, storage.ExemplarError{Index: i, Err: err})
			continue
		}
		if err := a.turn.exemplar(id, ls, e); err != nil {
			return err
		}
		a.kept++
	}
	if len(partial.ExemplarErrors) > 0 {
		return &partial
	}
	return nil
}

// begin begins the transaction, unless the store is read-only.
func (a *appender) begin() error {
	if a.hold != nil {
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
	a.enter(a.ctx, a.w, g)
	a.minute = minuteOf(a.w.now())
	if a.limited {
		a.limits = newScrapeLimits(a.w, g)
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
	in, ref := a.g.find(ls)
	if a.limits != nil && in == 0 && ref == 0 && !a.limits.mayCreate(ls, t, v, h, fh) {
		return 0
	}
	return a.w.cache.add(id, in, ref, a.w.register(ls, h != nil || fh != nil), a.minute)
}

// appendKnown puts a sample into the transaction: a histogram, or v if there is none.
func (a *appender) appendKnown(p place, ls labels.Labels, v float64, h telemetry.HistogramSample, opts storage.AppendV2Options) error {
	s, m := a.w.cache.at(p), a.w.cache.lock(p)
	m.Lock()
	defer m.Unlock()
	var err error
	if h.Int != nil || h.Float != nil {
		opts.Exemplars = nil // kept by the writer
		err = a.histogram(p, s, ls, h, opts)
	} else {
		err = a.float(p, s, ls, h.ST, h.T, v)
		if err == nil {
			a.runs = a.runs || a.last != 0 && a.last != h.T
			a.last = h.T
			if s.head != 0 && !opts.Metadata.IsEmpty() {
				a.tx.Metadata = append(a.tx.Metadata, head.Metadata{ID: head.ID(s.head), Metadata: opts.Metadata})
			}
		}
	}
	if err == nil {
		a.stored++
	}
	// A scrape takes the one for a sample that is not to be stored, and the other
	// for a failure of the whole.
	if a.limits != nil && errors.Is(err, storage.ErrTooOldSample) {
		err = storage.ErrOutOfBounds
	}
	return err
}

// Commit writes the log and then shows the samples to the observer.
func (a *appender) Commit() error {
	if a.hold == nil {
		return nil
	}
	defer a.hold.drop()
	if err := a.commit(); err != nil {
		return err
	}
	for _, o := range a.overtaken {
		a.stored--
		a.w.metrics.refused(overtakenReason(o.err), 1)
	}
	a.w.observe(a.observations(a.runs), &a.shown)
	a.w.observeHistograms(a.histograms)
	a.w.metrics.samples.Add(a.stored)
	a.w.metrics.exemplars.Add(a.kept)
	if a.limits != nil {
		a.limits.report()
	}
	a.clean()
	return nil
}

// overtakenReason is why a sample was refused that no sender is told of.
func overtakenReason(err error) string {
	if errors.Is(err, storage.ErrDuplicateSampleForTimestamp) {
		return telemetry.ReasonDuplicateTime
	}
	return telemetry.ReasonTooOld
}

// Rollback forgets the samples.
func (a *appender) Rollback() error {
	if a.hold == nil {
		return nil
	}
	defer a.hold.drop()
	err := a.rollback()
	a.clean()
	return err
}
