package incident

import (
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Severity orders incidents and alerts. That of an incident rises at once, and
// falls only when nothing so severe has fired for Config.SeverityCooldown.
type Severity string

// Severities from the lowest to the highest.
const (
	SeverityInfo     Severity = "info"
	SeverityWarning  Severity = "warning"
	SeverityCritical Severity = "critical"
)

// Rank returns 0 for unknown or empty, 1 for info, 2 for warning, 3 for critical.
func (s Severity) Rank() int {
	switch s {
	case SeverityInfo:
		return 1
	case SeverityWarning:
		return 2
	case SeverityCritical:
		return 3
	}
	return 0
}

// Source says who saw an occurrence.
type Source string

// An occurrence comes from a rule or from the detector.
const (
	SourceAlert   Source = "alert"
	SourceAnomaly Source = "anomaly"
)

// Condition is how an occurrence stands. Held means that its data stopped: it
// is neither firing on evidence nor recovered; stale_source says moreover that
// whatever sends them is known to be silent.
type Condition string

// Dataless reports whether the occurrence lost its data.
func (c Condition) Dataless() bool { return c == ConditionHeld || c == ConditionStale }

// The conditions of an occurrence.
const (
	ConditionFiring  Condition = "firing"
	ConditionHeld    Condition = "held"
	ConditionStale   Condition = "stale_source"
	ConditionCleared Condition = "cleared"
)

// Occurrence is one alert or one anomaly episode as the manager is told of it,
// and as it is kept on the incident that it belongs to. Key is the same for
// every report of the same alert or series, whatever its value or severity.
type Occurrence struct {
	Key         string            `json:"key"`
	Source      Source            `json:"source"`
	Name        string            `json:"name"`             // alert name, or signal or metric name
	Signal      string            `json:"signal,omitempty"` // catalogue signal that it is about; "" for a raw series or an event
	Service     string            `json:"service"`
	Environment string            `json:"environment,omitempty"`
	Severity    Severity          `json:"severity"`
	Condition   Condition         `json:"condition"`
	Symptom     bool              `json:"symptom"`         // users feel it
	Strong      bool              `json:"strong"`          // may open an incident, alone or with others
	Step        telemetry.Number  `json:"step,omitempty"`  // seconds between two looks at it; 0 when unknown
	Since       time.Time         `json:"since"`           // first odd sample, or start of the alert
	At          time.Time         `json:"at"`              // event time of this report
	Value       telemetry.Number  `json:"value"`           // in Unit
	Expected    telemetry.Number  `json:"expected"`        // NaN when unknown; in Unit
	Lower       telemetry.Number  `json:"lower"`           // NaN when unknown
	Upper       telemetry.Number  `json:"upper"`           // NaN when unknown
	Threshold   telemetry.Number  `json:"threshold"`       // of the rule, in Unit; NaN when there is none
	Below       bool              `json:"below,omitempty"` // the rule fires on low values
	Score       telemetry.Number  `json:"score"`           // [0,1]; NaN for plain alerts
	Worst       *Reading          `json:"worst,omitempty"` // worst report of the episode so far; kept by Manager and AnomalyLog, nil in a report
	Kind        string            `json:"kind,omitempty"`  // detector.Kind, for anomalies
	Unit        string            `json:"unit,omitempty"`  // ratio, percent, seconds, bytes, per_second or ""
	Labels      map[string]string `json:"labels,omitempty"`
	Query       string            `json:"query,omitempty"` // PromQL selector whose series draws this occurrence
	Channels    []string          `json:"channels,omitempty"`
	Summary     string            `json:"summary,omitempty"` // one sentence with the figures
	Excused     string            `json:"excused,omitempty"` // why people expect it, which makes it weak; "" when they do not
}

// Incident is one thing that is wrong, made of the occurrences that belong to
// it. ID is fixed at opening and never derived from a suspect.
type Incident struct {
	ID          string       `json:"id"`
	Service     string       `json:"service"`
	Environment string       `json:"environment,omitempty"`
	Title       string       `json:"title"`
	State       State        `json:"state"`
	Severity    Severity     `json:"severity"`
	Onset       time.Time    `json:"onset"`  // earliest Since of a strong occurrence
	Opened      time.Time    `json:"opened"` // event time of the report that opened it
	Acked       time.Time    `json:"acked,omitzero"`
	Mitigated   time.Time    `json:"mitigated,omitzero"`
	Resolved    time.Time    `json:"resolved,omitzero"` // when it ended, in whichever way
	Closed      time.Time    `json:"closed,omitzero"`   // when it could no longer reopen
	Updated     time.Time    `json:"updated"`
	Reopened    int          `json:"reopened"` // how often
	Occurrences []Occurrence `json:"occurrences"`
	Dropped     int          `json:"dropped,omitempty"` // occurrences beyond the stored maximum

	NeverOpened  bool     `json:"never_opened,omitempty"`  // a candidate, or one that ended as such
	MergedInto   string   `json:"merged_into,omitempty"`   // the incident that it goes on as
	Merged       []string `json:"merged,omitempty"`        // incidents that go on as this one
	Umbrella     string   `json:"umbrella,omitempty"`      // the incident of the storm that it is part of
	Members      []string `json:"members,omitempty"`       // of an umbrella: incidents that opened just before it
	Predecessor  string   `json:"predecessor,omitempty"`   // the incident that had grown too old to take this in
	Successor    string   `json:"successor,omitempty"`     // the incident that takes in what came too late for this
	SplitFrom    string   `json:"split_from,omitempty"`    // the incident out of which people took this
	RecurrenceOf string   `json:"recurrence_of,omitempty"` // the closed incident that had the same occurrence
}

// EventKind names a row of the timeline.
type EventKind string

// The kinds of timeline event.
const (
	EventOpened   EventKind = "opened"
	EventAttached EventKind = "attached" // a further occurrence joined
	EventCleared  EventKind = "cleared"  // an occurrence recovered
	EventHeld     EventKind = "held"     // an occurrence lost its data
	EventRaised   EventKind = "raised"   // severity went up
	EventAcked    EventKind = "acknowledged"
	EventResolved EventKind = "resolved"
	EventReopened EventKind = "reopened"
	EventChange   EventKind = "change"   // a change event of the service, before or during
	EventSuspects EventKind = "suspects" // the ranking of causes changed its first row
	EventNotified EventKind = "notified"
	EventNote     EventKind = "note"
	EventGap      EventKind = "gap" // the daemon itself could detect nothing for a while

	EventCandidate     EventKind = "candidate" // something odd, waiting for more
	EventMitigated     EventKind = "mitigated"
	EventClosed        EventKind = "closed"
	EventMerged        EventKind = "merged" // into another incident
	EventFalsePositive EventKind = "false_positive"
	EventExpired       EventKind = "expired"
	EventLowered       EventKind = "lowered" // severity went down
	EventLinked        EventKind = "linked"  // to a storm's incident, a predecessor or a successor
	EventSplit         EventKind = "split"   // people took an occurrence out of it
)

// Ends reports whether an event of this kind ends an incident.
func (k EventKind) Ends() bool {
	switch k {
	case EventResolved, EventClosed, EventMerged, EventFalsePositive, EventExpired:
		return true
	}
	return false
}

// Silent reports whether the event is for the timeline only, so that nobody is
// told of it: of what never opened, of links, and of the end of the time in which
// an incident that had ended could reopen.
func (r EventRecord) Silent() bool {
	return r.Incident.NeverOpened || r.Event.Kind == EventLinked || r.Event.Kind == EventClosed && r.Incident.Resolved.Before(r.Event.At)
}

// Event is one row of an incident's append-only timeline. Seq rises over all
// incidents and is never reused.
type Event struct {
	Seq      int64     `json:"seq"`
	Incident string    `json:"incident"`
	Kind     EventKind `json:"kind"`
	At       time.Time `json:"at"`
	Actor    string    `json:"actor"`         // "tocsin" or who did it
	Text     string    `json:"text"`          // one sentence
	Key      string    `json:"key,omitempty"` // the occurrence concerned, if any
}
