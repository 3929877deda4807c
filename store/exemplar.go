package store

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Reasons for which an exemplar is dropped although its sample is stored; with
// those of a sample's time they are the reason label of
// tocsin_store_dropped_exemplars_total.
const (
	exemplarsOff      = "exemplars_off"
	exemplarLabels    = "invalid_labels"
	exemplarTooLong   = "labels_too_long"
	exemplarDuplicate = "duplicate"
	exemplarDisorder  = "out_of_order"
	exemplarNoSeries  = "unknown_series"
)

// exemplarChecker judges an exemplar beside those that are in store: the TSDB's
// circular storage.
type exemplarChecker interface {
	ValidateExemplar(l labels.Labels, e exemplar.Exemplar) error
}

// withExemplars is a series of the batch that carries exemplars: its number and how
// many samples it came with.
type withExemplars struct {
	number, sent int
	at           found // without a place if the series was not there
	in           *telemetry.Series
}

// writeExemplars stores the exemplars of the batch once all its samples have been
// appended, because a sender may put the exemplars of a new series before its first
// sample. One that cannot be kept is dropped and counted, and its sample stays.
// Exemplars that came alone, for a series that is not there, are refused, since
// nothing else would tell their sender.
func (r *request) writeExemplars() error {
	var refused telemetry.WriteResult
	for _, x := range r.later {
		if r.w.exemplars == nil {
			r.drop(exemplarsOff, len(x.in.Exemplars))
			continue
		}
		known, err := r.appendExemplars(&x)
		if err != nil {
			return err
		}
		if known {
			continue
		}
		r.drop(exemplarNoSeries, len(x.in.Exemplars))
		if x.sent == 0 {
			refused.Reject(telemetry.Rejection{
				Series: x.number, Labels: labelsText(x.in.Unpack()), Reason: telemetry.ReasonNoSeries,
				Message: fmt.Sprintf("%d exemplars of a series without samples, want a sample first", len(x.in.Exemplars)),
			})
		}
	}
	r.result.Merge(refused)
	return nil
}

// appendExemplars puts the good exemplars into the transaction and reports
// whether the TSDB knows the series.
func (r *request) appendExemplars(x *withExemplars) (known bool, err error) {
	in := x.in
	ls, f := r.maker.make(in.Unpack())
	if f != nil {
		return false, nil
	}
	ref, newest := r.refOf(&x.at, ls)
	if ref == 0 {
		return false, nil
	}
	at := lastTime(in, newest, r.times.now)
	r.exemplars = r.exemplars[:0]
	for i := range in.Exemplars {
		e, reason := r.exemplar(&in.Exemplars[i], at)
		if reason != "" {
			r.drop(reason, 1)
			continue
		}
		r.exemplars = append(r.exemplars, e)
	}
	slices.SortFunc(r.exemplars, exemplar.Compare)
	fresh := r.exemplars[:0]
	for _, e := range r.exemplars {
		err := r.w.exemplars.ValidateExemplar(ls, e)
		if err == nil && len(fresh) > 0 && fresh[len(fresh)-1].Equals(e) {
			err = storage.ErrDuplicateExemplar
		}
		if err != nil {
			r.dropped(err)
			continue
		}
		fresh = append(fresh, e)
	}
	if len(fresh) == 0 && len(in.Samples)+len(in.Histograms) > 0 {
		return true, nil
	}
	_, err = r.exemplarApp.AppendExemplars(ref, ls, fresh)
	var partial *storage.AppendPartialError
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return false, nil
	case errors.As(err, &partial):
		for _, x := range partial.ExemplarErrors {
			r.dropped(x.Err)
		}
		r.result.Exemplars -= len(partial.ExemplarErrors)
	case err != nil:
		return false, err
	}
	r.result.Exemplars += len(fresh)
	return true, nil
}

// refOf returns the TSDB's reference of a series, 0 if there is none, and the time
// of its newest sample as far as that is known.
func (r *request) refOf(at *found, ls labels.Labels) (ref storage.SeriesRef, newest int64) {
	c := r.w.cache
	p := at.place
	if p == 0 {
		p = c.get(at.id, r.minute)
	}
	if p != 0 {
		m := c.lock(p)
		m.Lock()
		defer m.Unlock()
		return storage.SeriesRef(c.at(p).ref), c.at(p).newest
	}
	if r.refs != nil {
		ref, _ = r.refs.GetRef(ls, ls.Hash())
	}
	return ref, never
}

// exemplar makes what is stored, in memory of its own, or says why not; at is the
// time of one that has none. Labels longer than the TSDB takes are not built.
func (r *request) exemplar(in *telemetry.Exemplar, at int64) (e exemplar.Exemplar, reason string) {
	e = exemplar.Exemplar{Value: in.V, Ts: in.T, HasTs: in.T != 0}
	if !e.HasTs {
		e.Ts, e.HasTs = at, true
	}
	if f := r.times.fault(e.Ts); f != nil {
		return e, f.reason
	}
	runes := 0
	b := &r.maker.builder
	b.Reset()
	for _, p := range in.Labels {
		if runes += utf8.RuneCount(p.Name) + utf8.RuneCount(p.Value); runes > exemplar.ExemplarMaxLabelSetLength {
			return e, exemplarTooLong
		}
		if len(p.Name) == 0 || !utf8.Valid(p.Name) || !utf8.Valid(p.Value) {
			return e, exemplarLabels
		}
		if len(p.Value) > 0 {
			b.Add(text(p.Name), text(p.Value))
		}
	}
	b.Sort()
	e.Labels = b.Labels()
	return e, ""
}

// lastTime is the time of an exemplar that came without one: that of the series'
// last sample, of this request if there is any.
func lastTime(in *telemetry.Series, newest, now int64) int64 {
	switch {
	case len(in.Samples) > 0:
		return in.Samples[len(in.Samples)-1].T
	case len(in.Histograms) > 0:
		return in.Histograms[len(in.Histograms)-1].T
	case newest != never:
		return newest
	}
	return now
}

// dropped counts an exemplar that the TSDB does not take. One that is there already
// is as good as stored, so that a sender who repeats a request is told the same.
func (r *request) dropped(err error) {
	if errors.Is(err, storage.ErrDuplicateExemplar) {
		r.result.Exemplars++
	}
	r.drop(exemplarFault(err), 1)
}

// exemplarFault returns the reason for which the TSDB does not take an exemplar.
func exemplarFault(err error) string {
	switch {
	case errors.Is(err, storage.ErrDuplicateExemplar):
		return exemplarDuplicate
	case errors.Is(err, storage.ErrOutOfOrderExemplar):
		return exemplarDisorder
	case errors.Is(err, storage.ErrExemplarLabelLength):
		return exemplarTooLong
	case errors.Is(err, storage.ErrExemplarsDisabled):
		return exemplarsOff
	}
	return exemplarLabels
}

// drop counts exemplars that are not kept.
func (r *request) drop(reason string, n int) { r.w.metrics.droppedExemplars(reason, n) }
