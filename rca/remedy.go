package rca

import (
	"fmt"
	"strings"

	"github.com/tocsinhq/tocsin/telemetry"
)

// fixes are the change's undoing, what similar incidents and runbooks hold, and what
// follows from the kind of the cause.
func (r *ranker) fixes(c *Cause) []Fix {
	var out []Fix
	if c != nil && c.Change != nil {
		out = append(out, Fix{Title: undo(c.Change), Source: "change", Ref: c.Change.ID})
	}
	out = append(out, r.in.Fixes...)
	if c != nil {
		if text := byKind(c); text != "" {
			out = append(out, Fix{Title: text, Source: "rule", Ref: c.Kind})
		}
	}
	return out[:min(len(out), mostFixes)]
}

func undo(ch *telemetry.Change) string {
	switch ch.Kind {
	case telemetry.KindFlag:
		return "switch back the flag of " + ch.Service
	case telemetry.KindConfig:
		return "put back the configuration of " + ch.Service
	case telemetry.KindScale:
		return "scale " + ch.Service + " back"
	case telemetry.KindCertificate:
		return "check and replace the certificate of " + ch.Service
	case telemetry.KindSchema:
		return "undo the migration of " + ch.Service + ", if it can be undone without loss"
	}
	text := "roll back"
	if ch.VersionTo != "" {
		text += " " + ch.VersionTo + " of"
	}
	text += " " + ch.Service
	if ch.VersionFrom != "" {
		text += " to " + ch.VersionFrom
	}
	return text
}

// byKind is a first step for each kind of evidence.
func byKind(c *Cause) string {
	s := c.Service
	switch c.Kind {
	case "saturation":
		return "give " + s + " more instances or more of what it ran out of"
	case "network":
		return "check the network around " + s + ": the time is lost between its clients and itself"
	case "restarts":
		return "see why " + s + " restarts: how it last ended, and its memory limit"
	case "latency", "self_time":
		return "see what " + s + " does in the time that it spends: a profile, its slowest operations"
	case "errors", "logs":
		return "read what " + s + " has logged since " + since(c)
	case "calls":
		return "see which calls " + s + " makes no longer, or makes more often"
	case "traffic":
		return "limit or spread the load on " + s
	}
	return ""
}

func since(c *Cause) string {
	if c.Onset.IsZero() {
		return "the onset"
	}
	return c.Onset.UTC().Format("15:04:05 UTC")
}

// prevention names the guards that were missing. What is known to have been there
// is left out; what nothing is known of is named as a conclusion.
func (r *ranker) prevention(c *Cause) []Measure {
	if c == nil {
		return nil
	}
	var out []Measure
	guard := func(there, known bool, title, missing, unknown string) {
		switch {
		case there:
		case known:
			out = append(out, Measure{Title: title, Reason: missing, Basis: Observed})
		default:
			out = append(out, Measure{Title: title, Reason: unknown, Basis: Inferred})
		}
	}
	g := &r.in.Guards
	if ch := c.Change; ch != nil {
		canary, known := g.Canary[ch.ID]
		guard(canary, known, "send changes of "+ch.Service+" to a part of its users first",
			ch.Title()+" went to all users at once", "it is not known that "+ch.Title()+" went to a part of its users first")
		verdict, known := g.Verdict[ch.ID]
		guard(verdict != "", known, "wait for the verdict on changes of "+ch.Service+" before they go on",
			"nobody waited for the verdict on "+ch.Title(), "it is not known that anybody waited for the verdict on "+ch.Title())
		back, known := g.Rollback[ch.ID]
		guard(back, known, "let failed changes of "+ch.Service+" go back by themselves",
			ch.Title()+" did not go back by itself", "it is not known that "+ch.Title()+" would go back by itself")
	}
	if e, ok := firstMoved(c.Evidence); ok {
		guard(g.Watched[e.Signal], g.Watched != nil, fmt.Sprintf("alert on %s of %s", quoted(e), e.Service),
			"it moved first and no alert watches it", "it moved first; it is not known that an alert watches it")
	}
	if c.Kind == "saturation" || c.Kind == "restarts" {
		guard(g.Limited[c.Service], g.Limited != nil, "limit what "+c.Service+" may use, and what may be asked of it",
			c.Service+" has no limits", "it is not known that "+c.Service+" has limits")
	}
	if c.Kind == "traffic" {
		guard(g.Limited[c.Service], g.Limited != nil, "limit the load that one caller may put on "+c.Service,
			c.Service+" has no limits", "it is not known that "+c.Service+" has limits")
	}
	return out
}

// firstMoved is the series that was odd first, the strongest of equals.
func firstMoved(list []Evidence) (e Evidence, ok bool) {
	for _, x := range list {
		if x.Signal != "" && !x.Onset.IsZero() && (!ok || x.Onset.Before(e.Onset)) {
			e, ok = x, true
		}
	}
	return e, ok
}

// quoted names a signal as it stands, and a template or an operation in quotes.
func quoted(e Evidence) string {
	if e.Source == SourceTemplate || strings.ContainsAny(e.Signal, " /") {
		return fmt.Sprintf("%q", e.Signal)
	}
	return e.Signal
}
