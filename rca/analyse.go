package rca

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	// contributes is the share of the first cause's score from which another is
	// named beside it, and mostContributing how many are.
	contributes      = 0.4
	mostContributing = 3
	mostAffected     = 20
	mostFixes        = 8
	// sureChange is the probability from which a change at another service than the
	// first suspect is the primary cause, unless that suspect is sure.
	sureChange = 0.5
)

// analyse puts the ranking of services and that of changes into one answer.
// findings are in order.
func (r *ranker) analyse(findings []Finding) *Analysis {
	q := r.inquiry
	a := &Analysis{EstimatedTimeToResolve: r.in.TimeToResolve}
	causes := r.causes(findings)
	first := -1
	i, c, byChange := r.changeFirst(findings, causes)
	if byChange {
		causes = append([]Cause{c}, slices.DeleteFunc(causes, func(x Cause) bool { return x.Service == c.Service })...)
		first = i
	} else if len(q.order) > 0 {
		first = q.order[0]
	}
	if !byChange {
		a.Unexplained = r.unexplained(causes)
	}
	if a.Unexplained == "" {
		a.PrimaryCause = &causes[0]
		for _, c := range causes[1:] {
			if len(a.ContributingFactors) < mostContributing && c.Kind != "" && c.Score >= contributes*causes[0].Score {
				a.ContributingFactors = append(a.ContributingFactors, c)
			}
		}
		a.Against = r.against(causes, findings)
	} else {
		first = -1
		for _, c := range causes[:min(len(causes), mostContributing)] {
			if c.Kind != "" {
				a.ContributingFactors = append(a.ContributingFactors, c)
			}
		}
	}
	a.AffectedServices = r.affected(first)
	a.SuggestedFixes = r.fixes(a.PrimaryCause)
	a.PreventionMeasures = r.prevention(a.PrimaryCause)
	a.fill()
	return a
}

// fill makes empty lists of absent ones, for readers of the JSON.
func (a *Analysis) fill() {
	a.ContributingFactors = append([]Cause{}, a.ContributingFactors...)
	a.AffectedServices = append([]Affected{}, a.AffectedServices...)
	a.SuggestedFixes = append([]Fix{}, a.SuggestedFixes...)
	a.PreventionMeasures = append([]Measure{}, a.PreventionMeasures...)
	a.Against = append([]Argument{}, a.Against...)
}

// causes are the suspects, each with its change if that is likelier than none.
func (r *ranker) causes(findings []Finding) []Cause {
	q := r.inquiry
	fits := map[string]bool{}
	for _, f := range findings {
		if f.Change == nil {
			break // the rows below it are less likely
		}
		fits[f.Change.ID] = true
	}
	var out []Cause
	for _, i := range q.order[:min(len(q.order), mostSuspects)] {
		c := q.cause(i)
		if c.Change != nil && !fits[c.Change.ID] {
			c.Change = nil
		}
		c.Title = title(c)
		out = append(out, c)
	}
	return out
}

// changeFirst returns the change that is the primary cause though its service is
// not the first suspect, as of a service that sends no telemetry.
func (r *ranker) changeFirst(findings []Finding, causes []Cause) (node int, c Cause, ok bool) {
	top := findings[0]
	if top.Change == nil || top.Probability < sureChange {
		return 0, c, false
	}
	q := r.inquiry
	service := q.real(top.Change.Service)
	if len(causes) > 0 && (causes[0].Service == service || causes[0].Confidence == High) {
		return 0, c, false
	}
	ch := *top.Change
	at, known := q.at[service]
	c = Cause{Service: service, Kind: "change"}
	if known {
		c = q.cause(at)
		c.Kind = cmp.Or(c.Kind, "change")
	} else {
		at = -1
	}
	c.Change, c.Probability, c.Confidence = &ch, top.Probability, band(top.Probability)
	if len(c.Evidence) == 0 {
		c.Evidence = top.Evidence
	}
	c.Title = title(c)
	return at, c, true
}

// cause describes one node.
func (q *inquiry) cause(i int) Cause {
	w := &q.all[i]
	c := Cause{Service: q.names[i], Score: w.score, Probability: q.probability[i], Confidence: band(q.probability[i]),
		Path: q.path(i, q.distance, q.before)}
	if w.loaded > 0 {
		c.Kind = w.kind.String()
	}
	if ch := q.changed[i]; ch != nil {
		same := *ch
		c.Change = &same
	}
	// The kind that says most comes first.
	shown := slices.Clone(w.gauges)
	slices.SortStableFunc(shown, func(a, b gauge) int { return cmp.Compare(w.share[b.kind], w.share[a.kind]) })
	for _, g := range shown[:min(len(shown), maxEvidence)] {
		c.Evidence = append(c.Evidence, evidence([]shift{g.shift})...)
	}
	for _, k := range []kind{kindLogs, kindCalls} {
		if w.by[k] > 0 {
			c.Evidence = append(c.Evidence, Evidence{Service: c.Service, Source: map[kind]string{kindLogs: SourceTemplate, kindCalls: SourceCalls}[k],
				Basis: Inferred, Text: fmt.Sprintf("%s than in quiet times (%.1f beyond what is usual, in units of evidence)", traits[k].words, w.by[k])})
		}
	}
	if w.loaded > 0 && w.own > w.loaded {
		c.Evidence = append(c.Evidence, Evidence{Service: c.Service, Basis: Inferred, Text: "it changed shortly before the onset, which makes what it shows weigh more"})
	}
	c.Onset = w.began()
	return c
}

// began is when the first of a node's series was odd, zero if none was for long.
func (w *weighed) began() time.Time {
	var at time.Time
	for _, g := range w.gauges {
		if !g.onset.IsZero() && (at.IsZero() || g.onset.Before(at)) {
			at = g.onset
		}
	}
	return at
}

func title(c Cause) string {
	what := c.Service
	if c.Change != nil {
		what = c.Change.Title()
	}
	for _, t := range traits {
		if t.name == c.Kind {
			return what + ": " + t.words
		}
	}
	return what
}

// unexplained says why no cause is named, "" when one is.
func (r *ranker) unexplained(causes []Cause) string {
	q := r.inquiry
	switch {
	case len(r.in.Series) == 0 && r.in.Unread != "":
		return fmt.Sprintf("the series could not be read (%s)", r.in.Unread)
	case len(causes) == 0, causes[0].Kind == "":
		return "no series of any service does what it does not do in quiet times too"
	case causes[0].Probability < q.unknown:
		return fmt.Sprintf("the evidence for %s, the first suspect, is weak: a cause that was not looked at is as likely (%.0f%% against %.0f%%)",
			causes[0].Service, 100*q.unknown, 100*causes[0].Probability)
	}
	return ""
}

// affected are the services that show the incident and depend on the first cause,
// the incident's own first, then by when they were first odd.
func (r *ranker) affected(first int) []Affected {
	q := r.inquiry
	var out []Affected
	for i := range q.all {
		w := &q.all[i]
		if i != q.start && w.loaded <= 0 {
			continue
		}
		x := Affected{Service: q.names[i], Onset: w.began()}
		if first >= 0 {
			distance, before := q.depends(i)
			if x.Path = q.path(first, distance, before); x.Path == nil && i != q.start {
				continue
			}
		} else if i != q.start && q.distance[i] < 0 {
			continue
		}
		for _, g := range w.gauges[:min(len(w.gauges), 2)] {
			x.Shows = append(x.Shows, evidence([]shift{g.shift})...)
		}
		out = append(out, x)
	}
	own := ""
	if q.start >= 0 {
		own = q.names[q.start]
	}
	slices.SortStableFunc(out, func(a, b Affected) int {
		switch {
		case a.Service == own || b.Service == own:
			return cmp.Compare(truth(b.Service == own), truth(a.Service == own))
		case a.Onset.IsZero() != b.Onset.IsZero():
			return cmp.Compare(truth(a.Onset.IsZero()), truth(b.Onset.IsZero()))
		}
		return cmp.Or(a.Onset.Compare(b.Onset), cmp.Compare(a.Service, b.Service))
	})
	return out[:min(len(out), mostAffected)]
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// against gathers what speaks against the first cause.
func (r *ranker) against(causes []Cause, findings []Finding) []Argument {
	q, first := r.inquiry, causes[0]
	var out []Argument
	say := func(basis, format string, args ...any) {
		out = append(out, Argument{Text: fmt.Sprintf(format, args...), Basis: basis})
	}
	if len(causes) > 1 && causes[1].Score >= 0.8*first.Score {
		say(Inferred, "%s is nearly as suspect: %.1f against %.1f of 3", causes[1].Service, causes[1].Score, first.Score)
	}
	if q.start >= 0 && q.connected && first.Path == nil {
		say(Observed, "no way is known by which %s depends on %s", q.names[q.start], first.Service)
	}
	for _, c := range causes[1:] {
		if c.Score >= contributes*first.Score && !c.Onset.IsZero() && first.Onset.Sub(c.Onset) > r.in.Step {
			say(Observed, "%s was odd %s before %s was", c.Service, words(first.Onset.Sub(c.Onset)), first.Service)
		}
	}
	if at, known := q.at[first.Service]; known && q.all[at].kindsShown() == 1 {
		say(Observed, "only one kind of evidence points at it")
	}
	switch ch := first.Change; {
	case ch == nil && len(r.in.Changes) > 0:
		say(Observed, "no change of %s fits, while %d changes were made around the onset", first.Service, len(r.in.Changes))
	case ch == nil:
		say(Observed, "no change of %s is known", first.Service)
	default:
		for _, f := range findings {
			if f.Change == nil || f.Change.ID != ch.ID {
				continue
			}
			for _, t := range f.Terms {
				if t.Points <= -0.5 && t.Name != "prior" {
					say(Observed, "%s: %s", ch.Title(), t.Text)
				}
			}
		}
	}
	if r.in.Unread != "" {
		say(Observed, "not all series could be read (%s)", r.in.Unread)
	}
	return out
}

// kindsShown counts the kinds of evidence of a node.
func (w *weighed) kindsShown() int {
	n := 0
	for _, x := range w.by {
		if x > 0 {
			n++
		}
	}
	return n
}

// observed makes evidence of a shift.
func observed(s shift) Evidence {
	return Evidence{Service: s.series.Service, Source: cmp.Or(s.series.Source, SourceMetric), Basis: Observed,
		Signal: s.series.Signal, Unit: s.series.Unit, Before: telemetry.Number(s.before), After: telemetry.Number(s.after),
		Z: telemetry.Number(s.z), Query: s.series.Query, Onset: s.onset}
}
