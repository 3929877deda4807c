package render

import (
	"math"
	"net/url"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// Mood is the state that a page shows by colour: how bad, or what became of it.
type Mood string

// The moods, from worst to best.
const (
	MoodCritical     Mood = "critical"
	MoodWarning      Mood = "warning"
	MoodInfo         Mood = "info"
	MoodAcknowledged Mood = "acknowledged"
	MoodResolved     Mood = "resolved"
)

// MoodOf returns the mood of an incident. An unknown severity counts as warning.
func MoodOf(i incident.Incident) Mood {
	switch {
	case i.State.Over():
		return MoodResolved
	case i.State.InHand():
		return MoodAcknowledged
	case i.Severity == incident.SeverityCritical:
		return MoodCritical
	case i.Severity == incident.SeverityInfo:
		return MoodInfo
	}
	return MoodWarning
}

// Title names the incident on one line, beginning with its service. It is
// never empty.
func Title(m notify.Message) string {
	if m.Group != nil {
		return groupTitle(m.Group)
	}
	service, title := oneLine(m.Incident.Service), oneLine(m.Incident.Title)
	switch {
	case title == "" && service == "":
		if id := oneLine(m.Incident.ID); id != "" {
			return "incident " + id
		}
		return "incident"
	case title == "":
		return service + ": incident"
	case service == "" || hasPrefixWord(title, service):
		return title
	}
	return service + ": " + title
}

func hasPrefixWord(s, word string) bool {
	if len(s) < len(word) || s[:len(word)] != word {
		return false
	}
	return len(s) == len(word) || s[len(word)] == ' ' || s[len(word)] == ':'
}

var verbs = map[incident.EventKind]string{
	incident.EventOpened:        "opened",
	incident.EventAttached:      "opened", // for a channel that is told of it only now
	incident.EventRaised:        "raised",
	incident.EventReopened:      "reopened",
	incident.EventResolved:      "resolved",
	incident.EventAcked:         "acknowledged",
	incident.EventMitigated:     "mitigated",
	incident.EventClosed:        "closed",
	incident.EventMerged:        "merged",
	incident.EventFalsePositive: "false positive",
	incident.EventExpired:       "expired without data",
	incident.EventLowered:       "lowered",
	incident.EventSplit:         "split",
	incident.EventSuspects:      "suspects changed",
	incident.EventNote:          "note",
	incident.EventChange:        "change",
	incident.EventGap:           "no detection",
}

// Verb says in a word or two what the event did, such as "opened"; "updated"
// for events that have no word.
func Verb(k incident.EventKind) string {
	if v, ok := verbs[k]; ok {
		return v
	}
	return "updated"
}

// Headline says on one line what happened to which incident and how bad it is:
// "resolved after 12m, worst error_rate 30%: checkout: error rate is high".
func Headline(m notify.Message) string {
	if m.Group != nil {
		return groupHeadline(m.Group)
	}
	s := Verb(m.Event.Kind)
	switch {
	case m.Untold != nil:
		return "not told to " + oneLine(m.Untold.Channel) + ": " + s + ": " + Title(m)
	case m.Escalation != nil:
		s = "not acknowledged"
	}
	switch m.Event.Kind {
	case incident.EventResolved:
		if d := Lasted(m.Incident); d > 0 {
			s += " after " + Duration(d)
		}
		if w, _ := Worst(m.Incident); w != "" {
			s += ", worst " + w
		}
	case incident.EventRaised, incident.EventOpened, incident.EventAttached, incident.EventReopened:
		if m.Incident.Severity != "" {
			s += " (" + oneLine(string(m.Incident.Severity)) + ")"
		}
	case incident.EventAcked:
		if who := oneLine(m.Event.Actor); who != "" {
			s += " by " + who
		}
	}
	return s + ": " + Title(m)
}

// Lasted returns how long the incident lasted, from its onset to its
// resolution, or to the event time of its latest change while it is open. It
// returns 0 when either end is unknown.
func Lasted(i incident.Incident) time.Duration {
	from, to := i.Onset, i.Updated
	if from.IsZero() {
		from = i.Opened
	}
	if i.State.Over() && !i.Resolved.IsZero() {
		to = i.Resolved
	}
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return 0
	}
	return to.Sub(from)
}

// Since says since when, and for how long so far or in all; "" when unknown.
func Since(i incident.Incident) string {
	from := i.Onset
	if from.IsZero() {
		from = i.Opened
	}
	s := Time(from)
	if d := Lasted(i); d >= time.Second {
		s += " (" + Duration(d) + ")"
	}
	return s
}

// Lead returns the occurrence that tells most about the incident: one that it
// stands on before mere evidence, whatever became of either; then one that still
// fires before one held before one cleared, a symptom before the rest, then the
// higher severity, then the one with a known distance from what is expected, then
// the earlier one. It returns false when there is none.
func Lead(i incident.Incident) (incident.Occurrence, bool) {
	if len(i.Occurrences) == 0 {
		return incident.Occurrence{}, false
	}
	best := i.Occurrences[0]
	for _, o := range i.Occurrences[1:] {
		if before(o, best) {
			best = o
		}
	}
	return best, true
}

func before(a, b incident.Occurrence) bool {
	if x, y := standing(a), standing(b); x != y {
		return x > y
	}
	if x, y := conditionRank(a.Condition), conditionRank(b.Condition); x != y {
		return x < y
	}
	return outweighs(a, b)
}

// outweighs is the order of before among those of the same condition. Of what is
// over only this order says anything: which of them recovered last does not.
func outweighs(a, b incident.Occurrence) bool {
	if x, y := standing(a), standing(b); x != y {
		return x > y
	}
	if a.Symptom != b.Symptom {
		return a.Symptom
	}
	if x, y := a.Severity.Rank(), b.Severity.Rank(); x != y {
		return x > y
	}
	if x, y := math.IsNaN(float64(a.Expected)), math.IsNaN(float64(b.Expected)); x != y {
		return y
	}
	return a.Since.Before(b.Since)
}

// standing says how much an incident stands on an occurrence: 2 for alerts and
// signals that must recover, 1 for other series that must, 0 for evidence.
func standing(o incident.Occurrence) int {
	switch {
	case !o.Strong:
		return 0
	case o.Source == incident.SourceAnomaly && o.Signal == "":
		return 1
	}
	return 2
}

func conditionRank(c incident.Condition) int {
	switch c {
	case incident.ConditionFiring:
		return 0
	case incident.ConditionHeld, incident.ConditionStale:
		return 1
	}
	return 2
}

// Links returns the links whose address is http or https with a host, named
// by their address when they have no name. Those of a group are the ones its
// alerts carry.
func Links(m notify.Message) []notify.Link {
	var out []notify.Link
	all := m.Links
	if m.Group != nil {
		all = append(groupLinks(m.Group), all...)
	}
	for _, l := range all {
		if !SafeURL(l.URL) {
			continue
		}
		l.Name = oneLine(l.Name)
		if l.Name == "" {
			l.Name = l.URL
		}
		out = append(out, l)
	}
	return out
}

// SafeURL reports whether an address may be shown as a link: http or https,
// with a host, without credentials and without spaces or control characters.
func SafeURL(raw string) bool {
	if raw == "" || len(raw) > 2000 || oneLine(raw) != raw {
		return false
	}
	for _, r := range raw {
		if r == ' ' || r == '<' || r == '>' || r == '|' || r == '"' {
			return false
		}
	}
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}
