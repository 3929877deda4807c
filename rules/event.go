package rules

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"

	"github.com/tocsinhq/tocsin/telemetry"
)

// pendingEvent is an event whose rule wants it to last before it fires.
type pendingEvent struct {
	alert Alert
	due   time.Time
}

// seen is the newest change that began or ended an event alert.
type seen struct {
	at     time.Time
	id     string
	status telemetry.ChangeStatus
}

// Change tells the engine of a change event, new or updated, at the event time
// at. Alerts such as `deployment_status == failed` of its kind and service fire
// at once, or when their duration has passed without a later change; they are
// resolved by a later change of the same kind, service and environment that
// succeeded or was rolled back. Changes older than one already seen are ignored
// and counted, and a change seen before is not told again.
func (e *Engine) Change(ctx context.Context, c telemetry.Change, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.publish()
	defer e.remember(ctx)
	e.gauges.changes.Inc()
	e.handOn(ctx, e.change(c, at, false))
}

// ResumeChanges takes up changes that were handed to Change before a restart,
// in any order. No alert fires by it: those that were firing come from Resume,
// what still waits for its duration goes on waiting, and a repetition of an old
// change is known as one. An alert of Resume that one of the changes ended is
// resolved. Call it after Load and Resume.
func (e *Engine) ResumeChanges(ctx context.Context, changes []telemetry.Change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.publish()
	ordered := slices.Clone(changes)
	slices.SortStableFunc(ordered, func(a, b telemetry.Change) int { return reached(a).Compare(reached(b)) })
	var out []Alert
	for _, c := range ordered {
		out = append(out, e.change(c, reached(c), true)...)
	}
	e.handOn(ctx, out)
}

// reached returns the time at which a change came to its status.
func reached(c telemetry.Change) time.Time {
	if !c.Finished.IsZero() {
		return c.Finished
	}
	return c.Started
}

// change applies one change to all event rules. With quiet it fires nothing.
func (e *Engine) change(c telemetry.Change, at time.Time, quiet bool) []Alert {
	var out []Alert
	for _, r := range e.events {
		begins := c.Status == r.Condition.Event.Status
		if r.Condition.Event.Kind != c.Kind || !r.Concerns(c.Service) || !begins && !ends(r.Condition.Event.Status, c.Status) {
			continue
		}
		alert := e.eventAlert(r, c, at)
		fp := alert.Fingerprint
		now, last := seen{reached(c), c.ID, c.Status}, e.latest[fp]
		if last.at.After(now.at) {
			e.gauges.late.Inc()
			continue
		}
		e.latest[fp] = now
		x := e.entries.get(r.Name, fp)
		switch {
		case !begins:
			delete(e.pending, fp)
			if x != nil {
				x.alert.Annotations = alert.Annotations
				ended := e.resolve(x, at, "")
				ended.Summary = alert.Summary
				out = append(out, ended)
			}
		case x != nil || e.pending[fp] != nil || last.at.Equal(now.at) && last.id == now.id && last.status == now.status:
			// told before
		case r.Duration > 0:
			e.pending[fp] = &pendingEvent{alert: alert, due: alert.Since.Add(r.Duration)}
		case !quiet:
			out = append(out, e.fireEvent(alert))
		}
	}
	return out
}

// ends reports whether a change that reached status next ends an alert on the
// status was. A failure is ended by a success or by a roll-back, not by the
// start of another attempt; a start by any end; the rest by anything else.
func ends(was, next telemetry.ChangeStatus) bool {
	switch was {
	case telemetry.StatusFailed:
		return next == telemetry.StatusSucceeded || next == telemetry.StatusRolledBack
	case telemetry.StatusRolledBack:
		return next == telemetry.StatusSucceeded
	default:
		return next != was
	}
}

func (e *Engine) fireEvent(a Alert) Alert {
	e.entries.put(&entry{alert: a, event: true, sent: a.At})
	e.gauges.transition(AlertFiring)
	return a
}

// promoteEvents fires the events whose duration has passed.
func (e *Engine) promoteEvents(ctx context.Context, now time.Time) {
	var out []Alert
	for fp, p := range e.pending {
		if !slices.ContainsFunc(e.events, func(r AlertRule) bool { return eventConcerns(r, p.alert) }) {
			delete(e.pending, fp)
			continue
		}
		if now.Before(p.due) {
			continue
		}
		delete(e.pending, fp)
		if e.entries.get(p.alert.Name, fp) == nil {
			p.alert.At = now
			out = append(out, e.fireEvent(p.alert))
		}
	}
	e.handOn(ctx, out)
}

// nextEvent returns when the next pending event fires, or zero.
func (e *Engine) nextEvent() time.Time {
	var next time.Time
	for _, p := range e.pending {
		if next.IsZero() || p.due.Before(next) {
			next = p.due
		}
	}
	return next
}

// eventConcerns reports whether an alert can be one of the event rule.
func eventConcerns(r AlertRule, a Alert) bool {
	if a.Name != r.Name || a.Labels["severity"] != r.Severity || !r.Concerns(a.Service) {
		return false
	}
	for k, v := range r.Labels {
		if a.Labels[k] != v {
			return false
		}
	}
	return true
}

// eventStatus returns the status that the event rule of the name waits for.
func (e *Engine) eventStatus(name string) telemetry.ChangeStatus {
	for _, r := range e.events {
		if r.Name == name {
			return r.Condition.Event.Status
		}
	}
	return ""
}

// eventAlert is the alert of a rule for the service and environment of a
// change. Its labels do not name the change, so that the next one of the same
// service is about the same alert.
func (e *Engine) eventAlert(r AlertRule, c telemetry.Change, at time.Time) Alert {
	l := maps.Clone(r.Labels)
	if l == nil {
		l = map[string]string{}
	}
	l["alertname"], l["severity"], l["service"] = r.Name, r.Severity, c.Service
	if c.Environment != "" {
		l["environment"] = c.Environment
	}
	notes := e.expand(r, l, at)
	for k, v := range map[string]string{
		"change": c.ID, "change_title": c.Title(), "change_author": c.Author, "change_link": c.Link,
		"change_version": c.VersionTo, "change_summary": c.Summary,
	} {
		if v != "" {
			notes[k] = v
		}
	}
	said := c.Title() + " " + statusWords(c.Status)
	if own := notes["summary"]; own != "" && c.Status == r.Condition.Event.Status {
		said = own
	}
	return Alert{
		Fingerprint: Fingerprint(l), Name: r.Name, Service: c.Service, Environment: c.Environment,
		Severity: r.Severity, State: AlertFiring, Since: reached(c), At: at, Value: unknown, Threshold: unknown, Shadow: r.Shadow,
		Expr: r.Explain(), Labels: l, Annotations: notes, Channels: slices.Clone(r.Channels), Source: r.Source(),
		Summary: said,
	}
}

// expand fills in the templates of the annotations of an event rule.
func (e *Engine) expand(r AlertRule, l map[string]string, at time.Time) map[string]string {
	out := make(map[string]string, len(r.Annotations)+4)
	data := template.AlertTemplateData(l, e.opts.ExternalLabels.Map(), e.opts.ExternalURL.String(), promql.Sample{F: 1})
	const words = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
	for k, text := range r.Annotations {
		x := template.NewTemplateExpander(context.Background(), words+text, "__alert_"+r.Name, data,
			model.TimeFromUnixNano(at.UnixNano()), template.QueryFunc(e.query), e.opts.ExternalURL, nil)
		expanded, err := x.Expand()
		if err != nil {
			expanded = fmt.Sprintf("<error expanding template: %v>", err)
			e.log.Warn("template of an annotation failed", "alert", r.Name, "annotation", k, "err", err)
		}
		out[k] = expanded
	}
	return out
}

func statusWords(s telemetry.ChangeStatus) string {
	if s == telemetry.StatusRolledBack {
		return "was rolled back"
	}
	return string(s)
}
