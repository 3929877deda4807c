package detector

import (
	"fmt"
	"unsafe"

	"github.com/VictoriaMetrics/metrics"
)

// Expose registers the bank's own figures in set. They are read when the set is
// written, so they cost nothing per sample beyond the counters themselves.
func (b *Bank) Expose(set *metrics.Set) {
	set.NewGauge("tocsin_detector_series", func() float64 { return float64(b.Len()) })
	set.NewGauge("tocsin_detector_state_bytes", func() float64 { return float64(b.Bytes()) })
	count := func(name string, load func() uint64) {
		set.NewGauge(name, func() float64 { return float64(load()) })
	}
	for why := first; why < unwatched; why++ {
		count(fmt.Sprintf("tocsin_detector_samples_not_judged_total{reason=%q}", outcomeNames[why]), b.counted[why].Load)
	}
	count(`tocsin_detector_series_refused_total{reason="max_series"}`, b.refused.Load)
	count(`tocsin_detector_series_evicted_total{reason="idle"}`, b.evicted.Load)
	count(`tocsin_detector_series_evicted_total{reason="max_series"}`, b.evictedFull.Load)
	b.histograms.expose(count)
	set.NewGauge("tocsin_detector_families", func() float64 { return float64(b.families.len()) })
	set.NewGauge(`tocsin_detector_family_series_left_out{reason="max_families"}`, func() float64 { return float64(b.families.leftOut.Load()) })
	count("tocsin_detector_episodes_opened_total", b.opened.Load)
	count("tocsin_detector_episodes_lost_total", b.lost.Load)
	count(`tocsin_detector_episodes_not_told_total{reason="recurs_daily"}`, b.withheld[daily].Load)
	count(`tocsin_detector_episodes_not_told_total{reason="recurs_weekly"}`, b.withheld[weekly].Load)
	count(`tocsin_detector_episodes_not_told_total{reason="recurs_within_a_day"}`, b.withheld[frequent].Load)
	count(`tocsin_detector_episodes_not_told_total{reason="recurs_at_any_time"}`, b.withheld[sporadic].Load)
	set.NewGauge("tocsin_detector_services", func() float64 { return float64(b.watchedServices()) })
	count("tocsin_detector_alarms_total", b.alarms.Load)
	count("tocsin_detector_alarms_spent_total", b.spent.Load)
	count("tocsin_detector_alarms_refunded_total", b.refunded.Load)
}

// Bytes returns the memory held for states and pages of series and for
// classic histograms, without labels.
func (b *Bank) Bytes() int {
	return b.histograms.bytes() + b.series.len()*int(unsafe.Sizeof(chunk{})) + b.days.pages.len()*int(unsafe.Sizeof([chunkSize]page{}))
}

// BytesPerSeries is about what a series with ten labels costs in memory: its state, the
// page of its seasons, which it has after two days at the earliest, its labels of about
// 200 bytes, and its place in the index.
const BytesPerSeries = int(unsafe.Sizeof(series{})+unsafe.Sizeof(page{})+unsafe.Sizeof(entry{})) + 200 + 32

// expose registers what became of samples and series of histograms.
func (h *histograms) expose(count func(name string, load func() uint64)) {
	for why := range fates {
		count(fmt.Sprintf("tocsin_detector_histogram_not_judged_total{reason=%q}", fateNames[why]), h.counted[why].Load)
	}
	for why := range refusals {
		count(fmt.Sprintf("tocsin_detector_histogram_series_refused_total{reason=%q}", refusalNames[why]), h.refused[why].Load)
	}
}

func (h *histograms) bytes() int {
	return h.classics.len()*int(unsafe.Sizeof(classicChunk{})) + h.buckets.len()*int(unsafe.Sizeof([chunkSize]bucket{}))
}
