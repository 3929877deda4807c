package app

import (
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
	metrics *coreMetrics
}

// Register returns the bank's slot of a series, 0 when it is not watched.
func (o *observer) Register(l labels.Labels) uint64 {
	return o.infer.register(l, uint64(o.bank.Register(l)))
}

// Observe feeds one stored sample. It returns false when what the slot stood for
// has been evicted, or there may be room for it now.
func (o *observer) Observe(slot uint64, t int64, v float64) bool {
	if slot&uint64(detector.OutsideSlot) != 0 {
		var ok bool
		if slot, ok = o.infer.observe(slot, t, v); !ok {
			return false
		}
	}
	return o.bank.Feed(detector.Slot(slot), t, v, o.tell)
}

// RegisterHistogram returns the bank's slot of a native histogram.
func (o *observer) RegisterHistogram(l labels.Labels) uint64 {
	return uint64(o.bank.RegisterHistogram(l))
}

// ObserveHistogram feeds one stored native histogram and returns what Observe does.
func (o *observer) ObserveHistogram(slot uint64, h telemetry.HistogramSample) bool {
	return o.bank.FeedHistogram(detector.Slot(slot), h, o.tell)
}

// Ahead lets the bank fetch what the next samples need.
func (o *observer) Ahead(far, near uint64) {
	o.bank.Ahead(fetched(far), fetched(near))
}

// fetched returns the slot of the bank to be fetched; none for the few that are followed.
func fetched(slot uint64) detector.Slot {
	if slot&uint64(detector.OutsideSlot) != 0 {
		return 0
	}
	return detector.Slot(slot)
}

// tell queues a verdict without waiting: the write path must not be slowed by
// those who read its news.
func (o *observer) tell(v detector.Verdict) {
	select {
	case o.queue <- v:
	default:
		o.metrics.verdictsDropped.Inc()
	}
}
