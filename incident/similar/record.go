package similar

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// Record is what is kept of an incident to compare later ones with.
type Record struct {
	Incident    string    `json:"incident"`
	Title       string    `json:"title"`
	Service     string    `json:"service"`
	Environment string    `json:"environment,omitempty"`
	Severity    string    `json:"severity"`
	Onset       time.Time `json:"onset"`
	Opened      time.Time `json:"opened"`
	Acked       time.Time `json:"acked,omitzero"`
	Mitigated   time.Time `json:"mitigated,omitzero"` // when what users feel was over; zero when not known
	Resolved    time.Time `json:"resolved,omitzero"`  // zero while it goes on
	False       bool      `json:"false_alarm,omitempty"`
	Cause       string    `json:"cause,omitempty"` // what people confirmed, else the first suspect
	Confirmed   bool      `json:"confirmed,omitempty"`
	Ended       []Outcome `json:"ended"`             // what was done, oldest first
	Measured    time.Time `json:"measured,omitzero"` // when the print was taken
	Print       Print     `json:"print,omitempty"`

	ready *Prepared // the print made ready; nil: it was not yet
}

// OutcomeKind is what sort of thing was done.
type OutcomeKind string

// What was done about an incident.
const (
	OutcomeNote     OutcomeKind = "note"     // what a person wrote when it ended
	OutcomeRollback OutcomeKind = "rollback" // a change was taken back
	OutcomeAction   OutcomeKind = "action"   // a remediation that was carried out
)

// Outcome is a fact from the event log of an incident: something that was done
// while it went on. Helped says that it recovered afterwards, which does not prove
// that it did so because of it.
type Outcome struct {
	Kind   OutcomeKind `json:"kind"`
	Text   string      `json:"text"`
	Actor  string      `json:"actor"`
	At     time.Time   `json:"at"`
	Helped bool        `json:"helped"`
}

const (
	maxOutcomes = 10
	maxText     = 500
)

// About fills a record with what the incident and its event log say. Events are in
// order. Only facts are taken: notes that people wrote when it ended, changes that
// the timeline says were rolled back, and actions.
func About(i incident.Incident, events []incident.Event) Record {
	r := Record{Incident: i.ID, Title: i.Title, Service: i.Service, Environment: i.Environment, Severity: string(i.Severity),
		Onset: i.Onset, Opened: i.Opened, Acked: i.Acked, Resolved: i.Resolved, False: i.State == stateFalse, Ended: []Outcome{}}
	var cleared time.Time
	for _, e := range events {
		switch {
		case string(e.Kind) == eventMitigated:
			r.Mitigated = e.At
		case e.Kind == incident.EventCleared:
			cleared = e.At
		case e.Kind == incident.EventReopened || e.Kind == incident.EventAttached:
			cleared = time.Time{}
		}
		if o, ok := outcome(e, i.Resolved); ok {
			r.Ended = append(r.Ended, o)
		}
	}
	if r.Mitigated.IsZero() && !i.Resolved.IsZero() && !cleared.After(i.Resolved) {
		r.Mitigated = cleared // the last of what was wrong recovered then
	}
	recovered := r.Mitigated
	if recovered.IsZero() {
		recovered = r.Resolved
	}
	for k := range r.Ended {
		r.Ended[k].Helped = r.Ended[k].Helped || !recovered.IsZero() && !recovered.Before(r.Ended[k].At)
	}
	r.Ended = slices.Clone(r.Ended[max(0, len(r.Ended)-maxOutcomes):])
	return r
}

// States and events of incidents that are told by their names, because they were
// made by people or by stages that come later.
const (
	stateFalse     = incident.State("false_positive")
	eventMitigated = "mitigated"
	eventClosed    = "closed"
	rolledBack     = ": rolled_back"
)

func outcome(e incident.Event, resolved time.Time) (Outcome, bool) {
	o := Outcome{Actor: e.Actor, At: e.At}
	switch kind := string(e.Kind); {
	case e.Kind == incident.EventResolved || kind == eventMitigated || kind == eventClosed:
		_, note, ok := strings.Cut(e.Text, "by "+e.Actor+": ")
		if e.Actor == incident.ActorSelf || !ok {
			return o, false
		}
		o.Kind, o.Text, o.Helped = OutcomeNote, note, true
		if i := strings.LastIndex(note, " ("); i > 0 && strings.HasSuffix(note, "still going on)") {
			o.Text = note[:i]
		}
	case e.Kind == incident.EventChange && strings.HasSuffix(e.Text, rolledBack):
		o.Kind, o.Text = OutcomeRollback, "rolled back: "+strings.TrimSuffix(e.Text, rolledBack)
	case strings.HasPrefix(kind, "action"):
		o.Kind, o.Text = OutcomeAction, e.Text
	default:
		return o, false
	}
	if o.Text = strings.TrimSpace(o.Text); len(o.Text) > maxText {
		o.Text = strings.ToValidUTF8(o.Text[:maxText], "") + "..."
	}
	return o, o.Text != "" && (resolved.IsZero() || !e.At.After(resolved))
}

// Fix is something that was done about similar incidents: of Tried times that it
// was done, they recovered afterwards in Helped.
type Fix struct {
	Title         string
	Incident      string // the most similar one in which it was done
	Helped, Tried int
}

// Fixes sums up what was done about the matches, in their order. The same words
// count as the same thing.
func Fixes(matches []Match) []Fix {
	var out []Fix
	for _, m := range matches {
		if m.Record.False {
			continue
		}
		for _, o := range m.Record.Ended {
			i := slices.IndexFunc(out, func(f Fix) bool { return strings.EqualFold(f.Title, o.Text) })
			if i < 0 {
				i = len(out)
				out = append(out, Fix{Title: o.Text, Incident: m.Record.Incident})
			}
			out[i].Tried++
			if o.Helped {
				out[i].Helped++
			}
		}
	}
	return out
}

// String names a match for people.
func (m Match) String() string {
	return fmt.Sprintf("%s %s (%.0f%% alike)", m.Record.Incident, m.Record.Title, 100*m.Similarity)
}
