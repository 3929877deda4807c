package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/client"
)

type incidentCommand struct {
	List    incidentList    `cmd:"" help:"List incidents, open ones first."`
	Show    incidentShow    `cmd:"" help:"Show one incident: figures, suspects with every term, timeline, who was told."`
	Ack     incidentAck     `cmd:"" help:"Say that somebody is on it."`
	Resolve incidentResolve `cmd:"" help:"Say that it is over."`
	Export  incidentExport  `cmd:"" help:"Write an incident with the samples, rules, settings and changes that it came of to a file that can be run again."`

	Feedback incidentFeedback `cmd:"" help:"Say whether the cause was right, that it was a false alarm, or that it is expected."`

	Mitigate      incidentMitigate      `cmd:"" help:"Say that users are spared, although the cause may still be there."`
	Close         incidentClose         `cmd:"" help:"Say that it is over for good: what comes back opens another."`
	FalsePositive incidentFalsePositive `cmd:"" help:"Say that nothing was wrong."`
	Merge         incidentMerge         `cmd:"" help:"Make two incidents one, the older of them."`
	Split         incidentSplit         `cmd:"" help:"Give an occurrence an incident of its own."`
}

type incidentList struct {
	remoteFlags
	State   string `enum:"candidate,open,acknowledged,mitigated,resolved,closed,merged,false_positive,expired,active,ended,all" default:"all" help:"Only incidents in this state; active and ended stand for several."`
	Service string `help:"Only incidents of this service."`
	Limit   int    `default:"50" help:"At most so many."`
}

func (c *incidentList) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	list, err := cl.Incidents(ctx, client.IncidentQuery{State: c.State, Service: c.Service, Limit: c.Limit})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, list)
	}
	if len(list.Incidents) == 0 {
		_, err := fmt.Fprintln(s.out, "no incidents")
		return err
	}
	rows := [][]string{{"ID", "STATE", "SEVERITY", "SERVICE", "ONSET", "TITLE", "FIRST SUSPECT"}}
	for _, i := range list.Incidents {
		suspect := ""
		if i.TopSuspect != nil {
			suspect = fmt.Sprintf("%s (%.0f%%)", i.TopSuspect.Title, 100*i.TopSuspect.Probability)
		}
		rows = append(rows, []string{i.ID, string(i.State), string(i.Severity), i.Service, local(i.Onset), i.Title, suspect})
	}
	if err := table(s.out, rows); err != nil {
		return err
	}
	if list.More {
		_, err = fmt.Fprintf(s.out, "... and more; --limit shows them\n")
	}
	return err
}

type incidentShow struct {
	remoteFlags
	ID string `arg:"" help:"Id of the incident."`
}

func (c *incidentShow) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	d, err := cl.Incident(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, d)
	}
	if err := showIncident(s.out, d); err != nil {
		return err
	}
	like, err := cl.Similar(ctx, c.ID)
	if err != nil {
		return err
	}
	showLikeness(s.out, like)
	return nil
}

// showIncident writes one incident for people.
func showIncident(w io.Writer, d web.IncidentDetail) error {
	i := d.Incident
	say(w, "%s\n%s, %s, service %s, since %s\n", i.Title, i.State, i.Severity, i.Service, local(i.Onset))
	if !i.Resolved.IsZero() {
		say(w, "%s %s\n", map[bool]string{true: "resolved", false: "ended"}[i.State == incident.StateResolved], local(i.Resolved))
	}
	showLinks(w, i)
	fmt.Fprintln(w, "\nWhat is seen")
	for _, o := range i.Occurrences {
		say(w, "  %-8s %s\n", o.Condition, o.Summary)
		if line := worstLine(o); line != "" {
			say(w, "           %s\n", line)
		}
	}
	if d.Ranking != nil {
		showAnalysis(w, d.Ranking.Analysis)
		fmt.Fprintln(w, "\nSuspects")
		for _, f := range d.Ranking.Findings {
			showFinding(w, f)
		}
	}
	fmt.Fprintln(w, "\nTimeline")
	for _, e := range d.Events {
		say(w, "  %s  %-12s %s (%s)\n", local(e.At), e.Kind, e.Text, e.Actor)
	}
	if len(d.Deliveries) > 0 {
		fmt.Fprintln(w, "\nWho was told")
	}
	for _, m := range d.Deliveries {
		say(w, "  %s  %-12s %s %s %s\n", local(m.Created), m.Channel, m.Event, m.State, m.Error)
	}
	return nil
}

// worstLine says how bad an occurrence was at worst, what was normal, and where
// it is now; "" when that is not known.
func worstLine(o incident.Occurrence) string {
	if o.Worst == nil {
		return ""
	}
	figure := func(v telemetry.Number) string { return telemetry.Figure(float64(v), o.Unit) }
	known := func(v telemetry.Number) bool { return !math.IsNaN(float64(v)) }
	s := "worst " + figure(o.Worst.Value) + " at " + local(o.Worst.At)
	if known(o.Worst.Expected) {
		s += ", expected " + figure(o.Worst.Expected)
	}
	if known(o.Worst.Lower) && known(o.Worst.Upper) {
		s += ", band " + figure(o.Worst.Lower) + " to " + figure(o.Worst.Upper)
	}
	if known(o.Threshold) {
		s += ", threshold " + figure(o.Threshold)
	}
	if known(o.Value) {
		s += "; now " + figure(o.Value)
	}
	return s
}

func showFinding(w io.Writer, f rca.Finding) {
	say(w, "  %3.0f %%  %s\n", 100*f.Probability, f.Title)
	for _, t := range f.Terms {
		say(w, "         %+5.1f  %-8s %s\n", t.Points, t.Name, t.Text)
	}
	for _, e := range f.Evidence {
		say(w, "                %s: %s before, %s since\n", e.Signal,
			telemetry.Figure(float64(e.Before), e.Unit), telemetry.Figure(float64(e.After), e.Unit))
	}
}

// actFlags are shared by what people do to an incident.
type actFlags struct {
	remoteFlags
	ID    string `arg:"" help:"Id of the incident."`
	Actor string `may-be-empty:"" help:"Who says so; your user name by default."`
	Note  string `may-be-empty:"" help:"A sentence for the timeline."`
}

func (f actFlags) act(ctx context.Context, s streams, do func(*client.Client) (incident.Incident, error)) error {
	cl, err := f.client()
	if err != nil {
		return err
	}
	i, err := do(cl)
	if err != nil {
		return err
	}
	if f.JSON {
		return printJSON(s.out, i)
	}
	return say(s.out, "%s is %s\n", i.ID, i.State)
}

func (f actFlags) actor() string {
	if f.Actor != "" {
		return f.Actor
	}
	return whoami()
}

type incidentAck struct{ actFlags }

func (c *incidentAck) Run(ctx context.Context, s streams) error {
	return c.act(ctx, s, func(cl *client.Client) (incident.Incident, error) { return cl.Ack(ctx, c.ID, c.actor(), c.Note) })
}

type incidentResolve struct{ actFlags }

func (c *incidentResolve) Run(ctx context.Context, s streams) error {
	return c.act(ctx, s, func(cl *client.Client) (incident.Incident, error) {
		return cl.Resolve(ctx, c.ID, c.actor(), c.Note)
	})
}

// local writes a time in the zone of the terminal.
func local(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
