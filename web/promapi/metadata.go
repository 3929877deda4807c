package promapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/model/metadata"
)

// metadata answers what the metrics are, by what targets of scrapes told and
// what senders did. Prometheus' own handler knows the targets only.
func (h *handler) metadata(w http.ResponseWriter, r *http.Request) {
	limit, err := number(r, "limit")
	if err != nil {
		h.refuse(w, badRequest, err.Error())
		return
	}
	each, err := number(r, "limit_per_metric")
	if err != nil {
		h.refuse(w, badRequest, err.Error())
		return
	}
	h.answer(w, h.known(r.FormValue("metric"), limit, each))
}

// number returns a parameter, -1 if it is not given.
func number(r *http.Request, name string) (int, error) {
	text := r.FormValue(name)
	if text == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s must be a number, got %q", name, text)
	}
	return n, nil
}

// known returns the metadata of a metric, of all with an empty name: at most
// limit metrics, the first by name, unless it is negative, and at most each
// different ones of each metric, unless it is not positive.
func (h *handler) known(metric string, limit, each int) map[string][]metadata.Metadata {
	all := map[string][]metadata.Metadata{}
	add := func(name string, m metadata.Metadata) {
		if have := all[name]; !slices.Contains(have, m) && (each <= 0 || len(have) < each) {
			all[name] = append(have, m)
		}
	}
	for _, pool := range h.opts.Targets.TargetsActive() {
		for _, t := range pool {
			if metric != "" {
				if m, ok := t.GetMetadata(metric); ok {
					add(m.MetricFamily, metadata.Metadata{Type: m.Type, Help: m.Help, Unit: m.Unit})
				}
				continue
			}
			for _, m := range t.ListMetadata() {
				add(m.MetricFamily, metadata.Metadata{Type: m.Type, Help: m.Help, Unit: m.Unit})
			}
		}
	}
	for name, list := range h.opts.Metadata(metric, limit) {
		for _, m := range list {
			add(name, m)
		}
	}
	if limit >= 0 && len(all) > limit {
		for _, name := range slices.Sorted(maps.Keys(all))[limit:] {
			delete(all, name)
		}
	}
	return all
}
