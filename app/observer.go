package app

import (
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// observer stands between the writer and the detector: it hands stored samples
// to the bank and puts what the bank has to tell into a bounded queue. A full
// queue loses the telling, not the sample and not the learning, and is counted.
type observer struct {
	bank    *detector.Bank
	queue   chan detector.Verdict
	metrics *coreMetrics
}

// Register returns the bank's slot of a series, 0 when it is not watched.
func (o *observer) Register(l labels.Labels) uint64 {
	return uint64(o.bank.Register(l))
}

// Observe feeds one stored sample. It returns false when what the slot stood for
// has been evicted, or there may be room for it now.
func (o *observer) Observe(slot uint64, t int64, v float64) bool {
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
	o.bank.Ahead(detector.Slot(far), detector.Slot(near))
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
