package alertmanager

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// muteOf says what mutes an alert of the labels at the time: a maintenance
// window, a silence, or another alert. The caller holds mu.
func (r *Router) muteOf(lset model.LabelSet, at time.Time) notify.Mute {
	if w, in := r.plan.windows.InSet(lset, at); in {
		return notify.Mute{Reason: notify.MuteMaintenance, Detail: w.Name, Until: w.Until}
	}
	if s := r.o.Silences.Matching(lset, at); len(s) > 0 {
		return notify.Mute{Reason: notify.MuteSilence, Detail: s[0].ID + " by " + s[0].By + ": " + s[0].Comment, Until: s[0].Until}
	}
	if by, rule, ok := r.sources.inhibitor(lset, at); ok {
		detail := string(by.alert.Labels[model.AlertNameLabel]) + " (" + by.fp.String() + ")"
		if rule != "" {
			detail += " by rule " + rule
		}
		return notify.Mute{Reason: notify.MuteInhibited, Detail: detail}
	}
	return notify.Mute{}
}

// mutedByTime returns the time intervals that mute a group: those in which its
// route is muted, or all in which it is active when it is in none of them.
func (r *Router) mutedByTime(g *group, at time.Time) []string {
	opts := g.route.RouteOpts
	if len(opts.ActiveTimeIntervals) > 0 {
		// Names that are not defined were refused by the loader.
		if active, _, err := r.plan.intervener.Mutes(opts.ActiveTimeIntervals, at); err == nil && !active {
			return opts.ActiveTimeIntervals
		}
	}
	if len(opts.MuteTimeIntervals) > 0 {
		if muted, by, err := r.plan.intervener.Mutes(opts.MuteTimeIntervals, at); err == nil && muted {
			return by
		}
	}
	return nil
}

// Muted says whether a message may be told now. A message about a group was
// decided on when it was made and is not muted any more. An incident is muted
// while everything on it that burns is silenced, inhibited or in a maintenance
// window; one on which nothing burns is not, because ends are always told.
func (r *Router) Muted(_ context.Context, m notify.Message, _ string, at time.Time) (notify.Mute, error) {
	if m.Group != nil || m.Incident.State.Over() || m.Event.Kind.Ends() {
		return notify.Mute{}, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var first notify.Mute
	for _, o := range m.Incident.Occurrences {
		if o.Condition == incident.ConditionCleared || !o.Strong && anyStrong(m.Incident) {
			continue
		}
		mute := r.muteOf(labelsOf(o), at)
		if mute.Reason == "" {
			return notify.Mute{}, nil
		}
		if first.Reason == "" {
			first = mute
		}
		// It is told again when the first of them ends.
		if !mute.Until.IsZero() && (first.Until.IsZero() || mute.Until.Before(first.Until)) {
			first.Until = mute.Until
		}
	}
	return first, nil
}

// anyStrong reports whether something that may open an incident burns. What only
// stands beside it as evidence does not keep an incident from being muted.
func anyStrong(inc incident.Incident) bool {
	for _, o := range inc.Occurrences {
		if o.Strong && o.Condition != incident.ConditionCleared {
			return true
		}
	}
	return false
}

// labelsOf returns the labels that silences and windows see of an occurrence:
// its own, with service, environment, severity and alertname where it has none.
func labelsOf(o incident.Occurrence) model.LabelSet {
	out := make(model.LabelSet, len(o.Labels)+4)
	for n, v := range o.Labels {
		out[model.LabelName(n)] = model.LabelValue(v)
	}
	for n, v := range map[string]string{
		model.AlertNameLabel: o.Name, "service": o.Service, "environment": o.Environment, "severity": string(o.Severity),
	} {
		if _, ok := out[model.LabelName(n)]; !ok && strings.TrimSpace(v) != "" {
			out[model.LabelName(n)] = model.LabelValue(v)
		}
	}
	return out
}
