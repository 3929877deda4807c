package report

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Markdown writes the postmortem for people, in GitHub's dialect without HTML, so that
// it can be pasted into other editors. With inline, the charts are within the text as
// data URIs; else it names the files of Charts, which lie beside it.
func (p Postmortem) Markdown(inline bool) []byte {
	m := &page{p: p, inline: inline}
	for _, part := range []func(){m.head, m.summary, m.impact, m.response, m.causes, m.symptoms, m.charts, m.tried, m.changes, m.gaps, m.told, m.similar, m.timeline, m.lessons} {
		part()
	}
	return []byte(m.String())
}

// page is a postmortem that is being written.
type page struct {
	strings.Builder
	p      Postmortem
	inline bool
}

func (m *page) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *page) section(title string) { m.line("\n## %s\n", title) }

func (m *page) blank(what string) { m.line("> **%s**: %s", blank, what) }

func (m *page) head() {
	p := m.p
	m.line("# Postmortem: %s\n", plain(p.Title))
	where := plain(p.Service)
	if p.Environment != "" {
		where += ", " + plain(p.Environment)
	}
	t := newTable(&m.Builder, "", "")
	t.row("Incident", link(p.ID, p.Link))
	t.row("Service", where)
	t.row("Severity", plain(string(p.Severity)))
	t.row("State", plain(string(p.State)))
	t.row("Began", stamp(p.Onset))
	if p.Ended {
		t.row("Ended", stamp(p.End))
	} else {
		t.row("Known up to", stamp(p.End)+", it goes on")
	}
	t.row("Lasted", duration(p.End.Sub(p.Onset).Seconds()))
	if p.Reopened > 0 {
		t.row("Came back", fmt.Sprintf("%d times", p.Reopened))
	}
	m.line("\nFacts are from the event log. What is marked %s is a judgement and left to people. It asks what went wrong, not who.", blank)
}

func (m *page) summary() {
	m.section("Summary")
	p := m.p
	text := fmt.Sprintf("%s was affected from %s for %s.", plain(p.Service), stamp(p.Onset), duration(p.End.Sub(p.Onset).Seconds()))
	if p.Service == "" {
		text = fmt.Sprintf("It lasted from %s for %s.", stamp(p.Onset), duration(p.End.Sub(p.Onset).Seconds()))
	}
	if s := m.worst(); s != "" {
		text += " " + s
	}
	if p.Trigger != nil {
		text += fmt.Sprintf(" The most likely trigger is %s (%s).", link(p.Trigger.Title, p.Trigger.Link), percent(p.Trigger.Probability))
	} else {
		text += " No trigger is named: " + plain(p.Unknown) + "."
	}
	m.line("%s\n", text)
	m.blank("in two sentences, what happened and what it meant for users.")
}

// worst is a sentence on the gravest thing that users felt.
func (m *page) worst() string {
	for _, s := range m.p.Symptoms {
		if s.Felt && !math.IsNaN(float64(s.Worst)) {
			text := fmt.Sprintf("At worst, %s was %s", plain(s.Name), figure(s.Worst, s.Unit))
			if !math.IsNaN(float64(s.Expected)) {
				text += ", where " + figure(s.Expected, s.Unit) + " was expected"
			}
			return text + "."
		}
	}
	return ""
}

func (m *page) impact() {
	m.section("Impact")
	im := m.p.Impact
	t := newTable(&m.Builder, "What", "Minutes")
	for _, s := range im.Severities {
		t.row("open at "+plain(string(s.Severity)), minutes(s.Seconds))
	}
	t.row("felt by users", minutes(im.Felt))
	t.row("before it was seen", minutes(im.Undetected))
	if len(im.Services) > 0 {
		m.line("\nServices that showed it: %s.", plain(strings.Join(im.Services, ", ")))
	}
	if len(im.Budgets) > 0 {
		m.line("")
		t := newTable(&m.Builder, "Objective", "Target", "Window", "Budget left before", "Left after", "Spent")
		for _, b := range im.Budgets {
			t.row(plain(b.Objective), fmt.Sprintf("%.4g%%", 100*b.Target), fmt.Sprintf("%.4gd", b.Days), share(float64(b.Before)), share(float64(b.After)), share(float64(b.Spent)))
		}
	}
	m.line("")
	m.blank("how many users or orders were concerned, and what it cost.")
}

func share(v float64) string {
	if math.IsNaN(v) {
		return unknown
	}
	return percent(v)
}

func (m *page) response() {
	m.section("Response")
	x := m.p.Times
	t := newTable(&m.Builder, "Step", "At", "Took")
	t.row("first odd value", stamp(x.FirstAnomaly), "")
	t.row("first alert", stamp(x.FirstAlert), "")
	t.row("opened (time to detect)", stamp(x.Opened), lasting(x.Detect)+" from onset")
	t.row("first message arrived", stamp(x.FirstTold), from(x.Tell, "onset"))
	t.row("acknowledged (time to acknowledge)", stamp(x.Acknowledged), from(x.Acknowledge, "opening"))
	t.row("suspect named", stamp(x.Suspected), "")
	t.row("mitigated (time to mitigate)", stamp(x.Mitigated), from(x.Mitigate, "onset"))
	t.row("resolved (time to resolve)", stamp(x.Resolved), from(x.Resolve, "onset"))
}

func from(s *float64, what string) string {
	if s == nil {
		return unknown
	}
	return duration(*s) + " from " + what
}

func (m *page) causes() {
	p := m.p
	m.section("Trigger")
	if t := p.Trigger; t != nil {
		m.line("%s, with a probability of %s. It began at %s.\n", link(t.Title, t.Link), percent(t.Probability), stamp(t.Started))
		for _, s := range t.For {
			m.line("- for it: %s", plain(s))
		}
		for _, s := range t.Against {
			m.line("- against it: %s", plain(s))
		}
		m.evidence(t.Evidence)
	} else {
		m.line("None is named: %s.", plain(p.Unknown))
	}
	m.line("")
	m.blank("is this right? If so, say why the change could do this; if not, what was it?")
	m.section("Contributing factors")
	for _, f := range p.Factors {
		m.line("- %s%s", plain(f.Text), basis(f.Basis))
	}
	if len(p.Factors) == 0 {
		m.line("None were computed.\n")
	}
	m.blank("what let the trigger through, and what made it worse or last longer?")
	m.section("Suspects")
	if len(p.Suspects) == 0 {
		m.line("Causes were not ranked.")
		return
	}
	t := newTable(&m.Builder, "Probability", "Suspect", "Speaks for it", "Speaks against it")
	for _, s := range p.Suspects {
		if s.Ruled == "" {
			t.row(percent(s.Probability), link(s.Title, s.Link), joined(s.For), joined(s.Against))
		}
	}
	if slices.ContainsFunc(p.Suspects, func(s Suspect) bool { return s.Ruled != "" }) {
		m.line("\nRuled out:\n")
		t := newTable(&m.Builder, "Probability", "Suspect", "Why")
		for _, s := range p.Suspects {
			if s.Ruled != "" {
				t.row(percent(s.Probability), link(s.Title, s.Link), plain(s.Ruled))
			}
		}
	}
}

func basis(s string) string {
	if s == "" {
		return ""
	}
	return " (" + plain(s) + ")"
}

func joined(list []string) string { return plain(strings.Join(list, "; ")) }

func (m *page) evidence(list []Check) {
	if len(list) == 0 {
		return
	}
	m.line("")
	t := newTable(&m.Builder, "Signal", "Before", "Since", "Robust z")
	for _, e := range list {
		t.row(link(e.Signal, e.Link), figure(e.Before, e.Unit), figure(e.After, e.Unit), score(float64(e.Z)))
	}
}

func score(z float64) string {
	if math.IsNaN(z) {
		return unknown
	}
	return fmt.Sprintf("%+.1f", z)
}

func (m *page) symptoms() {
	m.section("Symptoms")
	if len(m.p.Symptoms) == 0 {
		m.line("None are on record.")
		return
	}
	t := newTable(&m.Builder, "What", "Service", "Felt by users", "Since", "Minutes", "Worst", "Expected", "Threshold")
	for n, s := range m.p.Symptoms {
		if n == maxSymptoms {
			break
		}
		felt := ""
		if s.Felt {
			felt = "yes"
		}
		t.row(link(s.Name, s.Link), plain(s.Service), felt, stamp(s.Since), minutes(s.Seconds), figure(s.Worst, s.Unit), figure(s.Expected, s.Unit), figure(s.Threshold, s.Unit))
	}
	if more := len(m.p.Symptoms) - maxSymptoms + m.p.Dropped; len(m.p.Symptoms) > maxSymptoms || m.p.Dropped > 0 {
		m.line("\n%d more like this.", max(more, m.p.Dropped))
	}
}

// maxSymptoms bounds the rows that are shown; JSON has them all.
const maxSymptoms = 25

func (m *page) charts() {
	if len(m.p.Charts) == 0 {
		return
	}
	m.section("Charts")
	for _, c := range m.p.Charts {
		at := c.File
		if m.inline {
			at = "data:image/png;base64," + base64.StdEncoding.EncodeToString(c.PNG)
		}
		m.line("![%s](%s)\n", plain(c.Title), at)
	}
}
