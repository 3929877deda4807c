package report

import (
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Postmortem is the record of one incident. Durations are seconds; a nil one is not
// known. Texts hold the names of people only if they may be named.
type Postmortem struct {
	ID          string            `json:"id"`
	Title       string            `json:"title"`
	Service     string            `json:"service"`
	Environment string            `json:"environment,omitempty"`
	Severity    incident.Severity `json:"severity"`
	State       incident.State    `json:"state"`
	Onset       time.Time         `json:"onset"`
	End         time.Time         `json:"end"`   // of what is told of
	Ended       bool              `json:"ended"` // false: it goes on, and End is the last event
	Reopened    int               `json:"reopened"`
	Link        string            `json:"link,omitempty"`

	Times    Times        `json:"times"`
	Impact   Impact       `json:"impact"`
	Trigger  *Suspect     `json:"trigger"` // nil when no change fits well enough
	Unknown  string       `json:"unknown"` // why there is no trigger; "" when there is one
	Factors  []Factor     `json:"contributing_factors"`
	Measures []Factor     `json:"prevention_measures"` // proposed, for people to judge
	Symptoms []Symptom    `json:"symptoms"`
	Suspects []Suspect    `json:"suspects"`
	Tried    []Tried      `json:"tried"`
	Changes  []ChangeRow  `json:"changes"`
	Told     []ChannelRow `json:"told"`
	Gaps     []GapRow     `json:"gaps"`
	Similar  []Similar    `json:"similar"`
	Timeline []Row        `json:"timeline"`
	Charts   []Picture    `json:"charts"`
	Dropped  int          `json:"occurrences_dropped,omitempty"`
}

// Times are the steps of the incident's life and how long each took from the onset.
// A zero time did not happen or is not known.
type Times struct {
	FirstAnomaly time.Time `json:"first_anomaly,omitzero"`
	FirstAlert   time.Time `json:"first_alert,omitzero"`
	Opened       time.Time `json:"opened"`
	FirstTold    time.Time `json:"first_told,omitzero"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Suspected    time.Time `json:"suspected,omitzero"` // when the cause that stands now came first
	Mitigated    time.Time `json:"mitigated,omitzero"` // nothing strong was felt any more
	Resolved     time.Time `json:"resolved,omitzero"`

	Detect      *float64 `json:"detect_seconds"` // onset to opened
	Tell        *float64 `json:"tell_seconds"`
	Acknowledge *float64 `json:"acknowledge_seconds"` // opened to acknowledged
	Mitigate    *float64 `json:"mitigate_seconds"`
	Resolve     *float64 `json:"resolve_seconds"`
}

// Impact says how long it was how bad, and what users felt.
type Impact struct {
	Severities []SeverityTime `json:"severities"` // the gravest first
	Felt       float64        `json:"felt_seconds"`
	Undetected float64        `json:"undetected_seconds"` // from the onset to the opening
	Budgets    []Budget       `json:"budgets"`
	Services   []string       `json:"services"` // of all occurrences
}

// SeverityTime is how long the incident stood open at a severity.
type SeverityTime struct {
	Severity incident.Severity `json:"severity"`
	Seconds  float64           `json:"seconds"`
}

// Symptom is one occurrence: what was seen, how bad at worst, for how long.
type Symptom struct {
	Name      string           `json:"name"`
	Service   string           `json:"service"`
	Felt      bool             `json:"felt"` // users feel it
	Since     time.Time        `json:"since"`
	Seconds   float64          `json:"seconds"` // over all its episodes
	Worst     telemetry.Number `json:"worst"`
	WorstAt   time.Time        `json:"worst_at,omitzero"`
	Expected  telemetry.Number `json:"expected"`
	Threshold telemetry.Number `json:"threshold"`
	Unit      string           `json:"unit,omitempty"`
	Query     string           `json:"query,omitempty"`
	Link      string           `json:"link,omitempty"`
}

// Suspect is a row of the ranking of causes. Ruled says why one that is very
// improbable was ruled out; "" for the others.
type Suspect struct {
	Title       string    `json:"title"`
	ChangeID    string    `json:"change_id,omitempty"`
	Kind        string    `json:"kind,omitempty"`
	Service     string    `json:"service,omitempty"`
	Started     time.Time `json:"started,omitzero"`
	Probability float64   `json:"probability"`
	For         []string  `json:"for"`
	Against     []string  `json:"against"`
	Evidence    []Check   `json:"evidence"`
	Ruled       string    `json:"ruled_out,omitempty"`
	Link        string    `json:"link,omitempty"`
}

// Check is a figure that spoke for a suspect, and the query that shows it.
type Check struct {
	Signal string           `json:"signal"`
	Unit   string           `json:"unit,omitempty"`
	Before telemetry.Number `json:"before"`
	After  telemetry.Number `json:"after"`
	Z      telemetry.Number `json:"z"`
	Query  string           `json:"query,omitempty"`
	Link   string           `json:"link,omitempty"`
}

// Row is one line of the timeline. Folded are the rows like it that follow closely
// and are not shown by themselves.
type Row struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Text   string    `json:"text"`
	By     string    `json:"by,omitempty"` // "" for the daemon
	Link   string    `json:"link,omitempty"`
	Folded []Row     `json:"folded,omitempty"`
}

// Picture is a chart as a PNG file.
type Picture struct {
	File  string `json:"file"`
	Title string `json:"title"`
	PNG   []byte `json:"-"`
}

// Build makes the postmortem of an incident. It takes time in proportion to the
// number of events times that of occurrences.
func Build(in Input, c Config) Postmortem {
	i := in.Incident
	end, ended := endOf(in)
	p := Postmortem{
		ID: i.ID, Title: i.Title, Service: i.Service, Environment: i.Environment, Severity: i.Severity, State: i.State,
		Onset: onsetOf(i), End: end, Ended: ended, Reopened: i.Reopened, Dropped: i.Dropped,
		Link: incidentLink(in.BaseURL, i.ID, 0),
	}
	life := lives(in)
	p.Times = times(in, life)
	p.Impact = impact(in, life, end)
	p.Symptoms = symptoms(in, life, end)
	p.Suspects = suspects(in)
	p.Trigger, p.Unknown = trigger(p.Suspects)
	p.Factors, p.Measures = analysis(in.Ranking)
	p.Factors = append(p.Factors, in.Factors...)
	p.Tried = tried(in, life, end)
	p.Changes = changeRows(in)
	p.Told = channelRows(in.Told)
	p.Gaps = gapRows(in, end)
	p.Similar = similar(in)
	p.Timeline = timeline(in, p.Times)
	p.Charts = pictures(in.Charts)
	newVeil(in, c).cover(&p)
	return p
}

// endOf returns the end of what is told of and whether the incident is over.
func endOf(in Input) (time.Time, bool) {
	if !in.Incident.Resolved.IsZero() {
		return in.Incident.Resolved, true
	}
	end := in.Incident.Updated
	for _, r := range in.Records {
		if r.Event.At.After(end) {
			end = r.Event.At
		}
	}
	return end, over(in.Incident.State)
}

// over says whether an incident in the state is watched no more. States that are
// not known count as going on.
func over(s incident.State) bool {
	switch s {
	case incident.StateResolved, "closed", "merged", "false_positive", "expired":
		return true
	}
	return false
}

func onsetOf(i incident.Incident) time.Time {
	if i.Onset.IsZero() {
		return i.Opened
	}
	return i.Onset
}
