package condition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// event reads `deployment_status == failed`.
func (p *reader) event(name token) node {
	e := eventNode{column: name.column}
	word := strings.TrimSuffix(name.text, "_status")
	if i := slices.Index(telemetry.ChangeKinds, telemetry.ChangeKind(word)); i >= 0 {
		e.Kind = telemetry.ChangeKinds[i]
	} else {
		p.note(name.column, "unknown kind of change %q%s", word, listHint(word, telemetry.ChangeKinds))
	}
	at := p.peek()
	op, ok := p.op()
	if !ok {
		return nil
	}
	if op != Equal {
		p.note(at.column, "want == after %s, got %s", name.text, op)
	}
	t := p.next()
	if t.kind != tokWord {
		p.stop(t, "want a status such as failed, got %s", t)
		return nil
	}
	if i := slices.Index(telemetry.ChangeStatuses, telemetry.ChangeStatus(t.text)); i >= 0 {
		e.Status = telemetry.ChangeStatuses[i]
	} else {
		p.note(t.column, "unknown status %q%s", t.text, listHint(t.text, telemetry.ChangeStatuses))
	}
	return e
}

func listHint[T ~string](word string, known []T) string {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	if near := signal.Nearest(word, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; want one of " + strings.Join(names, ", ")
}

// events makes the condition one on an event when it is one, and refuses
// events that are joined with anything.
func (p *reader) events(c *Condition) {
	if e, ok := c.root.(eventNode); ok {
		event := e.Event
		c.Event = &event
		return
	}
	for _, n := range eventsIn(c.root) {
		p.note(n.column, "an event such as %s_status == %s stands alone: an event is a moment and cannot be joined with and or or; write two alerts", n.Kind, n.Status)
	}
}

// eventsIn returns the events that stand within a node.
func eventsIn(n node) []eventNode {
	switch n := n.(type) {
	case eventNode:
		return []eventNode{n}
	case junction:
		return append(eventsIn(n.left), eventsIn(n.right)...)
	case lasting:
		return eventsIn(n.inner)
	}
	return nil
}
