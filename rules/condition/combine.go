package condition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// All returns the condition that holds when all of the given ones do. A `for` of
// one of several is about that one. It is an error when one of several is about
// an event. The conditions must have parsed without errors.
func All(list []Condition) (Condition, error) {
	if len(list) == 1 {
		return list[0], nil
	}
	var out Condition
	texts := make([]string, len(list))
	for i, c := range list {
		if c.Event != nil {
			return Condition{}, fmt.Errorf("%q is about an event and stands alone: an event is a moment and cannot be joined with other conditions; write two alerts", c.Text)
		}
		n := c.root
		texts[i] = c.Text
		if c.For > 0 {
			n = lasting{n, c.For}
		}
		if _, ok := n.(Comparison); !ok {
			texts[i] = "(" + c.Text + ")"
		}
		if out.root == nil {
			out.root = n
		} else {
			out.root = junction{word: "and", left: out.root, right: n}
		}
	}
	out.Text = strings.Join(texts, " and ")
	return out, nil
}

// Not returns the condition that holds when the data of this one are there and
// it does not hold; false when that cannot be said, as of events and of a `for`.
func (c Condition) Not() (Condition, bool) {
	root, ok := not(c.root)
	return Condition{Text: "not (" + c.Text + ")", root: root}, ok && c.Event == nil && c.For == 0
}

var opposite = map[Op]Op{Greater: LessEqual, GreaterEqual: Less, Less: GreaterEqual, LessEqual: Greater, Equal: NotEqual, NotEqual: Equal}

func not(n node) (node, bool) {
	switch n := n.(type) {
	case Comparison:
		n.Op = opposite[n.Op]
		return n, true
	case junction:
		left, ok := not(n.left)
		right, ok2 := not(n.right)
		word := "and"
		if n.word == "and" {
			word = "or"
		}
		return junction{word: word, left: left, right: right}, ok && ok2
	}
	return nil, false
}

// Labels returns the labels that tell what the condition holds of apart: those of
// its signals, which with single instances among them are the signals' of the
// left side. It is nil for a condition on an event.
func (c Condition) Labels() []string {
	if c.Event != nil || c.root == nil {
		return nil
	}
	_, labels, _ := promql(c.root, nil)
	return labels
}

// SameThings reports whether both conditions hold of the same things: both of
// services or both of single instances.
func (c Condition) SameThings(o Condition) bool { return slices.Equal(c.Labels(), o.Labels()) }

// Quantity reads a number with its unit, such as 1/s, as a value of the signal.
func Quantity(text string, s signal.Signal) (float64, []Error) {
	p := &reader{tokens: lex(text)}
	value, unit, ok := p.quantity()
	if ok && p.peek().kind != tokEnd {
		p.stop(p.peek(), "want a number with its unit and nothing after it, got %s", p.peek())
	}
	if len(p.errs) > 0 {
		return 0, p.errs
	}
	return p.threshold(Comparison{Signal: s, Op: GreaterEqual}, p.tokens[0], value, unit), p.errs
}
