package change

import "github.com/VictoriaMetrics/metrics"

type feedMetrics struct {
	created, updated, repeated *metrics.Counter
	invalid, pruned            *metrics.Counter
	inferred, joined           *metrics.Counter
	rollbacks                  *metrics.Counter
}

func newFeedMetrics(set *metrics.Set) feedMetrics {
	if set == nil {
		set = metrics.NewSet()
	}
	return feedMetrics{
		created:  set.GetOrCreateCounter(`tocsin_change_recorded_total{result="created"}`),
		updated:  set.GetOrCreateCounter(`tocsin_change_recorded_total{result="updated"}`),
		repeated: set.GetOrCreateCounter(`tocsin_change_recorded_total{result="repeated"}`),
		invalid:  set.GetOrCreateCounter(`tocsin_change_rejected_total{reason="invalid"}`),
		inferred: set.GetOrCreateCounter(`tocsin_change_inferred_total{result="created"}`),
		joined:   set.GetOrCreateCounter(`tocsin_change_inferred_total{result="joined"}`),

		rollbacks: set.GetOrCreateCounter(`tocsin_change_rollbacks_total`),
		pruned:    set.GetOrCreateCounter(`tocsin_change_pruned_total`),
	}
}
