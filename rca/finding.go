package rca

import (
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Term is one addend of a suspect's score, shown so that a person can check it.
type Term struct {
	Name   string  `json:"name"`             // prior, time, effect, place, before
	Points float64 `json:"points"`           // addend in log odds
	Text   string  `json:"text"`             // one phrase with the figures behind it
	Weight float64 `json:"weight,omitempty"` // that feedback gave it, within Points already; 0 when none
}

// Finding is one row of the ranking of causes. Change is nil in exactly one
// row of every ranking: the one that says that no recent change fits.
type Finding struct {
	Change      *telemetry.Change `json:"change"`
	Title       string            `json:"title"`
	LogOdds     float64           `json:"log_odds"`    // sum of Terms
	Probability float64           `json:"probability"` // over all rows of the ranking, sums to 1
	Terms       []Term            `json:"terms"`
	Evidence    []Evidence        `json:"evidence,omitempty"` // largest effect first
}

// Evidence is a series of a service before and after the onset, or, when Signal is
// empty, a conclusion in words.
type Evidence struct {
	Service string           `json:"service,omitempty"`
	Source  string           `json:"source,omitempty"`
	Basis   string           `json:"basis,omitempty"` // Observed or Inferred
	Text    string           `json:"text,omitempty"`
	Signal  string           `json:"signal"`
	Unit    string           `json:"unit,omitempty"`
	Before  telemetry.Number `json:"before"` // median before the onset
	After   telemetry.Number `json:"after"`  // the value since the onset of which Z was taken: nine in ten were no worse
	Z       telemetry.Number `json:"z"`      // robust z of the shift, signed: positive is bad
	Query   string           `json:"query,omitempty"`
	Onset   time.Time        `json:"onset,omitzero"`
}

// Ranking is what Rank returns: findings with the most probable first, and the
// event time and onset it was made for.
type Ranking struct {
	At       time.Time `json:"at"`
	Onset    time.Time `json:"onset"`
	Findings []Finding `json:"findings"`
	Earliest time.Time `json:"onset_earliest,omitzero"` // the trouble began between this and Onset
	Suspects []Cause   `json:"suspects,omitempty"`      // services, the most probable first
	Analysis *Analysis `json:"analysis,omitempty"`      // nil in rankings that were made without evidence
}
