package notify

import (
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/incident"
)

// Router says which channels hear of a message. It is immutable and safe for
// concurrent use.
type Router struct {
	order    []string // channel names as configured
	defaults []string
	rules    map[string]routeRule
}

// routeRule is what one channel wants to hear.
type routeRule struct {
	min    int // least severity rank
	events map[incident.EventKind]bool
}

// Route is the router's word on one message. The slices are the caller's.
type Route struct {
	// Channels hear of the incident, in configured order.
	Channels []string
	// Announce holds those of Channels for which the event makes a message of
	// its own; for the rest it is at most a quiet update.
	Announce []string
	// Missing are names that the incident asks for and that are not configured.
	Missing []string
	// Reason says why Channels is empty: own_event, severity, receiver or no_channel.
	Reason string
}

// NewRouter returns a router over the channels of the given names. Settings of
// channels in cfg that are not among the names have no effect. Names in
// cfg.Default that are not among them are left out; Config.Validate and
// NewOutbox report them.
func NewRouter(cfg Config, names []string) Router {
	r := Router{order: slices.Clone(names), rules: make(map[string]routeRule, len(names))}
	for _, n := range names {
		r.rules[n] = cfg.rule(n)
	}
	for _, n := range cfg.Default {
		if _, ok := r.rules[n]; ok {
			r.defaults = append(r.defaults, n)
		}
	}
	if len(cfg.Default) == 0 {
		r.defaults = r.order
	}
	return r
}

// Missing returns those of the names that are not configured, each once, in
// the order given; nil when all are.
func (r Router) Missing(names []string) []string {
	var out []string
	for _, n := range names {
		if _, ok := r.rules[n]; !ok && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// Route decides on one message. The channels are those that the incident's
// occurrences name and that are configured; when there are none, the default
// channels, unless an occurrence is an alert that receivers of an Alertmanager
// configuration are told of: it names them, with ReceiverPrefix. Each may ask for a least severity; an incident of unknown severity
// passes, because a page too many is better than one too few. The timeline's
// own record of a delivery is never told.
func (r Router) Route(m Message) Route {
	if m.Event.Kind == incident.EventNotified {
		return Route{Reason: "own_event"}
	}
	var named []string
	elsewhere := false
	for _, o := range m.Incident.Occurrences {
		for _, n := range o.Channels {
			if strings.HasPrefix(n, ReceiverPrefix) {
				elsewhere = true
				continue
			}
			named = append(named, n)
		}
	}
	out := Route{Missing: r.Missing(named)}
	wanted := func(n string) bool { return slices.Contains(named, n) }
	if !slices.ContainsFunc(r.order, wanted) {
		if elsewhere {
			out.Reason = "receiver"
			return out
		}
		wanted = func(n string) bool { return slices.Contains(r.defaults, n) }
	}
	rank := m.Incident.Severity.Rank()
	out.Reason = "no_channel"
	for _, n := range r.order {
		if !wanted(n) {
			continue
		}
		rule := r.rules[n]
		if rank != 0 && rank < rule.min {
			out.Reason = "severity"
			continue
		}
		out.Channels = append(out.Channels, n)
		if rule.events[toldAs(m.Event.Kind)] {
			out.Announce = append(out.Announce, n)
		}
	}
	if len(out.Channels) > 0 {
		out.Reason = ""
	}
	return out
}

// announces reports whether a channel wants the event as a message of its own.
func (r Router) announces(channel string, k incident.EventKind) bool {
	return r.rules[channel].events[toldAs(k)]
}

// toldAs returns the kind by which channels choose an event: every end of an
// incident is one to them, and what a remedy has eased is in hand.
func toldAs(k incident.EventKind) incident.EventKind {
	switch {
	case k.Ends():
		return incident.EventResolved
	case k == incident.EventMitigated:
		return incident.EventAcked
	}
	return k
}
