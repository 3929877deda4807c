package slo

import (
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// Objective is one entry of a `slos:` file. It is immutable.
type Objective struct {
	Name        string
	File        string
	Line        int
	Description string
	Services    []string      // names or globs with *; empty for all
	Target      float64       // share of good events, between 0 and 1
	Window      time.Duration // over which the target is to be kept
	Source      string        // what its recorded events are called
	Counts      string        // what counts as bad, for people
	Events      signal.Events
	Burns       []Burn
	LowTraffic  LowTraffic
	Channels    []string
	Labels      map[string]string
	Annotations map[string]string
	Shadow      bool
}

// Origin returns where the objective stands, as file:line.
func (o Objective) Origin() string { return fmt.Sprintf("%s:%d", o.File, o.Line) }

// Budget returns the share of events that may be bad.
func (o Objective) Budget() float64 { return 1 - o.Target }

// Burn is a pair of windows over which the budget must not burn faster than Rate,
// where 1 uses up the budget in exactly the objective's window. The long window
// says that it matters, the short one that it goes on. From: Beyer, Murphy, Rensin,
// Kawahara, Thorne (ed.), The Site Reliability Workbook, O'Reilly 2018, chapter 5,
// "Alerting on SLOs", section 6, multiwindow, multi-burn-rate alerts.
type Burn struct {
	Rate     float64
	Long     time.Duration
	Short    time.Duration
	For      time.Duration
	Severity string
}

// LowTraffic says what a burn takes beside its rate, so that a few requests in an
// hour do not page: at least MinBad bad events in the long window, and that many
// of so many must be rarer than 1 - Confidence for a service which just keeps its
// objective.
type LowTraffic struct {
	MinBad     float64
	Confidence float64
}

// DefaultLowTraffic returns what an objective that says nothing asks. With it
// services that use up their budget evenly, from one request an hour to twenty
// thousand, page by chance at most twice in ten years of simulated traffic, where
// the plain alerts of the workbook page up to 4,565 times.
func DefaultLowTraffic() LowTraffic { return LowTraffic{MinBad: 3, Confidence: 0.9999} }

// shares are the parts of the budget that the workbook permits to burn unnoticed.
var shares = []struct {
	share       float64
	long, short time.Duration
	severity    string
}{
	{0.02, time.Hour, 5 * time.Minute, "critical"},
	{0.05, 6 * time.Hour, 30 * time.Minute, "critical"},
	{0.10, 24 * time.Hour, 2 * time.Hour, "warning"},
	{0.10, 72 * time.Hour, 6 * time.Hour, "warning"},
}

// reachable is the share of the greatest possible burn rate, at which every event
// is bad, that an alert may ask: above, it could not fire before all is lost.
const reachable = 0.8

// DefaultBurns returns the workbook's alerts for an objective: 14.4 over an hour
// and so on for 30 days, and what burns the same share of the budget for others.
// Rates below 1 are left out, and none is beyond what can happen.
func DefaultBurns(target float64, window time.Duration) []Burn {
	var out []Burn
	for _, s := range shares {
		rate := math.Round(s.share*float64(window)/float64(s.long)*100) / 100
		rate = min(rate, reachable/(1-target))
		if rate >= 1 && s.long < window {
			out = append(out, Burn{Rate: rate, Long: s.long, Short: s.short, Severity: s.severity})
		}
	}
	return out
}

// windows returns every window that the objective sums over, each once.
func (o Objective) windows() []time.Duration {
	seen := map[time.Duration]bool{}
	var out []time.Duration
	add := func(d time.Duration) {
		if !seen[d] {
			seen[d] = true
			out = append(out, d)
		}
	}
	for _, b := range o.Burns {
		add(b.Long)
		add(b.Short)
	}
	add(o.Window)
	return out
}

// WindowName writes a window as its label does.
func WindowName(d time.Duration) string { return model.Duration(d).String() }
