package store

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/store/head"
	"github.com/tocsinhq/tocsin/telemetry"
)

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

type unwatched struct{}

func (unwatched) Register(labels.Labels) uint64 { return 0 }

// Observe passes over all.
func (unwatched) Observe(_ []telemetry.Observation, _, to int) int { return to }

func (unwatched) RegisterHistogram(labels.Labels) uint64                  { return 0 }
func (unwatched) ObserveHistogram(uint64, telemetry.HistogramSample) bool { return true }

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
