package condition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// anomaly reads `anomaly(SIGNAL) op NUMBER`.
func (p *reader) anomaly() node {
	p.sign("(")
	name, s, known, ok := p.about("anomaly(p95_latency) > 0.99")
	if !ok {
		return nil
	}
	side := s.Bad
	if p.sign(",") {
		at := p.next()
		word := strings.ToLower(at.text)
		if !slices.Contains([]string{"up", "down", "any"}, word) {
			p.stop(at, "want up, down or any after the signal, got %s", at)
			return nil
		}
		if side = signal.Direction(word); word == "any" {
			side = signal.None
		}
	}
	if !p.closing() {
		return nil
	}
	at := p.peek()
	op, ok := p.op()
	if !ok {
		return nil
	}
	if op == Equal || op == NotEqual {
		p.note(at.column, "want one of > >= < <= after anomaly(%s), got %s", name.text, op)
	}
	c := Comparison{Signal: s, Op: op, Column: name.column, Anomaly: &Anomaly{Side: side}}
	at = p.peek()
	value, unit, ok := p.quantity()
	if !ok {
		return nil
	}
	if known {
		score := signal.Signal{Name: "anomaly(" + name.text + ")", Unit: signal.Ratio}
		c.Threshold = p.threshold(Comparison{Signal: score, Op: op}, at, value, unit)
	}
	return c
}

// band returns the selector of one part of the signal's band, without the label
// that tells the parts apart, so that it meets other series of the signal.
func (c Comparison) band(part string, matchers []string) string {
	own := append([]string{fmt.Sprintf("%s=%q", telemetry.BandLabel, part)}, matchers...)
	return fmt.Sprintf("max without (%s) (%s{%s})", telemetry.BandLabel, c.Signal.Metric(), strings.Join(own, ","))
}

// promQL returns the comparison of how odd the signal is on the side that counts.
func (a *Anomaly) promQL(c Comparison, matchers []string) string {
	odd := c.band(telemetry.BandAnomaly, matchers)
	switch a.Side {
	case signal.Down:
		odd = "-" + odd
	case signal.None:
		odd = "abs(" + odd + ")"
	}
	return fmt.Sprintf("%s %s %s", odd, c.Op, trim(c.Threshold))
}

// Band returns the PromQL of one part of what the detector says of the
// comparison's signal, one of telemetry.BandParts.
func (c Comparison) Band(part string, matchers ...string) string { return c.band(part, matchers) }
