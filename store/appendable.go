package store

import (
	"context"
	"math"

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
func (w *Writer) Appendable() storage.AppendableV2 { return appendable{w} }

type appendable struct{ w *Writer }

func (a appendable) AppenderV2(ctx context.Context) storage.AppenderV2 {
	return &ruleAppender{AppenderV2: a.w.db.AppenderV2(ctx), w: a.w}
}

// ruleAppender is a TSDB appender that remembers what the observer is to see.
type ruleAppender struct {
	storage.AppenderV2
	w       *Writer
	key     []byte
	pending []observation
	hists   []histogramObservation
	stored  int
}

func (a *ruleAppender) Append(_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AppendV2Options) (storage.SeriesRef, error) {
	if err := a.w.Healthy(); err != nil {
		return 0, err
	}
	ls = ls.WithoutEmpty()
	id, key := a.w.hasher.ofLabels(ls, a.key)
	a.key = key
	minute := minuteOf(a.w.now())
	p := a.w.cache.get(id, minute)
	if p == 0 {
		ref, err := a.AppenderV2.Append(0, ls, st, t, v, h, fh, opts)
		if err != nil {
			return 0, err
		}
		p = a.w.cache.add(id, uint64(ref), a.w.register(ls, h != nil || fh != nil), minute)
		a.accept(p, ref, v, telemetry.HistogramSample{T: t, Int: h, Float: fh})
		return ref, nil
	}
	ref, err := a.appendKnown(p, ls, st, t, v, h, fh, opts)
	if err != nil {
		return 0, err
	}
	a.accept(p, ref, v, telemetry.HistogramSample{T: t, Int: h, Float: fh})
	return ref, nil
}

func (a *ruleAppender) appendKnown(p place, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AppendV2Options) (storage.SeriesRef, error) {
	s, m := a.w.cache.at(p), a.w.cache.lock(p)
	m.Lock()
	ref, newest, have := s.ref, s.newest, s.value
	m.Unlock()
	if h == nil && fh == nil && t == newest && math.Float64bits(v) != have {
		return 0, storage.NewDuplicateFloatErr(t, math.Float64frombits(have), v)
	}
	return a.AppenderV2.Append(storage.SeriesRef(ref), ls, st, t, v, h, fh, opts)
}

// accept notes a sample that the TSDB took: h, or v if there is no histogram.
func (a *ruleAppender) accept(p place, ref storage.SeriesRef, v float64, h telemetry.HistogramSample) {
	a.stored++
	s, m := a.w.cache.at(p), a.w.cache.lock(p)
	m.Lock()
	defer m.Unlock()
	if h.Int != nil || h.Float != nil {
		s.ref = uint64(ref)
		a.hists = append(a.hists, histogramObservation{p, h})
		return
	}
	s.accept(ref, h.T, v)
	a.pending = append(a.pending, observation{p, h.T, v})
}

// Commit writes the log and then shows the samples to the observer.
func (a *ruleAppender) Commit() error {
	if err := a.w.commit(a.AppenderV2); err != nil {
		return err
	}
	a.w.observe(a.pending)
	a.w.observeHistograms(a.hists)
	a.w.metrics.samples.Add(a.stored)
	a.pending, a.hists = nil, nil
	return nil
}

// Rollback forgets the samples.
func (a *ruleAppender) Rollback() error {
	a.w.forget(a.pending)
	a.pending, a.hists = nil, nil
	return a.AppenderV2.Rollback()
}
