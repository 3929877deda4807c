package incident

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

// AlertKey returns the key of the occurrence that an alert makes.
func AlertKey(a rules.Alert) string { return alertKey + a.Fingerprint }

// FromAlert words a rule's alert as an occurrence. Alerts of at least warning
// are strong. Whether users feel it is not known from an alert; a caller that
// knows the alert's signal may set Symptom, on which nothing depends for alerts.
// A pending alert is no occurrence: ok is then false.
func FromAlert(a rules.Alert) (o Occurrence, ok bool) {
	o = Occurrence{
		Key:         AlertKey(a),
		Source:      SourceAlert,
		Name:        a.Name,
		Signal:      a.Signal,
		Service:     a.Service,
		Environment: a.Environment,
		Severity:    Severity(a.Severity),
		Since:       a.Since,
		At:          a.At,
		Value:       a.Value,
		Expected:    unknown,
		Lower:       unknown,
		Upper:       unknown,
		Threshold:   a.Threshold,
		Below:       a.Below,
		Score:       unknown,
		Unit:        a.Unit,
		Labels:      a.Labels,
		Query:       a.Query,
		Channels:    a.Channels,
		Summary:     a.Summary,
	}
	if a.Oddness != nil {
		o.Expected, o.Score = a.Oddness.Expected, a.Oddness.Score
	}
	if o.Severity.Rank() == 0 {
		o.Severity = SeverityWarning
	}
	o.Strong = o.Severity.Rank() >= SeverityWarning.Rank()
	switch a.State {
	case rules.AlertFiring:
		o.Condition = ConditionFiring
	case rules.AlertHeld:
		o.Condition = ConditionHeld
	case rules.AlertStale:
		o.Condition = ConditionStale
	case rules.AlertResolved:
		o.Condition = ConditionCleared
	default:
		return Occurrence{}, false
	}
	if o.Summary == "" {
		o.Summary = alertSummary(o)
	}
	return o, true
}

var unknown = telemetry.Number(math.NaN())

func alertSummary(o Occurrence) string {
	what := o.Signal
	if what == "" {
		what = o.Name
	}
	if isNaN(o.Value) {
		return fmt.Sprintf("%s, since %s", what, clock(o.Since))
	}
	against := ""
	if !isNaN(o.Threshold) {
		against = fmt.Sprintf(" against a threshold of %s", figure(o.Threshold, o.Unit))
	}
	return fmt.Sprintf("%s %s%s, since %s", what, figure(o.Value, o.Unit), against, clock(o.Since))
}

// VerdictContext is a detector's verdict with what is known of its series: the
// service it belongs to and, for signals, what the catalogue says.
type VerdictContext struct {
	Verdict     detector.Verdict
	Labels      labels.Labels // of the series, with __name__
	Service     string
	Environment string
	Signal      string // name in the catalogue; "" for a raw series
	Unit        string // of the signal; "" when unknown
	Bad         int    // +1: up is bad, -1: down is bad, 0: neither
	Symptom     bool   // users feel the signal
	Query       string // draws the series; "" to select it by its labels
	Config      Config // thresholds
}

// SeriesKey begins the keys of occurrences that come from the detector; the
// labels of the series follow, as PromQL writes them.
const SeriesKey = "series:"

// FromVerdict words an episode of the detector as an occurrence. It is strong
// when it is a signal that moved in its bad direction and its highest score so
// far is at least Config.StrongScore, or a raw series with at least
// Config.RawStrongScore; whether users feel it is said of signals only. Data
// that stopped (detector.PhaseLost) are held, not cleared. A quiet verdict is no
// occurrence: ok is then false.
func FromVerdict(c VerdictContext) (o Occurrence, ok bool) {
	v := c.Verdict
	if v.Phase == detector.PhaseQuiet {
		return Occurrence{}, false
	}
	name := c.Signal
	if name == "" {
		name = c.Labels.Get(labels.MetricName)
	}
	if name == "" {
		name = c.Labels.String()
	}
	o = Occurrence{
		Key:         SeriesKey + c.Labels.String(),
		Source:      SourceAnomaly,
		Name:        name,
		Signal:      c.Signal,
		Service:     c.Service,
		Environment: c.Environment,
		Severity:    SeverityInfo,
		Condition:   ConditionFiring,
		Since:       time.UnixMilli(v.Since).UTC(),
		At:          time.UnixMilli(v.Time).UTC(),
		Value:       telemetry.Number(v.Value),
		Expected:    telemetry.Number(v.Expected),
		Lower:       telemetry.Number(v.Lower),
		Upper:       telemetry.Number(v.Upper),
		Threshold:   unknown,
		Score:       telemetry.Number(v.Score),
		Kind:        v.Kind.String(),
		Unit:        c.Unit,
		Labels:      seriesLabels(c.Labels),
		Query:       c.Query,
	}
	if o.Unit == "" {
		o.Unit = unitOf(name, v.Rate)
	}
	if o.Query == "" {
		o.Query = c.Labels.String()
	}
	switch v.Phase {
	case detector.PhaseClosed:
		o.Condition = ConditionCleared
	case detector.PhaseLost:
		o.Condition = ConditionHeld
	}
	if strong(c) {
		o.Strong, o.Severity = true, SeverityWarning
		o.Symptom = c.Symptom && c.Signal != ""
	}
	o.Summary = anomalySummary(o)
	return o, true
}

// unitOf returns the unit of a series that is no signal, as far as its name says it.
// Names in seconds are as often points in time as durations.
func unitOf(name string, rate bool) string {
	switch {
	case rate:
		return telemetry.UnitPerSecond
	case strings.HasSuffix(name, "_bytes"):
		return telemetry.UnitBytes
	}
	return ""
}

// strong decides by the highest score of the episode, so that an episode on its
// way back does not turn weak. A series that went missing is no evidence of
// trouble by itself.
func strong(c VerdictContext) bool {
	v := c.Verdict
	peak := max(v.Peak, v.Score)
	if v.Kind == detector.KindMissing || math.IsNaN(peak) {
		return false
	}
	if c.Signal == "" {
		return peak >= c.Config.RawStrongScore
	}
	if peak < c.Config.StrongScore || c.Bad == 0 {
		return false
	}
	if v.Phase == detector.PhaseClosed || v.Phase == detector.PhaseLost {
		return true // its last value says nothing of the way it went
	}
	return (v.Value-v.Expected)*float64(c.Bad) > 0
}

func anomalySummary(o Occurrence) string {
	return o.Name + " " + readingText(o) + ", since " + clock(o.Since)
}

// readingText writes a value with what it is held against.
func readingText(o Occurrence) string {
	x := figuresOf(o.Unit, o.Value, o.Expected, o.Lower, o.Upper)
	s := x[0]
	if !isNaN(o.Expected) {
		s += " against an expected " + x[1]
	}
	if !isNaN(o.Lower) && !isNaN(o.Upper) {
		s += fmt.Sprintf(" (band %s to %s)", x[2], x[3])
	}
	return s
}

func seriesLabels(l labels.Labels) map[string]string {
	out := make(map[string]string, l.Len())
	l.Range(func(x labels.Label) {
		if x.Name != labels.MetricName {
			out[x.Name] = x.Value
		}
	})
	return out
}

// ToAlert is the way back from FromAlert, for the rule engine to take up after a
// restart what was firing before: ok is false for anomalies and for what has
// cleared.
func ToAlert(o Occurrence) (a rules.Alert, ok bool) {
	fingerprint, found := strings.CutPrefix(o.Key, alertKey)
	if o.Source != SourceAlert || !found || o.Condition == ConditionCleared {
		return rules.Alert{}, false
	}
	state := rules.AlertFiring
	switch o.Condition {
	case ConditionHeld:
		state = rules.AlertHeld
	case ConditionStale:
		state = rules.AlertStale
	}
	var odd *rules.Oddness
	if !isNaN(o.Score) {
		odd = &rules.Oddness{Expected: o.Expected, Score: o.Score}
	}
	return rules.Alert{
		Fingerprint: fingerprint,
		Oddness:     odd,
		Name:        o.Name,
		Service:     o.Service,
		Environment: o.Environment,
		Severity:    string(o.Severity),
		State:       state,
		Since:       o.Since,
		At:          o.At,
		Value:       o.Value,
		Threshold:   o.Threshold,
		Below:       o.Below,
		Signal:      o.Signal,
		Unit:        o.Unit,
		Query:       o.Query,
		Labels:      o.Labels,
		Channels:    o.Channels,
		Summary:     o.Summary,
	}, true
}

// alertKey begins the keys of occurrences that come from rules.
const alertKey = "alert:"
