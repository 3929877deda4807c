package story

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
)

// checks holds the assertions of a script while it is played.
type checks struct {
	s     *Script
	state []checkState             // by index of Script.Expects
	seen  int                      // messages already looked at
	total int                      // incidents ever seen
	count func(service string) int // changes, as of the last step
}

type checkState struct {
	held bool   // at some step inside its range
	last string // what was there instead, at the last step inside the range
}

func newChecks(s *Script) *checks {
	return &checks{s: s, state: make([]checkState, len(s.Expects))}
}

// world is what the assertions of one moment look at.
type world struct {
	incidents []incident.Incident
	anomalies []incident.Anomaly
	alerts    map[string]string // "name service" -> state
	ranking   func(id string) (rca.Ranking, error)
	timeline  func(id string) ([]incident.Event, error)
	verdict   func(service, version string) (string, error)
	changes   func(service string) ([]string, error)
	learned   func(words []string, latest *incident.Incident) (bool, string, error)
	fresh     []sent // messages sent since the last step
}

// at evaluates every assertion whose range covers the offset. A message
// assertion is about messages sent in this step.
func (c *checks) at(ctx context.Context, now time.Duration, core *app.Core, b *book) error {
	w := &world{alerts: map[string]string{}}
	var err error
	if w.incidents, err = core.Incidents().List(ctx, incident.Filter{Limit: 1000, NeverOpened: true}); err != nil {
		return err
	}
	if w.anomalies, err = core.Anomalies().List(ctx, incident.AnomalyFilter{Limit: 1000}); err != nil {
		return err
	}
	for _, a := range core.Alerts() {
		w.alerts[a.Name+" "+a.Service] = string(a.State)
	}
	w.ranking = func(id string) (rca.Ranking, error) {
		r, _, err := core.Rankings().Latest(ctx, id)
		return r, err
	}
	w.verdict = func(service, version string) (string, error) { return word(ctx, core, service, version) }
	w.changes = func(service string) ([]string, error) { return c.s.changeLines(ctx, core, service) }
	c.count = func(service string) int {
		lines, err := w.changes(service)
		if err != nil {
			return -1
		}
		return len(lines)
	}
	w.learned = func(words []string, latest *incident.Incident) (bool, string, error) {
		return learnedHolds(ctx, core, words, latest)
	}
	c.total = 0
	for _, i := range w.incidents {
		if !i.NeverOpened {
			c.total++
		}
	}
	w.timeline = func(id string) ([]incident.Event, error) {
		_, events, err := core.Incidents().GetOwn(ctx, id)
		return events, err
	}
	w.fresh, c.seen = b.since(c.seen)
	for i, e := range c.s.Expects {
		if e.Total || !c.covers(e, now) {
			continue
		}
		ok, got, err := w.holds(e.Words)
		if err != nil {
			return err
		}
		c.state[i].held = c.state[i].held || ok
		c.state[i].last = got
	}
	return nil
}

// covers says whether an assertion is about this step. A single moment is the
// first step at or after it.
func (c *checks) covers(e Expect, now time.Duration) bool {
	if e.From == e.To {
		return now >= e.From && now-e.From < c.s.Tick
	}
	return now >= e.From && now <= e.To
}

// holds says whether an assertion is true now, and what was there.
func (w *world) holds(words []string) (bool, string, error) {
	switch words[0] {
	case "alert":
		got := w.alerts[words[1]+" "+words[2]]
		if got == "" {
			got = "none"
		}
		return got == words[3], "alert is " + got, nil
	case "incident":
		got := "none"
		if inc := w.latest(words[1]); inc != nil {
			got = string(inc.State)
		}
		return got == words[2], "incident is " + got, nil
	case "timeline":
		return w.told(words[1], words[2], words[3])
	case "anomaly":
		var names []string
		for _, a := range w.anomalies {
			if a.Service == words[1] {
				if a.Name == words[2] {
					return true, "", nil
				}
				names = append(names, a.Name)
			}
		}
		return false, fmt.Sprintf("anomalies of %s: %v", words[1], names), nil
	case "charged", "similar", "weights":
		var latest *incident.Incident
		if words[0] == "similar" {
			latest = w.latest(words[1])
		}
		return w.learned(words, latest)
	case "expected":
		for _, a := range w.anomalies {
			if a.Service == words[1] && a.Name == words[2] && a.Excused != "" {
				return true, "", nil
			}
		}
		return false, fmt.Sprintf("no expected anomaly among %d", len(w.anomalies)), nil
	case "verdict":
		got, err := w.verdict(words[1], words[2])
		state, _, _ := strings.Cut(got, ":")
		return state == words[3], "the verdict is " + got, err
	case "change":
		return w.change(words)
	case "suspect":
		inc := w.latest(words[1])
		if inc == nil {
			return false, "no incident", nil
		}
		r, err := w.ranking(inc.ID)
		if err != nil {
			return false, "", err
		}
		if len(r.Findings) == 0 {
			return false, "no ranking", nil
		}
		got := r.Findings[0].Title
		return strings.Contains(got, words[2]), fmt.Sprintf("first suspect is %q (%.0f%%)", got, 100*r.Findings[0].Probability), nil
	}
	for _, m := range w.fresh {
		if m.channel == words[1] && m.kind == words[2] && (len(words) < 5 || strings.Contains(m.text, words[4])) {
			return true, fmt.Sprintf("message was sent: %q", m.text), nil
		}
	}
	return false, fmt.Sprintf("no such message among %d in the last step", len(w.fresh)), nil
}

// latest returns the newest incident of a service.
func (w *world) latest(service string) *incident.Incident {
	var out *incident.Incident
	for i := range w.incidents {
		inc := &w.incidents[i]
		if inc.Service != service || out != nil && inc.NeverOpened && !out.NeverOpened {
			continue
		}
		if out == nil || inc.Opened.After(out.Opened) || out.NeverOpened && !inc.NeverOpened {
			out = inc
		}
	}
	return out
}

// told says whether the timeline of any incident of a service has an event of
// the kind with the text.
func (w *world) told(service, kind, text string) (bool, string, error) {
	var last string
	for _, inc := range w.incidents {
		if inc.Service != service {
			continue
		}
		events, err := w.timeline(inc.ID)
		if err != nil {
			return false, "", err
		}
		for _, e := range events {
			if string(e.Kind) != kind {
				continue
			}
			if strings.Contains(e.Text, text) {
				return true, "", nil
			}
			last = e.Text
		}
	}
	return false, fmt.Sprintf("the last %s event of %s says %q", kind, service, last), nil
}

// failures lists what did not hold, in the order of the file.
func (c *checks) failures(b *book) []string {
	var out []string
	for i, e := range c.s.Expects {
		where := fmt.Sprintf("%s:%d: expect %s", c.s.File, e.Line, strings.Join(e.Words, " "))
		st := c.state[i]
		switch {
		case e.Total:
			got, want := c.sum(b, e.Words)
			if atMost := e.Words[len(e.Words)-2] == "<="; got > want || got < want && !atMost {
				out = append(out, fmt.Sprintf("%s: got %d", where, got))
			}
		case e.Never && st.held:
			out = append(out, fmt.Sprintf("%s: held between %s and %s, and must never", where, e.From, e.To))
		case !e.Never && !st.held:
			out = append(out, fmt.Sprintf("%s: did not hold between %s and %s; at the end %s", where, e.From, e.To, st.last))
		}
	}
	return out
}

func (c *checks) sum(b *book, words []string) (got, want int) {
	want, err := strconv.Atoi(words[len(words)-1])
	if err != nil {
		return 0, -1
	}
	switch words[0] {
	case "incidents":
		return c.total, want
	case "changes":
		return c.count(words[1]), want
	}
	kind := ""
	if len(words) == 5 {
		kind = words[2]
	}
	return b.count(words[1], kind), want
}

// word returns the state of the verdict on the change of a service to a version.
func word(ctx context.Context, core *app.Core, service, version string) (string, error) {
	list, err := core.Changes().List(ctx, change.Filter{Service: service, Limit: 1000})
	if err != nil {
		return "", err
	}
	for _, c := range list {
		if c.VersionTo == version {
			v, _, ok, err := core.Changes().Verdict(ctx, c.ID)
			if ok {
				return fmt.Sprintf("%s: %s", v.State, v.Reason), err
			}
			return "none", err
		}
	}
	return "none", nil
}
