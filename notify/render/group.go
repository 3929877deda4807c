package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// MoodOfMessage returns the mood of what the message is about. That of a group is
// its worst burning alert's label severity, where any other word than critical,
// info and none counts as warning.
func MoodOfMessage(m notify.Message) Mood {
	if m.Group == nil {
		return MoodOf(m.Incident)
	}
	out := MoodResolved
	for _, a := range m.Group.Alerts {
		if a.Resolved {
			continue
		}
		switch a.Labels["severity"] {
		case "critical", "page", "error", "high", "emergency":
			return MoodCritical
		case "info", "none", "low", "debug":
			if out == MoodResolved {
				out = MoodInfo
			}
		default:
			out = MoodWarning
		}
	}
	return out
}

// SeverityOf returns the severity of what the message is about, of a group by the
// labels of what burns; critical, warning or info.
func SeverityOf(m notify.Message) incident.Severity {
	if m.Group == nil {
		if m.Incident.Severity.Rank() > 0 {
			return m.Incident.Severity
		}
		return incident.SeverityWarning
	}
	switch MoodOfMessage(m) {
	case MoodCritical:
		return incident.SeverityCritical
	case MoodInfo:
		return incident.SeverityInfo
	}
	return incident.SeverityWarning
}

// groupTitle names a group by its alerts' name and what they are grouped by.
func groupTitle(g *notify.Group) string {
	name := oneLine(g.Labels["alertname"])
	if name == "" {
		names := map[string]bool{}
		for _, a := range g.Alerts {
			if n := oneLine(a.Labels["alertname"]); n != "" && len(names) < 4 {
				names[n] = true
			}
		}
		sorted := make([]string, 0, len(names))
		for n := range names {
			sorted = append(sorted, n)
		}
		slices.Sort(sorted)
		if len(sorted) > 3 {
			sorted[3] = "…"
		}
		name = strings.Join(sorted, ", ")
	}
	if name == "" {
		name = "alerts"
	}
	if rest := labelText(g.Labels, "alertname", "severity"); rest != "" {
		name += " (" + rest + ")"
	}
	return name
}

// groupHeadline says how many alerts burn, or that all have ended.
func groupHeadline(g *notify.Group) string {
	burning, ended := counts(g)
	var s string
	switch {
	case burning == 0:
		s = "resolved"
	case ended == 0:
		s = fmt.Sprintf("%d firing", burning)
	default:
		s = fmt.Sprintf("%d firing, %d resolved", burning, ended)
	}
	if g.Reason == notify.GroupRepeat {
		s += ", still"
	}
	return s + ": " + groupTitle(g)
}

func counts(g *notify.Group) (burning, ended int) {
	for _, a := range g.Alerts {
		if a.Resolved {
			ended++
		} else {
			burning++
		}
	}
	return burning + max(g.TruncatedAlerts, 0), ended
}

func groupFields(g *notify.Group) []Field {
	burning, ended := counts(g)
	var out []Field
	if burning > 0 {
		out = append(out, Field{"Firing", fmt.Sprint(burning)})
	}
	if ended > 0 {
		out = append(out, Field{"Resolved", fmt.Sprint(ended)})
	}
	if s := labelText(g.Labels); s != "" {
		out = append(out, Field{"Group", s})
	}
	return out
}

// GroupLines describes the n first alerts of a group, those that burn before those
// that have ended, each on one line, and says how many more there are.
func GroupLines(g *notify.Group, n int) []string {
	alerts := slices.Clone(g.Alerts)
	slices.SortStableFunc(alerts, func(a, b notify.GroupAlert) int {
		if a.Resolved != b.Resolved {
			return cmp.Compare(btoi(a.Resolved), btoi(b.Resolved))
		}
		return a.StartsAt.Compare(b.StartsAt)
	})
	var out []string
	for _, a := range alerts[:min(max(n-1, 0), len(alerts))] {
		out = append(out, groupAlert(a, g.Labels))
	}
	if more := len(alerts) - len(out) + max(g.TruncatedAlerts, 0); more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// groupAlert is one alert: its own words, else its labels, then since when.
func groupAlert(a notify.GroupAlert, common map[string]string) string {
	text := ""
	for _, k := range []string{"summary", "description", "message"} {
		if text = oneLine(a.Annotations[k]); text != "" {
			break
		}
	}
	own := map[string]string{}
	for k, v := range a.Labels {
		if _, shared := common[k]; !shared {
			own[k] = v
		}
	}
	labels := labelText(own, "severity", "alertname")
	switch {
	case text == "" && labels == "":
		text = oneLine(a.Labels["alertname"])
		if text == "" {
			text = "alert " + oneLine(a.Fingerprint)
		}
	case text == "":
		text = labels
	case labels != "":
		text += " (" + Cut(labels, 200) + ")"
	}
	switch {
	case a.Resolved && !a.EndsAt.IsZero() && a.EndsAt.After(a.StartsAt) && !a.StartsAt.IsZero():
		text += ", resolved after " + Duration(a.EndsAt.Sub(a.StartsAt))
	case a.Resolved:
		text += ", resolved"
	case !a.StartsAt.IsZero():
		text += ", since " + Time(a.StartsAt)
	}
	return text
}

// labelText writes labels in order of their names, but for those to leave out.
func labelText(labels map[string]string, except ...string) string {
	names := make([]string, 0, len(labels))
	for n := range labels {
		if !slices.Contains(except, n) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	var out []string
	for _, n := range names[:min(len(names), 12)] {
		out = append(out, oneLine(n)+"="+Cut(oneLine(labels[n]), 100))
	}
	if len(names) > 12 {
		out = append(out, "…")
	}
	return strings.Join(out, ", ")
}

// groupLinks are the links that the alerts of a group carry: the runbook and
// dashboard of their annotations and where they come from, each address once.
func groupLinks(g *notify.Group) []notify.Link {
	var out []notify.Link
	seen := map[string]bool{}
	add := func(name, url string) {
		if url != "" && !seen[url] && len(out) < cardLinks {
			seen[url] = true
			out = append(out, notify.Link{Name: name, URL: url})
		}
	}
	for _, a := range g.Alerts {
		add("Runbook", a.Annotations["runbook_url"])
		add("Dashboard", a.Annotations["dashboard_url"])
		add("Source", a.GeneratorURL)
		if len(out) == cardLinks {
			break
		}
	}
	return out
}
