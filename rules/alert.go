package rules

import (
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// AlertState is how an alert stands. Held means that the series behind a
// firing alert stopped sending: the alert is kept and is not a recovery. Stale
// says so too, and that whatever sends them is known to be silent.
type AlertState string

// Dataless reports whether the alert stands although its data stopped.
func (s AlertState) Dataless() bool { return s == AlertHeld || s == AlertStale }

// The states of an alert. All but pending are handed on.
const (
	AlertPending  AlertState = "pending"
	AlertFiring   AlertState = "firing"
	AlertHeld     AlertState = "held"
	AlertStale    AlertState = "stale_source"
	AlertResolved AlertState = "resolved"
)

// Oddness is the detector's word on the value of an alert.
type Oddness struct {
	Expected telemetry.Number `json:"expected"` // NaN when unknown
	Score    telemetry.Number `json:"score"`    // 0 to 1; NaN when unknown
}

// Bounds hold what is foreseen: in nine of ten cases values from the least to the
// largest, or in eight of ten seconds from the least to the most, +Inf when that is not within twice
// the time asked about.
type Bounds struct {
	Near telemetry.Number `json:"near"`
	Far  telemetry.Number `json:"far"`
}

// Alert is one rule's word on one label set. Fingerprint is the same over
// restarts for the same rule name and labels.
type Alert struct {
	Fingerprint string           `json:"fingerprint"`
	Name        string           `json:"name"`
	Service     string           `json:"service"`
	Environment string           `json:"environment,omitempty"`
	Severity    string           `json:"severity"` // info, warning or critical; warning when the rule has none
	State       AlertState       `json:"state"`
	Since       time.Time        `json:"since"` // when the condition became true
	At          time.Time        `json:"at"`    // event time of this report
	Value       telemetry.Number `json:"value"`
	Threshold   telemetry.Number `json:"threshold"`       // NaN when the condition has no single one
	Below       bool             `json:"below,omitempty"` // fires on low values
	Signal      string           `json:"signal,omitempty"`
	// Foreseen is "in 3d" when Value is what Signal is expected to be then,
	// "until 95%" when Value is how many seconds it is expected to take.
	Foreseen string `json:"foreseen,omitempty"`
	// Bounds are those of Value where that is foreseen; nil when unknown.
	Bounds *Bounds `json:"bounds,omitempty"`
	// Oddness is what the detector says of Value when the condition is about an
	// anomaly; else nil.
	Oddness *Oddness `json:"oddness,omitempty"`
	// Recovery is the condition that ends the alert, as written; "" when it ends
	// as soon as its own condition no longer holds.
	Recovery string `json:"recovery,omitempty"`
	// Shadow says that the alert is only counted: it makes no incident and is
	// told to nobody.
	Shadow      bool              `json:"shadow,omitempty"`
	Unit        string            `json:"unit,omitempty"`
	Expr        string            `json:"expr"`            // PromQL as evaluated, or the event condition as written
	Query       string            `json:"query,omitempty"` // selector that draws the series behind the alert
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Channels    []string          `json:"channels,omitempty"`
	Source      string            `json:"source"` // file:line of the rule
	Summary     string            `json:"summary"`
}
