package store

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store/head"
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
// whether the store knows the series.
func (r *request) appendExemplars(x *withExemplars) (known bool, err error) {
	in := x.in
	ls, f := r.maker.make(in.Unpack())
	if f != nil {
		return false, nil
	}
	id, known, newest := r.seriesOf(&x.at, ls)
	if !known {
		return false, nil
	}
	at := lastTime(in, newest, r.times.now)
	r.exemplars = r.exemplars[:0]
	for i := range in.Exemplars {
		e, reason := r.makeExemplar(&in.Exemplars[i], at)
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
	for _, e := range fresh {
		if err := r.turn.exemplar(id, ls, e); err != nil {
			return false, err
		}
	}
	r.result.Exemplars += len(fresh)
	return true, nil
}

// seriesOf returns what the head calls a series, whether any part of the store has
// it, and the time of its newest sample as far as that is known.
func (r *request) seriesOf(at *found, ls labels.Labels) (id head.ID, known bool, newest int64) {
	c := r.w.cache
	p := at.place
	if p == 0 {
		p = c.get(at.id, r.minute)
	}
	newest = never
	if p != 0 {
		m := c.lock(p)
		m.Lock()
		s := c.at(p)
		id, known, newest = head.ID(s.head), s.head != 0 || s.ref != 0, s.newest
		m.Unlock()
		if known {
			return id, known, newest
		}
	}
	id, ref := r.g.find(ls)
	return id, id != 0 || ref != 0, newest
}

// makeExemplar makes what is stored, in memory of its own, or says why not; at is the
// time of one that has none. Labels longer than are taken are not built.
func (r *request) makeExemplar(in *telemetry.Exemplar, at int64) (e exemplar.Exemplar, reason string) {
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

// dropped counts an exemplar that is not taken. One that is there already
// is as good as stored, so that a sender who repeats a request is told the same.
func (r *request) dropped(err error) {
	if errors.Is(err, storage.ErrDuplicateExemplar) {
		r.result.Exemplars++
	}
	r.drop(exemplarFault(err), 1)
}

// exemplarFault returns the reason for which an exemplar is not taken.
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
