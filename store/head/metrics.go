package head

import "github.com/prometheus/client_golang/prometheus"

// figures are counters that are read where they are kept. They begin anew with each
// opening.
func (h *Head) figures() []prometheus.Collector {
	count := func(name, help string, labels prometheus.Labels, value func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, value)
	}
	unknown := func(kind string, n int64) prometheus.Collector {
		return count("tocsin_head_unknown_references_total", "Records of the log that were dropped at the start because the labels of their series are lost.",
			prometheus.Labels{"kind": kind}, func() float64 { return float64(n) })
	}
	u := h.replay.Unknown
	return []prometheus.Collector{
		unknown("sample", u.Samples), unknown("exemplar", u.Exemplars), unknown("metadata", u.Metadata),
		count("tocsin_head_overtaken_samples_total", "Samples of the log that stood behind newer ones of their series at the start.",
			nil, func() float64 { return float64(h.overtaken.Load()) }),
		count("tocsin_head_chunk_write_errors_total", "Times that the disk did not take a full chunk, which then stays in memory.",
			nil, func() float64 { return float64(h.files.failed.Load()) }),
	}
}

// register adds the figures to the registry, if there is one.
func (h *Head) register() error {
	if h.o.Registerer == nil {
		return nil
	}
	for _, c := range h.figures() {
		if err := h.o.Registerer.Register(c); err != nil {
			return err
		}
		h.registered = append(h.registered, c)
	}
	return nil
}

func (h *Head) unregister() {
	for _, c := range h.registered {
		h.o.Registerer.Unregister(c)
	}
	h.registered = nil
}

// Unknown returns of how many samples, exemplars and descriptions in the log the series
// was not known at Open, so that they were dropped.
func (h *Head) Unknown() int64 {
	u := h.replay.Unknown
	return u.Samples + u.Exemplars + u.Metadata
}
