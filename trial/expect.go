package trial

import (
	"fmt"
	"strings"
	"time"
)

// expectation is something of ours that is wanted, and how it stood.
type expectation struct {
	name   string // as errors call it
	window Window
	end    time.Duration
	holds  func(w *world) (ok bool, got string, err error)

	looked bool
	held   bool
	last   string // what was there instead at the last look
	err    error
}

// note looks at one step.
func (e *expectation) note(w *world) {
	ok, got, err := e.holds(w)
	e.looked = true
	if err != nil {
		e.err = err
		return
	}
	if e.window.Never == ok { // what matters is what was there when it was wrong
		e.last = got
	}
	e.held = e.held || ok
}

// verdict returns what failed.
func (e *expectation) verdict() []string {
	from, to := e.window.bounds(e.end)
	when := fmt.Sprintf("from %s to %s", span(from), span(to))
	if e.window.EvalTime != nil {
		when = "time: " + span(from).String()
	}
	switch {
	case e.err != nil:
		return []string{fmt.Sprintf("%s, %s: %v", e.name, when, e.err)}
	case !e.looked:
		return []string{fmt.Sprintf("%s, %s: there was no evaluation at which to look", e.name, when)}
	case e.window.Never && e.held:
		return []string{fmt.Sprintf("%s, %s: must never be, and was: %s", e.name, when, e.last)}
	case !e.window.Never && !e.held:
		return []string{fmt.Sprintf("%s, %s: got %s", e.name, when, e.last)}
	}
	return nil
}

// expectations makes those of a group that are looked at step by step.
func expectations(g *Group, end time.Duration) []*expectation {
	var out []*expectation
	for _, t := range g.AlertStateTests {
		name := "alert " + t.Alertname + of(t.Service) + " is " + t.State
		out = append(out, &expectation{name: name, window: t.Window, end: end, holds: t.holds})
	}
	for _, t := range g.AnomalyTests {
		name := strings.TrimSpace("anomaly "+t.Name) + of(t.Service)
		out = append(out, &expectation{name: name, window: t.Window, end: end, holds: t.holds})
	}
	for _, t := range g.IncidentTests {
		out = append(out, &expectation{name: t.name(), window: t.Window, end: end, holds: t.holds})
	}
	return out
}

func of(service string) string {
	if service == "" {
		return ""
	}
	return " of " + service
}

func (t AlertStateTest) holds(w *world) (bool, string, error) {
	var states []string
	for _, a := range w.alerts {
		if a.Name == t.Alertname && (t.Service == "" || a.Service == t.Service) && includes(a.Labels, t.Labels) {
			states = append(states, string(a.State))
			if string(a.State) == t.State {
				return true, t.State, nil
			}
		}
	}
	if len(states) == 0 {
		return t.State == "none", "none", nil
	}
	return false, strings.Join(states, ", "), nil
}

func includes(all, some map[string]string) bool {
	for k, v := range some {
		if all[k] != v {
			return false
		}
	}
	return true
}

func (t AnomalyTest) holds(w *world) (bool, string, error) {
	var names []string
	for _, a := range w.anomalies {
		if t.Service != "" && a.Service != t.Service {
			continue
		}
		if t.Name == "" || a.Name == t.Name {
			return true, a.Name + of(a.Service) + ": " + a.Summary, nil
		}
		names = append(names, a.Name)
	}
	if len(names) == 0 {
		return false, "none", nil
	}
	return false, "those of " + strings.Join(names, ", "), nil
}

func (t IncidentTest) name() string {
	var b strings.Builder
	b.WriteString("incident" + of(t.Service))
	for _, x := range [][2]string{{"state", t.State}, {"severity", t.Severity}, {"title", t.Title}, {"suspect", t.Suspect}, {"timeline", t.Timeline}} {
		if x[1] != "" {
			fmt.Fprintf(&b, ", %s %q", x[0], x[1])
		}
	}
	if t.Count != nil {
		fmt.Fprintf(&b, ", count %d", *t.Count)
	}
	return b.String()
}

func (t IncidentTest) holds(w *world) (bool, string, error) {
	if t.Count != nil {
		n := 0
		for _, inc := range w.incidents {
			if (t.Service == "" || inc.Service == t.Service) && (t.Environment == "" || inc.Environment == t.Environment) {
				n++
			}
		}
		if n != *t.Count {
			return false, fmt.Sprintf("%d incidents", n), nil
		}
	}
	inc := w.newest(t.Service, t.Environment)
	if inc == nil {
		only := t.Severity == "" && t.Title == "" && t.Suspect == "" && t.Timeline == ""
		return only && (t.State == "none" || t.State == "" && t.Count != nil), "no incident", nil
	}
	got := fmt.Sprintf("%s, %s, %q", inc.State, inc.Severity, inc.Title)
	if t.State != "" && t.State != string(inc.State) || t.Severity != "" && t.Severity != string(inc.Severity) || !strings.Contains(inc.Title, t.Title) {
		return false, got, nil
	}
	if t.Suspect != "" {
		r, err := w.suspect(inc.ID)
		if err != nil {
			return false, "", fmt.Errorf("read its suspects: %w", err)
		}
		if len(r.Findings) == 0 {
			return false, got + ", no suspect", nil
		}
		got += fmt.Sprintf(", first suspect %q", r.Findings[0].Title)
		if !strings.Contains(r.Findings[0].Title, t.Suspect) {
			return false, got, nil
		}
	}
	if t.Timeline == "" {
		return true, got, nil
	}
	events, err := w.timeline(inc.ID)
	if err != nil {
		return false, "", fmt.Errorf("read its timeline: %w", err)
	}
	for _, e := range events {
		if strings.Contains(e.Text, t.Timeline) {
			return true, got, nil
		}
		got += "; " + e.Text
	}
	return false, got, nil
}

// messages judges the notification tests at the end.
func (g *Group) messages(all []sent, end time.Duration) []string {
	var failed []string
	for _, t := range g.NotificationTests {
		from, to := t.bounds(end)
		n := 0
		var near []string
		for _, m := range all {
			if m.at < from || m.at > to {
				continue
			}
			if (t.Channel == "" || m.channel == t.Channel) && (t.Event == "" || m.event == t.Event) &&
				(t.Service == "" || m.service == t.Service) && strings.Contains(m.text, t.Contains) {
				n++
			}
			near = append(near, fmt.Sprintf("\n    %s %s %s %q", span(m.at), m.channel, m.event, firstLine(m.text)))
		}
		ok := n > 0
		want := "at least one"
		switch {
		case t.Never:
			ok, want = n == 0, "none"
		case t.Count != nil:
			ok, want = n == *t.Count, fmt.Sprint(*t.Count)
		}
		if !ok {
			failed = append(failed, fmt.Sprintf("notification %s, from %s to %s: want %s, got %d; sent meanwhile:%s",
				t.text(), span(from), span(to), want, n, strings.Join(near, "")))
		}
	}
	return failed
}

func (t NotificationTest) text() string {
	var parts []string
	for _, x := range [][2]string{{"channel", t.Channel}, {"event", t.Event}, {"service", t.Service}, {"contains", t.Contains}} {
		if x[1] != "" {
			parts = append(parts, fmt.Sprintf("%s %q", x[0], x[1]))
		}
	}
	return strings.Join(parts, ", ")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
