package condition

import (
	"fmt"
	"slices"
	"strings"
)

// The span of recorded values that a baseline is the average of, and how long
// before now the span ends, so that what goes on now is not part of it.
const (
	baselineSpan = "1d"
	baselineAgo  = "1h"
)

// PromQL returns the condition over the recorded series of its signals. The
// matchers, such as `service="checkout"`, narrow every series. It is empty for
// a condition on an event.
func (c Condition) PromQL(matchers ...string) string {
	if c.Event != nil || c.root == nil {
		return ""
	}
	text, _, _ := promql(c.root, matchers)
	return text
}

// promql returns the text of a node, the labels of its result and whether it
// needs parentheses when joined.
func promql(n node, matchers []string) (text string, labels []string, joined bool) {
	switch n := n.(type) {
	case Comparison:
		return n.PromQL(matchers...), n.Signal.Labels(), false
	case lasting:
		text, labels, _ := promql(n.inner, matchers)
		return n.promQL(text), labels, true
	case junction:
		left, ll, lj := promql(n.left, matchers)
		right, rl, rj := promql(n.right, matchers)
		on := ""
		if !slices.Equal(ll, rl) {
			// One side is of single instances: they meet at the service.
			on = " on (service, environment)"
		}
		return fmt.Sprintf("%s %s%s %s", paren(left, lj), n.word, on, paren(right, rj)), ll, true
	}
	return "", nil, false
}

func paren(text string, need bool) string {
	if need {
		return "(" + text + ")"
	}
	return text
}

// Series returns the selector of the recorded series that the comparison reads.
func (c Comparison) Series(matchers ...string) string {
	if c.Future != nil {
		metric, _, _ := c.Future.Metrics()
		return metric + "{" + strings.Join(append(c.Future.matchers(c.Signal), matchers...), ",") + "}"
	}
	if len(matchers) == 0 {
		return c.Signal.Metric()
	}
	return c.Signal.Metric() + "{" + strings.Join(matchers, ",") + "}"
}

// PromQL returns the comparison as PromQL, narrowed by the matchers.
func (c Comparison) PromQL(matchers ...string) string {
	series := c.Series(matchers...)
	if c.Future != nil {
		return c.Future.promQL(c, matchers)
	}
	switch {
	case c.Anomaly != nil:
		return c.Anomaly.promQL(c, matchers)
	case c.OfBaseline:
		return fmt.Sprintf("%s %s %s * avg_over_time(%s[%s] offset %s)",
			series, c.Op, trim(c.Factor), series, baselineSpan, baselineAgo)
	}
	return fmt.Sprintf("%s %s %s", series, c.Op, trim(c.Threshold))
}
