package notify

import (
	"math"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Bounds of a Chart. What is longer is refused by Check, because a chart lies in
// the outbox once for each channel.
const (
	MaxChartPoints = 300
	MaxChartMarks  = 12
)

// Chart is the picture of a message as figures: the series that tells most about
// the incident, what was expected of it, and what was changed. It is captured when
// the message is made, so that a message sent late shows what was seen then. The
// columns have one entry for each of Times; Expected, Lower and Upper may be empty
// when nothing is known of what was expected. A value that is not known is NaN.
type Chart struct {
	Title     string             `json:"title"` // what the series is, on one line
	Unit      string             `json:"unit,omitempty"`
	Zone      string             `json:"zone,omitempty"` // IANA name of the time axis; empty is UTC
	From      time.Time          `json:"from"`
	To        time.Time          `json:"to"`
	Times     []int64            `json:"times"` // Unix milliseconds, rising
	Values    []telemetry.Number `json:"values"`
	Expected  []telemetry.Number `json:"expected,omitempty"`
	Lower     []telemetry.Number `json:"lower,omitempty"`
	Upper     []telemetry.Number `json:"upper,omitempty"`
	Threshold telemetry.Number   `json:"threshold"` // of the rule; NaN when there is none
	Below     bool               `json:"below,omitempty"`
	Marks     []ChartMark        `json:"marks,omitempty"`
}

// ChartMark is an instant that a chart points at: a change, the onset, the end.
type ChartMark struct {
	At   time.Time `json:"at"`
	Kind MarkKind  `json:"kind"`
	Text string    `json:"text"`
}

// MarkKind says what a mark is about.
type MarkKind string

// The kinds of mark.
const (
	MarkChange   MarkKind = "change"
	MarkOnset    MarkKind = "onset"
	MarkResolved MarkKind = "resolved"
)

// Drawable reports whether the chart can be drawn: at least two times in rising
// order within From and To, columns of their length, all within the bounds. Nil
// is not drawable.
func (c *Chart) Drawable() bool {
	if c == nil || len(c.Times) < 2 || len(c.Times) > MaxChartPoints || len(c.Marks) > MaxChartMarks || !c.To.After(c.From) {
		return false
	}
	for i, col := range [][]telemetry.Number{c.Values, c.Expected, c.Lower, c.Upper} {
		if len(col) != len(c.Times) && (i == 0 || len(col) != 0) {
			return false
		}
	}
	for i := 1; i < len(c.Times); i++ {
		if c.Times[i] <= c.Times[i-1] {
			return false
		}
	}
	known := func(v telemetry.Number) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }
	return slices.ContainsFunc(c.Values, known)
}

// Location returns the zone of the time axis, UTC when its name is not known.
func (c *Chart) Location() *time.Location {
	if c != nil && c.Zone != "" {
		if l, err := time.LoadLocation(c.Zone); err == nil {
			return l
		}
	}
	return time.UTC
}
