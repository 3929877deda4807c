package rca

import (
	"time"

	"github.com/VictoriaMetrics/metrics"
)

type rankerMetrics struct {
	made, failed         *metrics.Counter
	unread, changesLimit *metrics.Counter
	seconds              *metrics.Histogram
}

func newRankerMetrics(set *metrics.Set) rankerMetrics {
	if set == nil {
		set = metrics.NewSet()
	}
	return rankerMetrics{
		made:         set.GetOrCreateCounter(`tocsin_rca_rankings_total{result="made"}`),
		failed:       set.GetOrCreateCounter(`tocsin_rca_rankings_total{result="failed"}`),
		unread:       set.GetOrCreateCounter(`tocsin_rca_dropped_total{reason="series_unread"}`),
		changesLimit: set.GetOrCreateCounter(`tocsin_rca_dropped_total{reason="changes_limit"}`),
		seconds:      set.GetOrCreateHistogram(`tocsin_rca_ranking_seconds`),
	}
}

// wallClock times rankings for the metric; what is decided depends on the query.
func wallClock() time.Time { return time.Now() }
