package incident

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// ActorSelf is the actor of events that no person caused.
const ActorSelf = "tocsin"

// lead returns the occurrence an incident is named after: the most severe strong
// one, then an alert, then one that users feel, then the higher score, then the
// one that came first.
func lead(l *live) Occurrence {
	best := 0
	for i, o := range l.Occurrences {
		if leads(o, l.Occurrences[best]) {
			best = i
		}
	}
	return l.Occurrences[best]
}

func leads(a, b Occurrence) bool {
	if a.Strong != b.Strong {
		return a.Strong
	}
	if a.Severity.Rank() != b.Severity.Rank() {
		return a.Severity.Rank() > b.Severity.Rank()
	}
	if a.Source != b.Source {
		return a.Source == SourceAlert
	}
	if a.Symptom != b.Symptom {
		return a.Symptom
	}
	return a.Score > b.Score // false when either is NaN
}

// entitle words an incident by its lead, such as
// "checkout: high_error_rate, error_rate 31.2% (expected 0.5%)". It is called
// when an incident opens and when its severity rises; else the title goes on
// naming the same occurrence, so that people recognise it.
func (l *live) entitle() { l.titleAfter(lead(l)) }

// retitle brings the figure in the title up to date with the worst value of the
// occurrence that it names, if that got worse. It never takes a figure back.
func (l *live) retitle() {
	i := l.index(l.Memory.Titled)
	if i < 0 || l.scope() == stormScope {
		return
	}
	o, was := l.Occurrences[i], l.Memory.TitledWorst
	if o.Worst != nil && (was == nil || worse(o, *was, *o.Worst)) {
		l.titleAfter(o)
	}
}

func (l *live) titleAfter(o Occurrence) {
	l.Memory.Titled, l.Memory.TitledWorst = o.Key, o.Worst
	if l.scope() == stormScope {
		l.Title = fmt.Sprintf("incident storm, first %s", subject(o))
		return
	}
	l.Title = subject(o) + figures(o, l.Occurrences)
}

func subject(o Occurrence) string {
	where := o.Service
	if o.Environment != "" && where != "" {
		where += " (" + o.Environment + ")"
	}
	what := o.Name
	if o.Signal != "" && o.Signal != o.Name {
		what += ", " + o.Signal
	}
	if where == "" {
		return what
	}
	return where + ": " + what
}

// figures writes the worst value and what it is held against: the expected value, that
// of an anomaly of the same signal if the occurrence has none, or the threshold.
func figures(o Occurrence, all []Occurrence) string {
	if isNaN(o.Value) || (o.Source == SourceAlert && o.Signal == "" && o.Unit == "" && isNaN(o.Threshold)) {
		return ""
	}
	value, expected := o.Value, o.Expected
	if o.Worst != nil {
		value, expected = o.Worst.Value, o.Worst.Expected
	}
	against := ""
	for _, x := range all {
		if isNaN(expected) && o.Signal != "" && x.Signal == o.Signal && !isNaN(x.Expected) {
			expected = x.Expected
		}
	}
	x := figuresOf(o.Unit, value, expected, o.Threshold)
	switch {
	case !isNaN(expected):
		against = fmt.Sprintf(" (expected %s)", x[1])
	case !isNaN(o.Threshold):
		against = fmt.Sprintf(" (threshold %s)", x[2])
	}
	return " " + x[0] + against
}

// attachedText names an occurrence with its sentence, without saying a name twice.
func attachedText(o Occurrence) string {
	switch {
	case o.Summary == "":
		return o.Name
	case strings.HasPrefix(o.Summary, o.Name):
		return o.Summary
	}
	return o.Name + ": " + o.Summary
}

// nowAt says where the value has come back to, and from where.
func nowAt(o Occurrence) string {
	if isNaN(o.Value) || (o.Source == SourceAlert && o.Signal == "") {
		return ""
	}
	if o.Worst != nil {
		return fmt.Sprintf(" (now %s, worst %s)", figure(o.Value, o.Unit), figure(o.Worst.Value, o.Unit))
	}
	return fmt.Sprintf(" (now %s)", figure(o.Value, o.Unit))
}

// figuresOf writes a value and what it is held against so that they can be told apart.
func figuresOf(unit string, v telemetry.Number, others ...telemetry.Number) []string {
	held := make([]float64, len(others))
	for i, x := range others {
		held[i] = float64(x)
	}
	return telemetry.Figures(unit, float64(v), held...)
}

func figure(v telemetry.Number, unit string) string { return telemetry.Figure(float64(v), unit) }

func clock(t time.Time) string { return telemetry.Clock(t) }

// span writes a duration for people, without parts that do not matter: "42s",
// "7m", "1h5m", "2d3h".
func span(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour && d%time.Minute >= time.Second && d < 10*time.Minute:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 24*time.Hour:
		return trimZero(fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60), "0m", "h")
	}
	return trimZero(fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24), "0h", "d")
}

// trimZero cuts a last part that is zero: "1h0m" to "1h", but not "1h10m".
func trimZero(s, zero, after string) string {
	if cut, ok := strings.CutSuffix(s, after+zero); ok {
		return cut + after
	}
	return s
}
