package condition

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// The recorded series of what is foreseen. Next to the labels of the signal's own
// series they carry signal and horizon, or signal, threshold and direction.
const (
	ForecastMetric = signal.Prefix + "forecast:value"
	LowerMetric    = signal.Prefix + "forecast:lower"
	UpperMetric    = signal.Prefix + "forecast:upper"
	UntilMetric    = signal.Prefix + "forecast:seconds_until"
	EarliestMetric = UntilMetric + "_earliest"
	LatestMetric   = UntilMetric + "_latest"
)

// Bounds of how far ahead a condition may look.
const (
	leastAhead = time.Minute
	mostAhead  = 365 * 24 * time.Hour
)

// predict reads `predict(SIGNAL, DURATION) op quantity`.
func (p *reader) predict() node {
	p.sign("(")
	name, s, known, ok := p.about("predict(disk_percent, 3d) > 90%")
	if !ok {
		return nil
	}
	if at := p.peek(); !p.sign(",") {
		p.stop(at, "want a comma and how far ahead after the signal, such as predict(%s, 3d), got %s", name.text, at)
		return nil
	}
	horizon, ok := p.duration()
	if !ok || !p.closing() {
		return nil
	}
	op, ok := p.op()
	if !ok {
		return nil
	}
	c := Comparison{Signal: s, Op: op, Column: name.column, Future: &Future{Horizon: horizon}}
	at := p.peek()
	if p.word("baseline") {
		p.stop(at, "want a number to compare a prediction with, got %s", at)
		return nil
	}
	value, unit, ok := p.quantity()
	if !ok {
		return nil
	}
	if known {
		c.Threshold = p.threshold(c, at, value, unit)
	}
	return c
}

// timeUntil reads `time_until(SIGNAL op quantity) < DURATION`.
func (p *reader) timeUntil() node {
	p.sign("(")
	name, s, known, ok := p.about("time_until(disk_percent > 95%) < 3d")
	if !ok {
		return nil
	}
	at := p.peek()
	inner, ok := p.op()
	if !ok {
		return nil
	}
	if inner == Equal || inner == NotEqual {
		p.note(at.column, "want one of > >= < <= within time_until, got %s", inner)
	}
	at = p.peek()
	value, unit, ok := p.quantity()
	if !ok || !p.closing() {
		return nil
	}
	c := Comparison{Signal: s, Op: inner, Column: name.column}
	f := &Future{Until: true, Above: inner == Greater || inner == GreaterEqual}
	if known {
		f.Limit = p.threshold(c, at, value, unit)
	}
	at = p.peek()
	if c.Op, ok = p.op(); !ok {
		return nil
	}
	if c.Op != Less && c.Op != LessEqual {
		p.note(at.column, "want < or <= and a duration after time_until, got %s", c.Op)
	}
	if f.Horizon, ok = p.duration(); !ok {
		return nil
	}
	c.Future, c.Threshold = f, f.Horizon.Seconds()
	return c
}

// about reads the name of the signal that a function is about.
func (p *reader) about(example string) (name token, s signal.Signal, known, ok bool) {
	name = p.next()
	if name.kind != tokWord {
		p.stop(name, "want the name of a signal as in %s, got %s", example, name)
		return name, s, false, false
	}
	s, known = p.signal(name)
	return name, s, known, true
}

func (p *reader) closing() bool {
	at := p.peek()
	if !p.sign(")") {
		p.stop(at, "want ), got %s", at)
		return false
	}
	return true
}

// duration reads how far ahead, such as 3d or 12h.
func (p *reader) duration() (time.Duration, bool) {
	at := p.peek()
	value, unit, ok := p.quantity()
	if !ok {
		return 0, false
	}
	m, known := measures[unit]
	if !known || m.of != signal.Seconds {
		p.stop(at, "want a duration such as 3d or 12h, got %s%s", trim(value), unit)
		return 0, false
	}
	seconds := value * m.factor
	if seconds < leastAhead.Seconds() || seconds > mostAhead.Seconds() {
		p.note(at.column, "want a duration from 1m to 365d, got %s%s", trim(value), unit)
		return leastAhead, true
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second), true
}

// Metrics returns the names of the recorded series: of what is expected, and of the
// near and the far bound that hold it in nine of ten cases, of a time until in eight.
func (f *Future) Metrics() (expected, near, far string) {
	if f.Until {
		return UntilMetric, EarliestMetric, LatestMetric
	}
	return ForecastMetric, LowerMetric, UpperMetric
}

// matchers returns those that tell the recorded series from other forecasts.
func (f *Future) matchers(s signal.Signal) (matchers []string) {
	for _, l := range f.Labels(s) {
		matchers = append(matchers, fmt.Sprintf("%s=%q", l[0], l[1]))
	}
	return matchers
}

// Bounds returns selectors of the near and the far bound of what a comparison
// foresees, narrowed by the matchers. It has none of the present.
func (c Comparison) Bounds(matchers ...string) (near, far string) {
	_, n, f := c.Future.Metrics()
	own := "{" + strings.Join(append(c.Future.matchers(c.Signal), matchers...), ",") + "}"
	return n + own, f + own
}

// Labels returns the labels that the recorded series have beside those of the
// signal's own, as pairs of name and value sorted by name.
func (f *Future) Labels(s signal.Signal) [][2]string {
	if !f.Until {
		return [][2]string{{"horizon", Ahead(f.Horizon)}, {"signal", s.Name}}
	}
	direction := "below"
	if f.Above {
		direction = "above"
	}
	return [][2]string{{"direction", direction}, {"signal", s.Name}, {"threshold", trim(f.Limit)}}
}

// Ahead writes a duration in the largest unit that leaves no rest: 3d, 36h, 90m.
func Ahead(d time.Duration) string {
	for _, u := range []struct {
		name string
		of   time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
		if d%u.of == 0 {
			return fmt.Sprintf("%d%s", d/u.of, u.name)
		}
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// promQL returns the comparison without the labels that only tell forecasts
// apart, so that it meets other comparisons.
func (f *Future) promQL(c Comparison, matchers []string) string {
	names := []string{}
	for _, l := range f.Labels(c.Signal) {
		names = append(names, l[0])
	}
	return fmt.Sprintf("max without (%s) (%s) %s %s", strings.Join(names, ", "), c.Series(matchers...), c.Op, trim(c.Threshold))
}
