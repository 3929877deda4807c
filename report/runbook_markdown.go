package report

import (
	"fmt"
	"strconv"
	"strings"
)

// maxPast bounds the past incidents that a runbook lists.
const maxPast = 10

// Markdown writes the runbook with its front matter. Between the markers of each section
// stands what people wrote: kept has it by the name of the marker.
func (r Runbook) Markdown(kept map[string]string) []byte {
	m := &book{r: r, kept: kept}
	m.front()
	m.line("# Runbook: %s\n", plain(r.Subject))
	m.line("Written from %s. What stands between the markers `people:` is yours and stays; all else is written anew.", occasions(len(r.Incidents)))
	m.meaning()
	m.impact()
	m.diagnosis()
	m.mitigation()
	m.notWhen()
	m.past()
	m.section("Notes")
	m.people("notes")
	m.others()
	return []byte(m.String())
}

// book is a runbook that is being written.
type book struct {
	strings.Builder
	r    Runbook
	kept map[string]string
	used []string
}

func (m *book) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *book) section(title string) { m.line("\n## %s\n", title) }

// front writes the front matter, by which a machine finds what the runbook is for and
// what may be done.
func (m *book) front() {
	r := m.r
	m.line("---\ntocsin_runbook: 1\nname: %s\nkind: %s\nsubject: %s", r.Name, r.Kind, quote(r.Subject))
	m.line("services: [%s]", strings.Join(mapped(r.Services, quote), ", "))
	m.line("incidents: %d", len(r.Incidents))
	if r.Verified.IsZero() {
		m.line("last_verified: null")
	} else {
		m.line("last_verified: %s", r.Verified.UTC().Format("2006-01-02T15:04:05Z"))
	}
	if len(r.Mitigations) == 0 {
		m.line("mitigations: []")
	} else {
		m.line("mitigations:")
	}
	for _, x := range r.Mitigations {
		m.line("  - {action: %s, service: %s, tried: %d, helped: %d}", quote(x.Action), quote(x.Service), x.Tried, x.Helped)
	}
	m.line("---\n")
}

// quote writes a text as YAML and JSON both read it.
func quote(s string) string { return strconv.QuoteToASCII(strings.ToValidUTF8(s, "?")) }

func mapped(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}

// people writes what people wrote at a place, or room for it.
func (m *book) people(name string) {
	m.used = append(m.used, name)
	m.line("\n%s", beginMark(name))
	if text := m.kept[name]; text != "" {
		m.line("%s", strings.Trim(text, "\n"))
	}
	m.line("%s", endMark(name))
}

func (m *book) meaning() {
	m.section("Meaning")
	switch {
	case m.r.Meaning != "":
		m.line("```text\n%s\n```", fenced(m.r.Meaning))
	case m.r.Kind == RunbookService:
		m.line("Something is wrong with the service %s.", plain(m.r.Subject))
	default:
		m.line("No rule of this name is loaded now.")
	}
	m.people("meaning")
}

// fenced makes text fit to stand in a fenced block.
func fenced(s string) string {
	return strings.NewReplacer("```", "'''", "<!--", "< !--", "\r", "").Replace(strings.TrimRight(s, "\n"))
}

func (m *book) impact() {
	m.section("Impact")
	if len(m.r.Incidents) == 0 {
		m.line("No incident of this kind is on record, so nothing is known of its impact.")
	} else {
		m.line("In the median incident (n = %d) users felt it for %s, and it was over %s after it began.", len(m.r.Incidents), lasting(m.r.MedianFelt), lasting(m.r.MedianOver))
	}
	m.people("impact")
}

func (m *book) diagnosis() {
	m.section("Diagnosis")
	if len(m.r.Causes) > 0 {
		m.line("What was behind it:\n")
		for _, c := range m.r.Causes {
			m.line("- %s: %d of %d", plain(c.Cause), c.Times, len(m.r.Incidents))
		}
		m.line("")
	}
	if len(m.r.Telling) > 0 {
		m.line("Checks that stood out then; the figures are those of the latest incident:\n")
		t := newTable(&m.Builder, "When the cause was", "Look at", "PromQL", "Stood out", "Before", "Since")
		for _, x := range m.r.Telling {
			t.row(plain(x.Cause), plain(x.Signal), code(x.Query), fmt.Sprintf("%d of %d", x.Times, x.Of), figure(x.Before, x.Unit), figure(x.After, x.Unit))
		}
		m.line("")
	}
	if len(m.r.Checks) > 0 {
		if len(m.r.Telling) == 0 {
			m.line("No past incident shows what to look for. Begin with what the rule asks:\n")
		} else {
			m.line("What the rule asks:\n")
		}
		t := newTable(&m.Builder, "Look at", "PromQL")
		for _, c := range m.r.Checks {
			t.row(plain(c.Name), code(c.Query))
		}
	}
	if len(m.r.Causes)+len(m.r.Telling)+len(m.r.Checks) == 0 {
		m.line("Nothing is known yet.")
	}
	m.people("diagnosis")
}

func (m *book) mitigation() {
	m.section("Mitigation")
	if len(m.r.Mitigations) == 0 {
		m.line("No change that was made during an incident of this kind is on record, so nothing can be proposed.")
	} else {
		t := newTable(&m.Builder, "Do", "Of", "Helped", "n", "Share", "Clear after", "Last helped")
		for _, x := range m.r.Mitigations {
			t.row(plain(x.Action), plain(x.Service), strconv.Itoa(x.Helped), strconv.Itoa(x.Tried), percent(float64(x.Helped)/float64(x.Tried)), lasting(x.Median), stamp(x.Last))
		}
	}
	m.people("mitigation")
}

func (m *book) notWhen() {
	m.section("When not to use it")
	for _, s := range m.r.NotWhen {
		m.line("- %s", plain(s))
	}
	if len(m.r.NotWhen) == 0 {
		m.line("Nothing is known that speaks against it.")
	}
	m.people("not_when")
	m.section("Last verified")
	if m.r.Verified.IsZero() {
		m.line("Never: nothing here has helped in an incident yet.")
	} else {
		m.line("%s, when something of the above helped last.", stamp(m.r.Verified))
	}
}

func (m *book) past() {
	m.section("Past incidents")
	if len(m.r.Incidents) == 0 {
		m.line("None.")
		return
	}
	t := newTable(&m.Builder, "Began", "Incident", "Lasted", "Cause", "Helped")
	for _, x := range m.r.Incidents[:min(len(m.r.Incidents), maxPast)] {
		t.row(stamp(x.Onset), link(x.Title, x.Link), duration(x.Seconds), plain(x.Cause), plain(x.Helped))
	}
	if n := len(m.r.Incidents) - maxPast; n > 0 {
		m.line("\n%d more.", n)
	}
}

// others writes what people wrote at places that are not ours.
func (m *book) others() {
	for _, name := range sortedOthers(m.kept, m.used) {
		m.people(name)
	}
}
