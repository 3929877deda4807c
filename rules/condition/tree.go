package condition

import (
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Error is one mistake in a condition. Column counts characters from 1.
type Error struct {
	Column int
	Msg    string
}

// Error returns "column N: message".
func (e Error) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Msg) }

// Op is a comparison.
type Op string

// The comparisons.
const (
	Greater      Op = ">"
	GreaterEqual Op = ">="
	Less         Op = "<"
	LessEqual    Op = "<="
	Equal        Op = "=="
	NotEqual     Op = "!="
)

// Condition is one parsed condition: either over signals (Comparisons is not
// empty) or on a change event (Event is not nil). It is immutable.
type Condition struct {
	Text  string
	Event *Event
	For   time.Duration // how long it must hold; 0 when the text does not say
	root  node
}

// Event waits for a change of the kind to reach the status.
type Event struct {
	Kind   telemetry.ChangeKind
	Status telemetry.ChangeStatus
}

// Comparison is one signal against a threshold, in the signal's unit, or
// against its own baseline times Factor (when OfBaseline).
// With a Future it is not the signal that is compared but what is foreseen of
// it, with an Anomaly how odd it is.
type Comparison struct {
	Signal     signal.Signal
	Op         Op
	Threshold  float64 // of time_until in seconds, of anomaly from 0 to 1
	OfBaseline bool    // against the average of the day that ended an hour ago
	Factor     float64
	Column     int
	Future     *Future  // nil: the present
	Anomaly    *Anomaly // nil: the value itself
}

// Relative reports whether the comparison is with what is usual for the signal
// rather than with a threshold of its own unit.
func (c Comparison) Relative() bool { return c.OfBaseline || c.Anomaly != nil }

// Anomaly says which way a signal must have moved for its oddness to count: Up,
// Down or, for both, None.
type Anomaly struct{ Side signal.Direction }

// Future says what of a signal's future is compared: its value at the end of
// Horizon or, when Until, the time until it reaches Limit, of which no more than
// Horizon is asked about.
type Future struct {
	Horizon time.Duration
	Until   bool
	Limit   float64 // in the signal's unit
	Above   bool    // the limit is reached from below
}

// Comparisons returns all comparisons from left to right; the slice is new.
func (c Condition) Comparisons() []Comparison {
	var out []Comparison
	var walk func(node)
	walk = func(n node) {
		switch n := n.(type) {
		case Comparison:
			out = append(out, n)
		case junction:
			walk(n.left)
			walk(n.right)
		case lasting:
			walk(n.inner)
		}
	}
	walk(c.root)
	return out
}

// node is a Comparison, a junction, a lasting or a parsed event.
type node interface{}

// lasting is what must have held for a while.
type lasting struct {
	inner node
	span  time.Duration
}

// junction is `and` or `or`.
type junction struct {
	word        string
	left, right node
}

// eventNode is an event condition where it stands in the text.
type eventNode struct {
	Event
	column int
}

// Judge decides the condition when the data of some of its comparisons may be
// missing: leaf says of one comparison whether it holds and whether its data
// are known. An `and` with one known false side is known to be false, whatever
// the other; an `or` with one known true side is known to be true.
func (c Condition) Judge(leaf func(Comparison) (holds, known bool)) (holds, known bool) {
	return judge(c.root, leaf)
}

func judge(n node, leaf func(Comparison) (holds, known bool)) (holds, known bool) {
	switch n := n.(type) {
	case Comparison:
		return leaf(n)
	case junction:
		a, aKnown := judge(n.left, leaf)
		b, bKnown := judge(n.right, leaf)
		decides := n.word == "or" // the value that decides alone
		if aKnown && a == decides || bKnown && b == decides {
			return decides, true
		}
		return !decides, aKnown && bKnown
	case lasting:
		// Whether it lasted long enough the evaluation has said; here only
		// what is known counts.
		_, known := judge(n.inner, leaf)
		return false, known
	}
	return false, false
}
