package store

import (
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/telemetry"
)

// scrapeLimits holds the samples of one scrape to the limits of the writer. What
// Write answers to its sender a scrape has nobody to answer to, so what is left
// out is counted by reason and told once per scrape in the log, with the first
// series of each reason.
type scrapeLimits struct {
	w       *Writer
	g       *generation
	times   timeRange
	maker   labelMaker
	refused []refusal
}

func newScrapeLimits(w *Writer, g *generation) *scrapeLimits {
	return &scrapeLimits{
		w: w, g: g, maker: labelMaker{limits: &w.limits},
		times: timeRange{now: w.now().UnixMilli(), maxFuture: time.Duration(w.limits.MaxFuture).Milliseconds()},
	}
}

func (l *scrapeLimits) refuse(ls labels.Labels, f fault) {
	for i := range l.refused {
		if l.refused[i].reason == f.reason {
			l.refused[i].samples++
			return
		}
	}
	f.message = labelsText(pairsOf(ls, nil)) + ": " + f.message
	l.refused = append(l.refused, refusal{f, 1})
}

// report counts and logs what was left out.
func (l *scrapeLimits) report() {
	for _, x := range l.refused {
		l.w.metrics.refused(x.reason, x.samples)
		l.w.log.Warn("scraped samples were left out", "reason", x.reason, "samples", x.samples, "first", x.message)
	}
	l.refused = l.refused[:0]
}

// outOfTime reports whether a sample has an impossible time.
func (l *scrapeLimits) outOfTime(ls labels.Labels, t int64) bool {
	f := l.times.fault(t)
	if f != nil {
		l.refuse(ls, *f)
	}
	return f != nil
}

// badHistogram reports whether a histogram contradicts itself. Asking first keeps
// the rest of the scrape, which the TSDB's own error would end.
func (l *scrapeLimits) badHistogram(ls labels.Labels, t int64, h *histogram.Histogram, fh *histogram.FloatHistogram) bool {
	var err error
	switch {
	case h != nil:
		err = h.Validate()
	case fh != nil:
		err = fh.Validate()
	}
	if err != nil {
		l.refuse(ls, fault{telemetry.ReasonBadHistogram, fmt.Sprintf("histogram at %s: %s", timeText(t), err)})
	}
	return err != nil
}

// mayCreate reports whether a sample may begin a series: not a staleness marker,
// not one that the head would call too old, not beyond the limits.
func (l *scrapeLimits) mayCreate(ls labels.Labels, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram) bool {
	switch {
	case h != nil:
		v = h.Sum
	case fh != nil:
		v = fh.Sum
	}
	if value.IsStaleNaN(v) {
		l.w.metrics.ignored.Inc()
		return false
	}
	if err := l.labels(ls); err != nil {
		l.refuse(ls, *err)
		return false
	}
	if limit, have := l.w.limits.MaxSeries, l.g.numSeries(); have >= uint64(limit) {
		l.refuse(ls, *seriesLimitFault(limit, have))
		return false
	}
	if f := l.w.memory.mayCreate(); f != nil {
		l.refuse(ls, *f)
		return false
	}
	return true
}

// labels returns what is wrong with the labels of a new series, or nil.
func (l *scrapeLimits) labels(ls labels.Labels) *fault {
	_, f := l.maker.make(pairsOf(ls, nil))
	return f
}

// pairsOf appends labels to buf as if they had come off the wire.
func pairsOf(ls labels.Labels, buf []telemetry.Pair) []telemetry.Pair {
	ls.Range(func(x labels.Label) {
		buf = append(buf, telemetry.Pair{Name: []byte(x.Name), Value: []byte(x.Value)})
	})
	return buf
}
