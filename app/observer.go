package app

import (
	"math"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// observer stands between the writer and the detector: it hands stored samples
// to the bank, shows the few that tell of changes to the one who looks for them, and puts what the bank has to tell into a bounded queue. A full
// queue loses the telling, not the sample and not the learning, and is counted.
type observer struct {
	bank    *detector.Bank
	infer   *inferring
	queue   chan detector.Verdict
	lost    atomic.Bool // verdicts did not get to where they are kept; see Core.endUntold
	metrics *coreMetrics
}

// Register returns the bank's slot of a series, 0 when it is not watched.
func (o *observer) Register(l labels.Labels) uint64 {
	return o.infer.register(l, uint64(o.bank.Register(l)))
}

// Observe feeds all[from:to]. It returns the index of the first whose slot stood for
// what has been evicted, or for which there may be room now, to if there is none.
// Samples that are followed are first shown to those who follow them.
func (o *observer) Observe(all []telemetry.Observation, from, to int) int {
	good := from
	for ; good < to; good++ {
		x := &all[good]
		if x.Slot&uint64(detector.OutsideSlot) == 0 {
			continue
		}
		slot, ok := o.infer.observe(x.Slot, x.T, x.V)
		if !ok {
			break
		}
		x.Slot = slot
	}
	return o.bank.ObserveAll(all, from, good, o.tell)
}

// lateBefore returns the time before which the bank knows all samples of a slot. Of
// series that are followed it knows none: who follows them has kept nothing of samples.
func (o *observer) lateBefore(slot uint64) int64 {
	if slot&uint64(detector.OutsideSlot) != 0 {
		return math.MinInt64
	}
	return o.bank.LateBefore(detector.Slot(slot))
}

// RegisterHistogram returns the bank's slot of a native histogram.
func (o *observer) RegisterHistogram(l labels.Labels) uint64 {
	return uint64(o.bank.RegisterHistogram(l))
}

// ObserveHistogram feeds one stored native histogram and returns what Observe does.
func (o *observer) ObserveHistogram(slot uint64, h telemetry.HistogramSample) bool {
	return o.bank.FeedHistogram(detector.Slot(slot), h, o.tell)
}

// tell queues a verdict without waiting: the write path must not be slowed by
// those who read its news.
func (o *observer) tell(v detector.Verdict) {
	select {
	case o.queue <- v:
	default:
		o.metrics.verdictsDropped.Inc()
		o.lost.Store(true)
	}
}
