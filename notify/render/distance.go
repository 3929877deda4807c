package render

import (
	"math"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Distance says how far the value of an occurrence is from what is expected:
// "12.4%, expected 0.8% (0.3% to 1.9%), 15.5 times as much". Parts that are
// not known are left out; "" when not even the value is known.
func Distance(o incident.Occurrence) string {
	value := Figure(float64(o.Value), o.Unit)
	if value == "" {
		return ""
	}
	s := value
	if e := Expected(o); e != "" {
		s += ", expected " + e
	}
	if f := Factor(float64(o.Value), float64(o.Expected)); f != "" {
		s += ", " + f
	}
	return s
}

// atWorst returns the occurrence with the figures of its worst reading, and false
// when there is none. What the reading does not know stays as it is.
func atWorst(o incident.Occurrence) (incident.Occurrence, bool) {
	w := o.Worst
	if w == nil || math.IsNaN(float64(w.Value)) {
		return o, false
	}
	o.Value = w.Value
	if !math.IsNaN(float64(w.Expected)) {
		o.Expected, o.Lower, o.Upper = w.Expected, w.Lower, w.Upper
	}
	return o, true
}

// WorstValue returns the worst value of the occurrence's episode in words, or ""
// when it is not known or reads the same as the present one.
func WorstValue(o incident.Occurrence) string {
	w, ok := atWorst(o)
	if !ok {
		return ""
	}
	s := Figure(float64(w.Value), o.Unit)
	if s == Figure(float64(o.Value), o.Unit) {
		return ""
	}
	return s
}

// Worst returns the name and the worst value of the weightiest occurrence whose
// worst is known, such as "error_rate 30%", and how far that was from what is
// expected; "" when none is known. Whether it still fires does not matter: what
// goes on when an incident is over is what it does not stand on.
func Worst(i incident.Incident) (short, full string) {
	var best incident.Occurrence
	for _, o := range i.Occurrences {
		w, ok := atWorst(o)
		if ok && (best.Worst == nil || outweighs(w, best)) {
			best = w
		}
	}
	if best.Worst == nil {
		return "", ""
	}
	if math.IsNaN(float64(best.Expected)) {
		best = borrowed(best, i.Occurrences)
	}
	name := best.Signal
	if name == "" {
		name = best.Name
	}
	if name = oneLine(name); name != "" {
		name += " "
	}
	full = name + Distance(best)
	if t := Time(best.Worst.At); t != "" {
		full += ", at " + t
	}
	return name + Figure(float64(best.Value), best.Unit), full
}

// borrowed returns an alert with what was normal as an anomaly of the same signal
// knows it, for rules do not say it.
func borrowed(o incident.Occurrence, all []incident.Occurrence) incident.Occurrence {
	for _, x := range all {
		w, _ := atWorst(x)
		if o.Signal != "" && x.Signal == o.Signal && x.Service == o.Service && x.Unit == o.Unit && !math.IsNaN(float64(w.Expected)) {
			o.Expected, o.Lower, o.Upper = w.Expected, w.Lower, w.Upper
			break
		}
	}
	return o
}

// Expected says what was expected, with the band where it is known:
// "0.8% (0.3% to 1.9%)"; "" when it is not known.
func Expected(o incident.Occurrence) string {
	s := Figure(float64(o.Expected), o.Unit)
	lower, upper := Figure(float64(o.Lower), o.Unit), Figure(float64(o.Upper), o.Unit)
	band := ""
	switch {
	case lower != "" && upper != "":
		band = lower + " to " + upper
	case upper != "":
		band = "at most " + upper
	case lower != "":
		band = "at least " + lower
	}
	switch {
	case s == "":
		return band
	case band == "":
		return s
	}
	return s + " (" + band + ")"
}

// Factor says the ratio of value to expected in words: "15.5 times as much" or
// "21% of it". It returns "" when the ratio says nothing: either is not known,
// zero or infinite, they differ in sign, or they agree within a twentieth.
func Factor(value, expected float64) string {
	f := value / expected
	switch {
	case math.IsNaN(f), math.IsInf(f, 0), f <= 0, math.IsInf(expected, 0), math.Abs(f-1) < 0.05:
		return ""
	case f < 1:
		return Figure(f, telemetry.UnitRatio) + " of it"
	}
	return Figure(f, "") + " times as much"
}

// Occurrence describes one occurrence on one line: its name, how it stands
// when it does not fire, and its distance or its own summary.
func Occurrence(o incident.Occurrence) string {
	s := oneLine(o.Name)
	if s == "" {
		s = string(o.Source)
	}
	if s == "" {
		s = "occurrence"
	}
	if o.Service != "" {
		s += " of " + oneLine(o.Service)
	}
	switch o.Condition {
	case incident.ConditionHeld:
		s += " (no data, held)"
	case incident.ConditionStale:
		s += " (no data, stale source)"
	case incident.ConditionCleared:
		s += " (recovered)"
	}
	if w, ok := atWorst(o); ok && o.Condition == incident.ConditionCleared {
		s += ": worst " + Distance(w)
		if now := Figure(float64(o.Value), o.Unit); now != "" {
			s += "; now " + now
		}
		return s
	}
	if d := Distance(o); d != "" {
		if w := WorstValue(o); w != "" {
			d += "; worst " + w
		}
		return s + ": " + d
	}
	if o.Summary != "" {
		return s + ": " + oneLine(o.Summary)
	}
	return s
}
