package store

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/telemetry"
)

// request is one Write under way: one transaction and the memory it needs.
type request struct {
	turn
	w         *Writer
	source    string
	now       time.Time
	minute    uint32
	times     timeRange
	maker     labelMaker
	key       []byte
	found     [findAhead]found
	later     []withExemplars
	exemplars []exemplar.Exemplar // of the series at hand
	runs      bool                // some series has several samples
	refused   []refusal           // of the series at hand
	ignored   int
	result    telemetry.WriteResult
}

// refusal counts the samples of one series that were refused for one reason
// and keeps the sentence of the first.
type refusal struct {
	fault
	samples int
}

// maxPendingKept bounds the memory a pooled request keeps, in observations.
const maxPendingKept = 1 << 16

func (w *Writer) begin(ctx context.Context, now time.Time) (*request, error) {
	g, err := w.db.acquire()
	if err != nil {
		return nil, err
	}
	r, ok := w.requests.Get().(*request)
	if !ok {
		r = &request{w: w, maker: labelMaker{limits: &w.limits, writes: w.writes}}
	}
	r.enter(ctx, w, g)
	r.now, r.minute = now, minuteOf(now)
	r.times = timeRange{now: now.UnixMilli(), maxFuture: time.Duration(w.limits.MaxFuture).Milliseconds()}
	return r, nil
}

// end lets go of the store and gives the request's memory back, without anything
// of the batch in it.
func (w *Writer) end(r *request) {
	r.leave()
	w.db.release(r.g)
	if r.size()+cap(r.exemplars)+cap(r.later) > maxPendingKept {
		return
	}
	r.clean()
	clear(r.exemplars[:cap(r.exemplars)])
	clear(r.later)
	clear(r.maker.pairs[:cap(r.maker.pairs)])
	*r = request{turn: r.turn, w: w, maker: r.maker, key: r.key, exemplars: r.exemplars[:0], later: r.later[:0], refused: r.refused[:0]}
	w.requests.Put(r)
}

func minuteOf(t time.Time) uint32 { return uint32(t.Unix() / 60) }

// findAhead is how many series are looked up before the first of them is written:
// by the time it is needed the memory of the cache has come.
const findAhead = 256

// found is where the cache has a series, or 0 for the place.
type found struct {
	id    identity
	place place
}

// find looks up series that are about to be written, at most findAhead, but for those
// that the decoder has asked about.
func (r *request) find(batch []telemetry.Series) {
	c := r.w.cache
	asked := true
	for i := range batch {
		f, s := &r.found[i], &batch[i]
		if f.place = place(s.Place); f.place != 0 {
			f.id = s.Key
			c.fetch(f.place)
			continue
		}
		f.id, r.key = r.w.hasher.ofSeries(s, r.key)
		c.fetchCell(f.id)
		asked = false
	}
	if asked {
		return
	}
	for i := range batch {
		if f := &r.found[i]; f.place == 0 {
			f.place = c.look(f.id)
			c.fetch(f.place)
		}
	}
}

// write appends one series of the batch. An error ends the whole request;
// what is wrong with this series alone becomes part of the result.
func (r *request) write(i int, in *telemetry.Series, at *found) error {
	r.refused = r.refused[:0]
	n := len(in.Samples) + len(in.Histograms)
	r.orderFloats(in)
	r.orderHistograms(in)
	done, err := false, error(nil)
	if at.place != 0 {
		done, err = r.append(at, in, labels.EmptyLabels())
	}
	if !done && err == nil {
		ls, f := r.resolve(at, in)
		if f != nil {
			r.result.Reject(telemetry.Rejection{Series: i, Labels: labelsText(in.Unpack()), Reason: f.reason, Message: f.message, Samples: n})
			r.drop(exemplarNoSeries, len(in.Exemplars))
			return nil
		}
		for at.place != 0 && !done && err == nil {
			if done, err = r.append(at, in, ls); !done && err == nil {
				at.place = r.w.cache.get(at.id, r.minute) // a sweep took it between the two
			}
		}
		r.count(at.place)
	}
	if len(in.Exemplars) > 0 {
		r.later = append(r.later, withExemplars{i, n, *at, in})
	}
	for _, x := range r.refused {
		r.result.Reject(telemetry.Rejection{Series: i, Labels: labelsText(in.Unpack()), Reason: x.reason, Message: x.message, Samples: x.samples})
	}
	return err
}

// count counts a series for its source.
func (r *request) count(p place) {
	if r.w.db.sources == nil || p == 0 {
		return
	}
	m := r.w.cache.lock(p)
	m.Lock()
	key := sourceKey(r.w.cache.at(p))
	m.Unlock()
	r.w.db.sources.add(r.source, key)
}

// refuse counts a refused sample of the series at hand.
func (r *request) refuse(reason string, message func() string) {
	for i := range r.refused {
		if r.refused[i].reason == reason {
			r.refused[i].samples++
			return
		}
	}
	r.refused = append(r.refused, refusal{fault{reason, message()}, 1})
}

// resolve finds or makes the series of labels that are not in the cache, or whose
// place there does not serve, and returns the labels as they are stored. The place
// is 0 without a fault when nothing of the series is to be stored.
func (r *request) resolve(at *found, in *telemetry.Series) (labels.Labels, *fault) {
	w := r.w
	w.metrics.misses.Inc()
	at.place = 0
	own := at.id
	ls, plain := r.maker.ofWire(in.Wire)
	if !plain {
		var f *fault
		if ls, f = r.maker.make(in.Unpack()); f != nil {
			return ls, f
		}
		own, r.key = w.hasher.ofLabels(ls, r.key)
	}
	if at.place = w.cache.get(own, r.minute); at.place == 0 {
		id, ref := r.g.find(ls)
		if id != 0 || ref != 0 {
			if len(in.Samples)+len(in.Histograms) == 0 {
				// Without a sample nobody knows how the observer is to watch it.
				return ls, nil
			}
		} else if wanted, f := r.mayCreate(in); f != nil || !wanted {
			return ls, f
		}
		at.place = w.cache.add(own, id, ref, w.register(ls, len(in.Samples) == 0), r.minute)
	}
	if own != at.id {
		w.cache.alias(at.id, at.place)
		at.id = own
	}
	return ls, nil
}

// register asks the observer for the slot of a series, whose first samples are
// native histograms or floats.
func (w *Writer) register(ls labels.Labels, histogram bool) uint64 {
	if histogram {
		return w.observer.RegisterHistogram(ls)
	}
	return w.observer.Register(ls)
}

// mayCreate drops what must not be the first sample of a series and says
// whether anything is left for which to make one.
func (r *request) mayCreate(in *telemetry.Series) (bool, *fault) {
	kept := in.Samples[:0]
	for _, p := range in.Samples {
		switch {
		case len(kept) == 0 && value.IsStaleNaN(p.V):
			r.ignored++
		case r.tooOldToBegin(p.T):
			r.refuse(telemetry.ReasonTooOld, func() string { return r.tooOld(p.T) })
		default:
			kept = append(kept, p)
		}
	}
	in.Samples = kept
	hists := in.Histograms[:0]
	for _, h := range in.Histograms {
		if r.tooOldToBegin(h.T) {
			r.refuse(telemetry.ReasonTooOld, func() string { return r.tooOld(h.T) })
			continue
		}
		hists = append(hists, h)
	}
	in.Histograms = hists
	if len(kept)+len(hists) == 0 {
		return false, nil
	}
	if have := r.g.numSeries(); have >= uint64(r.w.limits.MaxSeries) {
		return false, seriesLimitFault(r.w.limits.MaxSeries, have)
	}
	if f := r.w.memory.mayCreate(); f != nil {
		return false, f
	}
	if f := r.w.db.sources.mayCreate(r.source); f != nil {
		return false, f
	}
	return true, nil
}

// append puts the samples of one series into the transaction, holding its lock so
// that two requests see each other's newest sample. Without labels, as for a
// series that is known, it reports false when the place has another series by now,
// or the store has dropped the series: labels are needed then.
func (r *request) append(at *found, in *telemetry.Series, ls labels.Labels) (bool, error) {
	c := r.w.cache
	s, m := c.at(at.place), c.lock(at.place)
	m.Lock()
	defer m.Unlock()
	if !c.is(at.place, at.id) {
		return false, nil
	}
	s.touch(r.minute)
	r.runs = r.runs || len(in.Samples) > 1
	var last telemetry.Sample // stored one of this run; its time is never 0
	for i, p := range in.Samples {
		bits := math.Float64bits(p.V)
		if have, ok := s.valueAt(p.T, last); ok {
			if have != bits {
				r.refuse(telemetry.ReasonDuplicateTime, func() string { return duplicateTime(p.T, have, p.V) })
				continue
			}
			if p.T == last.T {
				r.result.Stored++
				continue
			}
		}
		err := r.float(at.place, s, ls, p.ST, p.T, p.V)
		if errors.Is(err, errNoLabels) && ls.IsEmpty() {
			if i == 0 {
				return false, nil
			}
			ls = r.labelsOf(in)
			err = r.float(at.place, s, ls, p.ST, p.T, p.V)
		}
		if err != nil {
			if err := r.judge(p.T, err); err != nil {
				return true, err
			}
			continue
		}
		last = p
		r.result.Stored++
	}
	for i, h := range in.Histograms {
		err := r.histogram(at.place, s, ls, h, storage.AppendV2Options{})
		if errors.Is(err, errNoLabels) && ls.IsEmpty() {
			if i == 0 && len(in.Samples) == 0 {
				return false, nil
			}
			ls = r.labelsOf(in)
			err = r.histogram(at.place, s, ls, h, storage.AppendV2Options{})
		}
		if err != nil {
			if err := r.judge(h.T, err); err != nil {
				return true, err
			}
			continue
		}
		r.result.Stored++
		r.result.Histograms++
	}
	return true, nil
}

// labelsOf makes the labels of a series that is known, some samples of which were
// judged before it was found that they are needed.
func (r *request) labelsOf(in *telemetry.Series) labels.Labels {
	ls, _ := r.maker.make(in.Unpack()) // they were good when the series became known
	return ls
}
