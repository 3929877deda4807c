package store

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/telemetry"
)

// timeRange is the range of times that samples may have, in milliseconds.
type timeRange struct {
	now, maxFuture int64
}

// Bounds of times that are milliseconds by name and another unit by size:
// as seconds, micro- or nanoseconds they lie between 2001 and 2100.
const (
	secondsFrom = 1_000_000_000
	secondsTo   = 4_102_444_800
)

func (x timeRange) ok(t int64) bool { return t > secondsTo && t <= x.now+x.maxFuture }

// fault says what is wrong with a time that is not ok, or nothing.
func (x timeRange) fault(t int64) *fault {
	wrongUnit := func(unit string) string {
		return fmt.Sprintf("timestamp %d: looks like %s, want milliseconds since 1970", t, unit)
	}
	switch {
	case t <= 0:
		return &fault{telemetry.ReasonBadTime, fmt.Sprintf("timestamp %d: want milliseconds since 1970, above 0", t)}
	case t >= secondsFrom && t <= secondsTo:
		return &fault{telemetry.ReasonBadTime, wrongUnit("seconds")}
	case t <= x.now+x.maxFuture:
		return nil
	case t/1_000 >= secondsFrom*1_000 && t/1_000 <= secondsTo*1_000:
		return &fault{telemetry.ReasonBadTime, wrongUnit("microseconds")}
	case t/1_000_000 >= secondsFrom*1_000 && t/1_000_000 <= secondsTo*1_000:
		return &fault{telemetry.ReasonBadTime, wrongUnit("nanoseconds")}
	}
	return &fault{telemetry.ReasonFuture, fmt.Sprintf("sample at %s is %s ahead of our clock, want at most %s; is the sender's clock right?",
		timeText(t), ahead(t-x.now), time.Duration(x.maxFuture)*time.Millisecond)}
}

// ahead shows a distance in milliseconds that may be larger than a Duration.
func ahead(ms int64) string {
	const most = int64(10_000 * time.Hour / time.Millisecond)
	if ms > most {
		return "more than a year"
	}
	return (time.Duration(ms) * time.Millisecond).String()
}

// timeText shows a time both ways: for people and as it came.
func timeText(t int64) string {
	return fmt.Sprintf("%s (%d)", time.UnixMilli(t).UTC().Format("2006-01-02T15:04:05.000Z"), t)
}

// orderFloats refuses impossible times, drops impossible starts and sorts what is
// left by time. The
// usual run, one or more samples in order, is left as it is.
func (r *request) orderFloats(in *telemetry.Series) {
	fine := true
	last := int64(0)
	for i := range in.Samples {
		t := in.Samples[i].T
		// Unsigned, a start before 1970 is after every sample.
		fine = fine && r.times.ok(t) && t > last && uint64(in.Samples[i].ST) <= uint64(t)
		last = t
	}
	if fine {
		return
	}
	in.Samples = slices.DeleteFunc(in.Samples, func(p telemetry.Sample) bool { return r.refusedTime(p.T) })
	for i := range in.Samples {
		in.Samples[i].ST = r.start(in.Samples[i].ST, in.Samples[i].T)
	}
	slices.SortStableFunc(in.Samples, func(a, b telemetry.Sample) int { return compare(a.T, b.T) })
}

func (r *request) orderHistograms(in *telemetry.Series) {
	if len(in.Histograms) == 0 {
		return
	}
	in.Histograms = slices.DeleteFunc(in.Histograms, func(h telemetry.HistogramSample) bool {
		return r.refusedTime(h.T) || r.refusedHistogram(h)
	})
	for i := range in.Histograms {
		in.Histograms[i].ST = r.start(in.Histograms[i].ST, in.Histograms[i].T)
	}
	slices.SortStableFunc(in.Histograms, func(a, b telemetry.HistogramSample) int { return compare(a.T, b.T) })
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (r *request) refusedTime(t int64) bool {
	f := r.times.fault(t)
	if f == nil {
		return false
	}
	r.refuse(f.reason, func() string { return f.message })
	return true
}

// start returns the start of a sample, 0 for one that cannot be. A series that is
// made while it is scraped begins some milliseconds after the scrape did, so the
// sample is good and only its start is dropped.
func (r *request) start(st, t int64) int64 {
	if st >= 0 && st <= t {
		return st
	}
	r.w.metrics.droppedStarts.Inc()
	return 0
}

func (r *request) refusedHistogram(h telemetry.HistogramSample) bool {
	var err error
	switch {
	case h.Int != nil:
		if err = coarser(h.Int.Schema, h.Int.ReduceResolution); err == nil {
			err = h.Int.Validate()
		}
	case h.Float != nil:
		if err = coarser(h.Float.Schema, h.Float.ReduceResolution); err == nil {
			err = h.Float.Validate()
		}
	default:
		err = errors.New("want an integer or a float histogram, got neither")
	}
	if err == nil {
		return false
	}
	r.refuse(telemetry.ReasonBadHistogram, func() string { return fmt.Sprintf("histogram at %s: %s", timeText(h.T), err) })
	return true
}

// coarser brings a histogram of a resolution that is reserved for the future down
// to the finest that can be stored, which loses no observation.
func coarser(schema int32, reduce func(int32) error) error {
	if histogram.IsExponentialSchemaReserved(schema) && schema > histogram.ExponentialSchemaMax {
		return reduce(histogram.ExponentialSchemaMax)
	}
	return nil
}

// judge turns the store's word on one sample into a refusal. Any other
// error is returned.
func (r *request) judge(t int64, err error) error {
	switch {
	case errors.Is(err, storage.ErrTooOldSample), errors.Is(err, storage.ErrOutOfBounds):
		r.refuse(telemetry.ReasonTooOld, func() string { return r.tooOld(t) })
	case errors.Is(err, storage.ErrOutOfOrderSample):
		r.refuse(telemetry.ReasonOutOfOrder, func() string {
			return fmt.Sprintf("sample at %s: its series has a newer one, want samples in order of time", timeText(t))
		})
	case errors.Is(err, storage.ErrDuplicateSampleForTimestamp):
		r.refuse(telemetry.ReasonDuplicateTime, func() string {
			return fmt.Sprintf("sample at %s: its series has another value at that time, and the first is kept", timeText(t))
		})
	default:
		return err
	}
	return nil
}

// duplicateTime says that a float of a time came after another sample of that time, whose
// bits are as the cache keeps them.
func duplicateTime(t int64, have uint64, got float64) string {
	if have == histogramBits {
		return fmt.Sprintf("sample at %s: a native histogram is stored at that time, got the float %v; the first is kept", timeText(t), got)
	}
	return fmt.Sprintf("sample at %s: value %v is stored at that time, got another value %v; the first is kept", timeText(t), math.Float64frombits(have), got)
}

// tooOld says how old a sample of a series with newer ones may be.
func (r *request) tooOld(t int64) string {
	oldest := r.g.maxTime() - r.w.window
	return fmt.Sprintf("sample at %s is too old, want one from %s on", timeText(t), timeText(oldest))
}

// tooOldToBegin reports whether t is too old for the first sample of a series. Asking
// first spares the index a series that has no sample.
func (r *request) tooOldToBegin(t int64) bool {
	newest := r.g.maxTime()
	if newest == math.MinInt64 {
		return false
	}
	return t < r.g.minValid() && t < newest-r.w.window
}

// rejectOvertaken refuses what was to be stored and could not be any more.
func (r *request) rejectOvertaken(b *telemetry.Batch) {
	for _, o := range r.overtaken {
		r.result.Stored--
		r.refused = r.refused[:0]
		if err := r.judge(o.T, o.err); err != nil || len(r.refused) == 0 {
			continue
		}
		n := r.numberOf(b, o.Tag)
		r.result.Reject(telemetry.Rejection{Series: n, Labels: labelsText(b.Series[n].Unpack()), Reason: r.refused[0].reason, Message: r.refused[0].message, Samples: 1})
	}
}

// numberOf returns the number of a series in the batch, by its place. It is slow.
func (r *request) numberOf(b *telemetry.Batch, tag uint32) int {
	for i := range b.Series {
		var id identity
		id, r.key = r.w.hasher.ofSeries(&b.Series[i], r.key)
		if r.w.cache.look(id) == place(tag) {
			return i
		}
	}
	return 0
}

func seriesLimitFault(limit int, have uint64) *fault {
	return &fault{telemetry.ReasonSeriesLimit,
		fmt.Sprintf("limit of %d series reached (%d in memory), so no new one is made; existing series are unaffected", limit, have)}
}
