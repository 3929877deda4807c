package rca

import (
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Bases of evidence: what was measured, and what was concluded from it.
const (
	Observed = "observed"
	Inferred = "inferred"
)

// Bands of confidence in a cause.
const (
	High   = "high"
	Medium = "medium"
	Low    = "low"
)

// Analysis is the answer to why an incident came about, in the form that people
// and programs read. Every slice is in order of weight, the heaviest first.
type Analysis struct {
	PrimaryCause           *Cause     `json:"primary_cause"` // nil when Unexplained is not empty
	ContributingFactors    []Cause    `json:"contributing_factors"`
	AffectedServices       []Affected `json:"affected_services"`
	SuggestedFixes         []Fix      `json:"suggested_fixes"`
	PreventionMeasures     []Measure  `json:"prevention_measures"`
	EstimatedTimeToResolve *Estimate  `json:"estimated_time_to_resolve"`
	Unexplained            string     `json:"unexplained"` // why no cause is named; "" when one is
	Against                []Argument `json:"against"`     // what speaks against the first cause
}

// Cause is a service at which the trouble may have begun, and by which kind of
// evidence.
type Cause struct {
	Service     string            `json:"service"`
	Kind        string            `json:"kind"` // saturation, latency, network, errors, logs, calls, traffic, restarts; "change" when there is no other evidence
	Title       string            `json:"title"`
	Change      *telemetry.Change `json:"change"`      // that most probably brought it about; nil when none fits
	Probability float64           `json:"probability"` // among all that were looked at, in [0, 1]
	Confidence  string            `json:"confidence"`  // High, Medium or Low
	Score       float64           `json:"score"`       // what the order is made by
	Onset       time.Time         `json:"onset,omitzero"`
	Path        []string          `json:"path,omitempty"` // from the incident's service to this one, both included
	Evidence    []Evidence        `json:"evidence"`
}

// Affected is a service that shows the incident.
type Affected struct {
	Service string     `json:"service"`
	Path    []string   `json:"path,omitempty"` // from it to the first cause along what it depends on
	Onset   time.Time  `json:"onset,omitzero"` // when its first signal was odd
	Shows   []Evidence `json:"shows,omitempty"`
}

// Fix is something that may end an incident. Source says who proposes it, Ref
// which incident, runbook, change or rule that was. Of Tried times it was done
// before, it Helped that many; both are 0 when nothing is known.
type Fix struct {
	Title  string `json:"title"`
	Source string `json:"source"` // "similar", "runbook", "change" or "rule"
	Ref    string `json:"ref,omitempty"`
	Helped int    `json:"helped"`
	Tried  int    `json:"tried"`
}

// Estimate is how long an incident will last from its onset. A quantile is nil
// when there is not enough history to tell, and Reason then says so.
type Estimate struct {
	P50     *float64 `json:"p50_seconds"`
	P80     *float64 `json:"p80_seconds"`
	P95     *float64 `json:"p95_seconds"`
	BasedOn int      `json:"based_on"` // comparable incidents
	Reason  string   `json:"reason,omitempty"`
}

// Measure is something that would have kept the incident away or made it shorter.
type Measure struct {
	Title  string `json:"title"`
	Reason string `json:"reason"`
	Basis  string `json:"basis"` // Observed when the guard is known to be missing, Inferred when nothing is known of it
}

// Argument is a sentence with the figures behind it.
type Argument struct {
	Text  string `json:"text"`
	Basis string `json:"basis"` // Observed or Inferred
}

// Guards is what is known of the guards that stood between changes and users. The
// zero value knows nothing.
type Guards struct {
	Canary   map[string]bool   // by id of a change: whether it went to a part of the users first
	Verdict  map[string]string // by id of a change: the word on it at the onset, "" when nobody waited for one
	Watched  map[string]bool   // signals that have an alert; nil when that is not known
	Limited  map[string]bool   // services that have limits of what they may use; nil when that is not known
	Rollback map[string]bool   // by id of a change: whether it goes back by itself when it fails
}
