package trial

import (
	"context"
	"fmt"

	prules "github.com/prometheus/prometheus/rules"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rules"
)

// lookMost bounds how many incidents and anomalies one step looks at, newest first.
const lookMost = 1000

// world is what the expectations of one step look at.
type world struct {
	alerts    []rules.Alert // pending ones too
	incidents []incident.Incident
	anomalies []incident.Anomaly
	suspect   func(id string) (rca.Ranking, error)
	timeline  func(id string) ([]incident.Event, error)
}

func (p *player) world(ctx context.Context) (*world, error) {
	w := &world{alerts: p.core.Alerts()}
	for _, r := range p.core.Rules().AlertingRules() {
		for _, a := range r.ActiveAlerts() {
			if a.State == prules.StatePending && !w.has(rules.Fingerprint(a.Labels.Map())) {
				w.alerts = append(w.alerts, rules.Alert{
					Name: r.Name(), State: rules.AlertPending, Labels: a.Labels.Map(), Service: p.core.ServiceOf(a.Labels),
				})
			}
		}
	}
	var err error
	if w.incidents, err = p.core.Incidents().List(ctx, incident.Filter{Limit: lookMost}); err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	if w.anomalies, err = p.core.Anomalies().List(ctx, incident.AnomalyFilter{Open: true, Limit: lookMost}); err != nil {
		return nil, fmt.Errorf("list anomalies: %w", err)
	}
	w.suspect = func(id string) (rca.Ranking, error) {
		r, _, err := p.core.Rankings().Latest(ctx, id)
		return r, err
	}
	w.timeline = func(id string) ([]incident.Event, error) {
		_, events, err := p.core.Incidents().Get(ctx, id)
		return events, err
	}
	return w, nil
}

// has reports whether an alert that is firing or held has the fingerprint.
func (w *world) has(fingerprint string) bool {
	for _, a := range w.alerts {
		if a.Fingerprint == fingerprint {
			return true
		}
	}
	return false
}

// newest returns the newest incident of a service, or nil.
func (w *world) newest(service, environment string) *incident.Incident {
	var out *incident.Incident
	for i := range w.incidents {
		inc := &w.incidents[i]
		if (service == "" || inc.Service == service) && (environment == "" || inc.Environment == environment) &&
			(out == nil || inc.Opened.After(out.Opened)) {
			out = inc
		}
	}
	return out
}
