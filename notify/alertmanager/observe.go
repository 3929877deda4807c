package alertmanager

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/common/model"
)

// Observed is an alert that others sent, as the incidents are told of it.
type Observed struct {
	Fingerprint  string
	Labels       map[string]string
	Annotations  map[string]string
	GeneratorURL string
	Since, At    time.Time
	Ended        bool
	// Receivers are those that it is routed to, each with whether it has
	// integrations that tell people.
	Receivers map[string]bool
}

// look notes that the incidents have to be told of an alert. The caller holds mu.
func (r *Router) look(e *entry) {
	if r.o.Observe == nil || e.origin != OriginReceived {
		return
	}
	r.unknown[e.fp] = true
}

// observeBatch bounds what one Tick tells the incidents, so that a storm does
// not keep groups from being told; observePart how many are told at once, so that
// it does not keep what comes in from the database for long.
const (
	observeBatch = 500
	observePart  = 50
)

// observe tells the incidents of alerts whose state has changed. Those that were
// refused are told again by the next Tick.
func (r *Router) observe(ctx context.Context, at time.Time) error {
	if r.o.Observe == nil {
		return nil
	}
	r.lookMu.Lock()
	defer r.lookMu.Unlock()
	for part := range slices.Chunk(r.toObserve(at), observePart) {
		list := make([]Observed, len(part))
		for i, o := range part {
			list[i] = o.Observed
		}
		if err := r.o.Observe(ctx, list); err != nil {
			r.metrics.observeErrors.Inc()
			return err
		}
		r.mu.Lock()
		for _, o := range part {
			r.looked(o, at)
		}
		r.mu.Unlock()
	}
	return nil
}

// looked notes that the incidents were told. The caller holds mu.
func (r *Router) looked(o toObserve, at time.Time) {
	e := r.alerts[o.fp]
	if e != nil && e.endedAt(at) != o.Ended {
		return // it has changed since and is told again
	}
	delete(r.unknown, o.fp)
	switch {
	case e != nil && o.Ended:
		e.observed = "resolved"
		r.forget(o.fp, e)
	case e != nil:
		e.observed = "firing"
	}
}

type toObserve struct {
	fp model.Fingerprint
	Observed
}

func (r *Router) toObserve(at time.Time) []toObserve {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []toObserve
	for fp := range r.unknown {
		e := r.alerts[fp]
		if e == nil {
			delete(r.unknown, fp)
			continue
		}
		if len(out) == observeBatch {
			r.signal()
			break
		}
		o := Observed{
			Fingerprint: fp.String(), Labels: stringMap(e.alert.Labels), Annotations: stringMap(e.alert.Annotations),
			GeneratorURL: e.alert.GeneratorURL, Since: e.alert.StartsAt, At: at, Ended: e.endedAt(at), Receivers: map[string]bool{},
		}
		if o.Ended && e.observed == "resolved" {
			delete(r.unknown, fp)
			continue
		}
		for _, route := range r.plan.root.Match(e.alert.Labels) {
			o.Receivers[route.RouteOpts.Receiver] = !r.plan.bare[route.RouteOpts.Receiver]
		}
		out = append(out, toObserve{fp: fp, Observed: o})
	}
	return out
}

// Receivers returns the receivers that an alert of the labels is routed to, each
// with whether it has integrations that tell people.
func (r *Router) Receivers(lset map[string]string) map[string]bool {
	r.mu.Lock()
	p := r.plan
	r.mu.Unlock()
	set := make(model.LabelSet, len(lset))
	for n, v := range lset {
		set[model.LabelName(n)] = model.LabelValue(v)
	}
	out := map[string]bool{}
	for _, route := range p.root.Match(set) {
		out[route.RouteOpts.Receiver] = !p.bare[route.RouteOpts.Receiver]
	}
	return out
}
