package rerun

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/telemetry"
)

// quiet is the channel that gets what no alert routes elsewhere.
const quiet = "replay"

// silent is a channel that takes everything and tells nobody.
type silent string

func (s silent) Name() string { return string(s) }

// Send keeps the message to itself.
func (silent) Send(_ context.Context, _ notify.Message, t notify.Thread) (notify.Thread, error) {
	return t, nil
}

// channels names every channel that a rule routes to, and quiet.
func (p *player) channels() []string {
	out := []string{quiet}
	add := func(names []string) {
		for _, n := range names {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	for _, f := range p.set.Alerts {
		for _, a := range f.Alerts {
			add(a.Channels)
		}
	}
	for _, f := range p.set.SLOs {
		for _, o := range f.Objectives {
			add(o.Channels)
		}
	}
	return out
}

// told is one report of a change: what was known of it when.
type told struct {
	at     time.Time
	change telemetry.Change
}

// reports puts the changes into the order in which they became known: a change that was
// received before it had ended was told of twice.
func reports(list []telemetry.Change) []told {
	var out []told
	for _, c := range list {
		known := c.Received
		if known.IsZero() {
			known = c.Started
		}
		if !c.Finished.IsZero() && c.Finished.After(known) {
			began := c
			began.Finished, began.Status = time.Time{}, telemetry.StatusStarted
			out = append(out, told{known, began})
			known = c.Finished
		}
		out = append(out, told{known, c})
	}
	slices.SortStableFunc(out, func(a, b told) int { return a.at.Compare(b.at) })
	return out
}

// play moves time tick by tick: what came in since the last tick, then the core's step.
func (p *player) play(ctx context.Context) (Report, error) {
	points, lines, changes, acts := p.c.Window(), p.c.Lines, reports(p.c.Changes), p.c.Acts
	end := p.c.Head.To
	var match template.Match
	var b telemetry.Batch
	for last := false; !last; p.now = earliest(p.now.Add(p.tick), end) {
		last = !p.now.Before(end)
		n := 0
		for n < len(points) && points[n].Sample.T <= p.now.UnixMilli() {
			n++
		}
		if err := p.write(ctx, &b, points[:n]); err != nil {
			return Report{}, err
		}
		points = points[n:]
		for len(lines) > 0 && !lines[0].At.After(p.now) {
			l := lines[0]
			p.core.MineLog(l.Service, l.Severity, nil, []byte(l.Body), l.At.UnixNano(), &match)
			lines = lines[1:]
		}
		for len(changes) > 0 && !changes[0].at.After(p.now) {
			if _, _, err := p.core.RecordChange(ctx, changes[0].change, changes[0].at); err != nil {
				return Report{}, fmt.Errorf("record change %s: %w", changes[0].change.ID, err)
			}
			changes = changes[1:]
		}
		if err := p.core.Step(ctx, p.now); err != nil {
			return Report{}, fmt.Errorf("step at %s: %w", p.now.Format(time.RFC3339), err)
		}
		// What a person did is done after the step that may have opened the incident, and
		// waits for one that opens a little later than it did then.
		for len(acts) > 0 && !acts[0].At.After(p.now) {
			done, err := p.act(ctx, acts[0])
			if err != nil {
				return Report{}, err
			}
			if !done && p.now.Sub(acts[0].At) <= p.o.Tolerance {
				break
			}
			acts = acts[1:]
		}
		if ctx.Err() != nil {
			return Report{}, ctx.Err()
		}
	}
	return p.report(ctx)
}

// write hands samples to the core as one request.
func (p *player) write(ctx context.Context, b *telemetry.Batch, points []capture.Point) error {
	if len(points) == 0 {
		return nil
	}
	b.Reset()
	for _, x := range points {
		s := b.Next()
		x.Series.Labels.Range(func(l labels.Label) {
			s.Labels = append(s.Labels, telemetry.Pair{Name: []byte(l.Name), Value: []byte(l.Value)})
		})
		s.Samples = append(s.Samples, x.Sample)
	}
	res, err := p.core.Write(ctx, b)
	if err != nil {
		return fmt.Errorf("write at %s: %w", p.now.Format(time.RFC3339), err)
	}
	if n := res.RefusedTotal(); n > 0 {
		return fmt.Errorf("write at %s: %d samples were refused, the first: %s", p.now.Format(time.RFC3339), n, res.Rejected[0].Message)
	}
	return nil
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// act does what a person did, and says whether there was an incident of the service to
// do it to.
func (p *player) act(ctx context.Context, a capture.Act) (bool, error) {
	list, err := p.core.Incidents().List(ctx, incident.Filter{Service: a.Service, Limit: 1})
	if err != nil || len(list) == 0 || !list[0].Resolved.IsZero() {
		return false, err
	}
	m := p.core.Incidents()
	do, known := map[string]func(context.Context, string, string, string, time.Time) (incident.Incident, error){
		"ack": m.Ack, "mitigate": m.Mitigate, "resolve": m.Resolve, "close": m.Close, "false_positive": m.FalsePositive,
	}[a.Verb]
	if !known {
		return false, fmt.Errorf("play what a person did: %q is none of %s", a.Verb, strings.Join(capture.Verbs(), ", "))
	}
	_, err = do(ctx, list[0].ID, a.Actor, "", a.At)
	return err == nil, err
}

// assignment turns "a.b=c" into YAML. The value is taken as YAML is.
func assignment(s string) (string, error) {
	path, value, ok := strings.Cut(s, "=")
	keys := strings.Split(path, ".")
	if !ok || slices.ContainsFunc(keys, func(k string) bool { return k == "" || strings.ContainsAny(k, " \t\n:#{}[]\"'") }) {
		return "", fmt.Errorf("--set: want a setting such as incidents.resolve_after=1m, got %q", s)
	}
	var b strings.Builder
	for n, k := range keys {
		fmt.Fprintf(&b, "%s%s:", strings.Repeat("  ", n), k)
		if n < len(keys)-1 {
			b.WriteString("\n")
		}
	}
	return b.String() + " " + strings.ReplaceAll(value, "\n", " ") + "\n", nil
}
