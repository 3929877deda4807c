package app

import (
	"context"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/incident/resolving"
	"github.com/tocsinhq/tocsin/incident/similar"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/web"
)

// How the print of an incident is taken.
const (
	printBefore   = time.Hour // the quiet time that moves are measured against
	printMost     = time.Hour // after the onset; later is another story
	printServices = 20
	printEvery    = 30 * time.Second // least time between two measurements of one incident
	// suspectFrom is the probability from which a suspect is a part of the print,
	// causeFrom that from which it is called the cause.
	suspectFrom = 0.3
	causeFrom   = 0.5
)

// remember keeps what an incident looks like after an event, to compare others with.
// That it cannot be kept is logged and stops nobody.
func (c *Core) remember(ctx context.Context, rec incident.EventRecord) {
	if rec.Event.Kind == incident.EventNotified || rec.Event.Kind == incident.EventGap {
		return
	}
	if string(rec.Event.Kind) == stateFalse {
		c.chargeFalse(rec.Incident)
	}
	ctx, cancel := context.WithTimeout(ctx, c.rankTimeout)
	defer cancel()
	if err := c.print(ctx, rec); err != nil && ctx.Err() == nil {
		c.log.Warn("what an incident looks like could not be kept; later ones cannot be compared with it", "incident", rec.Incident.ID, "error", err)
	}
}

func (c *Core) print(ctx context.Context, rec incident.EventRecord) error {
	i := rec.Incident
	_, events, err := c.incidents.Get(ctx, i.ID)
	if err != nil {
		return err
	}
	// An event that is worked off late is not to tell of what came after it.
	events = slices.DeleteFunc(events, func(e incident.Event) bool { return e.Seq > rec.Event.Seq })
	r := similar.About(i, events)
	old, known, err := c.lessons.prints.Get(ctx, i.ID)
	if err != nil {
		return err
	}
	said, err := c.lessons.words.SaidFalse(ctx, i.ID)
	if err != nil {
		return err
	}
	r.False = r.False || said
	r.Print, r.Measured, r.Cause, r.Confirmed = old.Print, old.Measured, old.Cause, old.Confirmed
	again := reranks(rec.Event.Kind) && rec.Event.At.Sub(old.Measured) >= printEvery
	if !known || again || rec.Event.Kind == incident.EventResolved {
		if err := c.measure(ctx, &r, rec); err != nil {
			return err
		}
	}
	return c.lessons.prints.Save(ctx, r)
}

// measure takes the print of an incident from its occurrences, the signals of the
// services concerned, new lines of log and its suspects.
func (c *Core) measure(ctx context.Context, r *similar.Record, rec incident.EventRecord) error {
	i := rec.Incident
	r.Measured = rec.Event.At
	var e similar.Evidence
	services := []string{}
	add := func(name string) {
		if name != "" && len(services) < printServices && !slices.Contains(services, name) {
			services = append(services, name)
		}
	}
	add(i.Service)
	for _, o := range i.Occurrences {
		add(o.Service)
		if o.Source == incident.SourceAlert {
			e.Alerts = append(e.Alerts, o.Name)
		}
		if e.Entry == "" && o.Strong {
			if e.Entry = o.Signal; e.Entry == "" {
				e.Entry = o.Name
			}
		}
		if t := o.Labels["template"]; t != "" && o.Signal == incident.LogLines {
			e.Templates = append(e.Templates, o.Service+" "+t)
		}
	}
	ranking, _, err := c.rankings.Latest(ctx, i.ID)
	if err != nil {
		return err
	}
	for n, f := range ranking.Findings {
		if f.Change == nil || f.Probability < suspectFrom {
			continue
		}
		add(f.Change.Service)
		e.Changes = append(e.Changes, string(f.Change.Kind))
		if n == 0 && f.Probability >= causeFrom && !r.Confirmed {
			r.Cause = f.Title
		}
	}
	to := rec.Event.At
	if late := i.Onset.Add(printMost); to.After(late) {
		to = late
	}
	if len(services) > 0 && to.After(i.Onset) {
		quiet := i.Onset.Add(-printBefore)
		list, err := evidence{c}.SignalSeries(ctx, rca.SeriesQuery{Services: services, From: quiet, To: to, Step: max(c.engine.RateWindow()/4, 15*time.Second)})
		if err != nil {
			return err
		}
		for _, s := range rca.Shifts(list, quiet, i.Onset, to.Add(time.Millisecond)) {
			e.Moves = append(e.Moves, similar.Move{Service: s.Service, Signal: s.Signal, Z: s.Z})
		}
	}
	for _, s := range services {
		lines, known := newLines{c.lines.watch}.NewLines(s, i.Onset.Add(-time.Minute), to)
		for _, l := range lines {
			if known {
				e.Templates = append(e.Templates, s+" "+l.Text)
			}
		}
	}
	r.Print = similar.New(e)
	return nil
}

// rememberWord notes on the print of an incident what people said was its cause.
func (c *Core) rememberWord(ctx context.Context, f feedback.Feedback) {
	r, known, err := c.lessons.prints.Get(ctx, f.Incident)
	if err == nil && known {
		switch {
		case f.Right != "":
			r.Cause, r.Confirmed = titleOf(f.Rows, f.Right), true
		case r.Cause == titleOf(f.Rows, f.Cause):
			r.Cause, r.Confirmed = "", true // known not to be it, and nothing better
		}
		err = c.lessons.prints.Save(ctx, r)
	}
	if err != nil {
		c.log.Warn("the cause of an incident could not be kept for later ones", "incident", f.Incident, "error", err)
	}
}

// Likeness returns the past incidents that one resembles and how long it may last.
func (c *Core) Likeness(ctx context.Context, id string) (web.Likeness, error) {
	inc, _, err := c.incidents.Get(ctx, id)
	if err != nil {
		return web.Likeness{}, err
	}
	return c.likeness(ctx, inc, c.now())
}

func (c *Core) likeness(ctx context.Context, inc incident.Incident, at time.Time) (web.Likeness, error) {
	out := web.Likeness{Incident: inc.ID, Similar: []similar.Match{}}
	own, _, err := c.lessons.prints.Get(ctx, inc.ID)
	if err != nil {
		return out, err
	}
	past, err := c.lessons.prints.Past(ctx, inc.ID, inc.Opened)
	if err != nil {
		return out, err
	}
	ended := endedBefore(past, at)
	out.Compared = len(ended)
	out.Similar = similar.Nearest(own.Print, ended, similar.Most, similar.Cut)
	if len(out.Similar) == 0 {
		out.Nothing = "nothing similar among own past incidents"
	}
	for i := range out.Similar {
		out.Similar[i].Record.Print = nil // large, and of no use to readers
	}
	out.Estimates = c.estimates(inc, own, past, at)
	return out, nil
}

// endedBefore returns those that were over at a time, in a new slice.
func endedBefore(past []similar.Record, at time.Time) []similar.Record {
	return slices.DeleteFunc(slices.Clone(past), func(r similar.Record) bool { return r.Resolved.IsZero() || r.Resolved.After(at) })
}

// estimates predicts each stage of an incident that goes on.
func (c *Core) estimates(inc incident.Incident, own similar.Record, past []similar.Record, at time.Time) web.Estimates {
	stages := map[string][]resolving.Case{}
	ready := own.Ready()
	for _, r := range past {
		if r.False {
			continue
		}
		likeness, _ := ready.To(r.Ready())
		add := func(stage string, from, to time.Time) {
			k := resolving.Case{Service: r.Service, Severity: r.Severity, Similarity: likeness, Open: to.IsZero() || to.After(at)}
			if k.Open {
				if to = r.Resolved; to.IsZero() || to.After(at) {
					to = at // it goes on at least until now
				}
			}
			k.Lasted = max(to.Sub(from), 0)
			stages[stage] = append(stages[stage], k)
		}
		add("detect", r.Onset, r.Opened)
		add("ack", r.Opened, r.Acked)
		add("mitigate", r.Onset, r.Mitigated)
		add("resolve", r.Onset, r.Resolved)
	}
	tell := func(stage string, begun, done time.Time) web.StageEstimate {
		s := web.StageEstimate{}
		if !done.IsZero() {
			s.Took = web.Seconds(done.Sub(begun))
			return s
		}
		elapsed := max(at.Sub(begun), 0)
		f := resolving.Predict(resolving.Asked{Service: inc.Service, Severity: string(inc.Severity), Elapsed: elapsed}, stages[stage])
		s.BasedOn, s.Reason = f.BasedOn, f.Reason
		if f.Known() {
			s.P50, s.P80, s.P95 = web.Seconds(f.P50), web.Seconds(f.P80), web.Seconds(f.P95)
			s.Left50, s.Left80 = web.Seconds(resolving.Remaining(f.P50, elapsed)), web.Seconds(resolving.Remaining(f.P80, elapsed))
		}
		return s
	}
	mitigated := own.Mitigated
	if mitigated.IsZero() {
		mitigated = inc.Resolved
	}
	ack := web.StageEstimate{Reason: "nobody acknowledged it before it was over"}
	if inc.Resolved.IsZero() || !inc.Acked.IsZero() {
		ack = tell("ack", inc.Opened, inc.Acked)
	}
	return web.Estimates{
		Detect: tell("detect", inc.Onset, inc.Opened), Ack: ack,
		Mitigate: tell("mitigate", inc.Onset, mitigated), Resolve: tell("resolve", inc.Onset, inc.Resolved),
	}
}

// estimate is the estimate of a stage as root cause shows it, nil when it is over.
func estimate(s web.StageEstimate) *rca.Estimate {
	if s.Took != nil {
		return nil
	}
	return &rca.Estimate{P50: s.P50, P80: s.P80, P95: s.P95, BasedOn: s.BasedOn, Reason: s.Reason}
}
