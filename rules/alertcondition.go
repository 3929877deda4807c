package rules

import (
	"fmt"
	"strings"

	"github.com/tocsinhq/tocsin/rules/condition"
	"github.com/tocsinhq/tocsin/rules/signal"
)

// trafficSignal counts the requests that min_traffic speaks of.
const trafficSignal = "request_rate"

// readConditions reads what the alert asks, what ends it and how much traffic it
// wants.
func (d alertDefinition) readConditions(r *AlertRule, cat *signal.Catalogue, report func(field, format string, args ...any)) {
	before := 0
	count := func(field, format string, args ...any) {
		before++
		report(field, format, args...)
	}
	texts, field := d.Conditions, func(i int) string { return indexed(".conditions", i) }
	switch single := strings.TrimSpace(d.Condition) != ""; {
	case single && len(d.Conditions) > 0:
		count(".conditions", "want condition or conditions, got both")
		return
	case single:
		texts, field = []string{d.Condition}, func(int) string { return ".condition" }
	case len(texts) == 0:
		count(".condition", "want a condition such as \"error_rate > 5%%\", got none")
		return
	}
	var parsed []condition.Condition
	for i, text := range texts {
		parsed = append(parsed, parseCondition(text, field(i), cat, count))
	}
	if before > 0 {
		return
	}
	all, err := condition.All(parsed)
	if err != nil {
		count(".conditions", "%v", err)
		return
	}
	for _, c := range all.Comparisons() {
		if c.Anomaly != nil && (c.Op == condition.Less || c.Op == condition.LessEqual) {
			count(field(0), "anomaly(%s) %s is true of nearly every value; want > and a score near 1", c.Signal.Name, c.Op)
		}
	}
	r.Condition = all
	d.readRecovery(r, cat, count)
	d.readTraffic(r, cat, count)
}

func parseCondition(text, field string, cat *signal.Catalogue, report func(field, format string, args ...any)) condition.Condition {
	if strings.TrimSpace(text) == "" {
		report(field, "want a condition such as \"error_rate > 5%%\", got none")
		return condition.Condition{}
	}
	c, mistakes := condition.Parse(text, cat)
	reportMistakes(text, mistakes, field, report)
	return c
}

func reportMistakes(text string, mistakes []condition.Error, field string, report func(field, format string, args ...any)) {
	if len(mistakes) == 0 {
		return
	}
	texts := make([]string, len(mistakes))
	for i, m := range mistakes {
		texts[i] = m.Error()
	}
	report(field, "%q: %s", text, strings.Join(texts, "; "))
}

// readRecovery reads the condition that ends the alert and refuses one that
// could not do so.
func (d alertDefinition) readRecovery(r *AlertRule, cat *signal.Catalogue, report func(field, format string, args ...any)) {
	if strings.TrimSpace(d.Recovery) == "" {
		return
	}
	if r.Condition.Event != nil {
		report(".recovery", "has no meaning for an event, which stays until a later change succeeds or is rolled back")
		return
	}
	before := false
	c := parseCondition(d.Recovery, ".recovery", cat, func(field, format string, args ...any) {
		before = true
		report(field, format, args...)
	})
	if before {
		return
	}
	switch _, ok := c.Not(); {
	case c.For > 0:
		report(".recovery", "want a condition without for; keep_firing_for says how long the recovery must last, got %q", d.Recovery)
	case !ok:
		report(".recovery", "want comparisons of signals, joined by and or or, got %q", d.Recovery)
	case !c.SameThings(r.Condition):
		report(".recovery", "want signals with the labels of the condition's (%s), got such with %s", strings.Join(r.Condition.Labels(), ", "), strings.Join(c.Labels(), ", "))
	default:
		if err := opposed(r.Condition, c); err != nil {
			report(".recovery", "%q: %v", d.Recovery, err)
			return
		}
		r.Recovery = &c
	}
}

// opposed refuses a recovery that is reached while the alert's own condition
// still holds, as far as the two speak of the same.
func opposed(fires, ends condition.Condition) error {
	f, e := fires.Comparisons(), ends.Comparisons()
	if len(f) != 1 || len(e) != 1 {
		return nil
	}
	a, b := f[0], e[0]
	if a.Signal.Name != b.Signal.Name || a.OfBaseline != b.OfBaseline ||
		(a.Anomaly == nil) != (b.Anomaly == nil) || a.Future != nil || b.Future != nil {
		return nil
	}
	limit, end := a.Threshold, b.Threshold
	if a.OfBaseline {
		limit, end = a.Factor, b.Factor
	}
	up, down := above(a.Op), below(a.Op)
	switch {
	case up && !below(b.Op), down && !above(b.Op):
		return fmt.Errorf("the alert fires on %s, so it ends the other way: want %s", a.Op, map[bool]string{true: "< or <=", false: "> or >="}[up])
	case up && end > limit, down && end < limit:
		return fmt.Errorf("the alert ends before its own condition does; want a threshold %s that of the condition", map[bool]string{true: "at or below", false: "at or above"}[up])
	}
	return nil
}

func above(o condition.Op) bool { return o == condition.Greater || o == condition.GreaterEqual }
func below(o condition.Op) bool { return o == condition.Less || o == condition.LessEqual }

// readTraffic reads the least traffic that the alert wants.
func (d alertDefinition) readTraffic(r *AlertRule, cat *signal.Catalogue, report func(field, format string, args ...any)) {
	if strings.TrimSpace(d.MinTraffic) == "" {
		return
	}
	if r.Condition.Event != nil {
		report(".min_traffic", "has no meaning for an event")
		return
	}
	s, ok := cat.Lookup(trafficSignal)
	if !ok {
		report(".min_traffic", "wants the signal %s, and the catalogue has none of the name", trafficSignal)
		return
	}
	least, mistakes := condition.Quantity(d.MinTraffic, s)
	reportMistakes(d.MinTraffic, mistakes, ".min_traffic", report)
	r.MinTraffic = &Traffic{Signal: s, Least: least}
}

// Lingers reports whether the alert, once it fires, goes on under another
// condition than the one that it fires on: until its Recovery, or whatever the
// traffic is.
func (r AlertRule) Lingers() bool { return r.Recovery != nil || r.MinTraffic != nil }

// Stays returns the condition under which a firing alert goes on.
func (r AlertRule) Stays() condition.Condition {
	if r.Recovery == nil {
		return r.Condition
	}
	c, _ := r.Recovery.Not()
	return c
}
