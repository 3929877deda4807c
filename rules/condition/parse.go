package condition

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// MaxLength bounds the text of a condition in bytes.
const MaxLength = 4096

// maxDepth bounds nested parentheses.
const maxDepth = 50

// Parse reads a condition. It returns every mistake it can find, ordered by
// column; the condition is only of use when there are none.
func Parse(text string, cat *signal.Catalogue) (Condition, []Error) {
	if len(text) > MaxLength {
		return Condition{}, []Error{{Column: 1, Msg: fmt.Sprintf("want a condition of at most %d bytes, got %d", MaxLength, len(text))}}
	}
	p := &reader{tokens: lex(text), cat: cat}
	root := p.condition()
	span := p.lasting()
	if !p.stopped && p.peek().kind != tokEnd {
		p.stop(p.peek(), "want and, or or the end, got %s", p.peek())
	}
	c := Condition{Text: text, For: span, root: root}
	if len(p.errs) == 0 {
		p.events(&c)
	}
	slices.SortStableFunc(p.errs, func(a, b Error) int { return cmp.Compare(a.Column, b.Column) })
	return c, p.errs
}

// reader is a recursive-descent parser. After a mistake in the grammar it
// stops; mistakes of meaning are noted and reading goes on.
type reader struct {
	tokens  []token
	at      int
	depth   int
	cat     *signal.Catalogue
	errs    []Error
	stopped bool
}

func (p *reader) peek() token { return p.tokens[p.at] }

func (p *reader) next() token {
	t := p.tokens[p.at]
	if t.kind != tokEnd {
		p.at++
	}
	return t
}

// stop notes a mistake of grammar and ends reading.
func (p *reader) stop(t token, format string, args ...any) {
	if !p.stopped {
		p.note(t.column, format, args...)
	}
	p.stopped = true
	p.at = len(p.tokens) - 1
}

func (p *reader) note(column int, format string, args ...any) {
	p.errs = append(p.errs, Error{Column: column, Msg: fmt.Sprintf(format, args...)})
}

func (p *reader) word(w string) bool {
	if t := p.peek(); t.kind == tokWord && strings.EqualFold(t.text, w) {
		p.at++
		return true
	}
	return false
}

func (p *reader) sign(s string) bool {
	if t := p.peek(); t.kind == tokSign && t.text == s {
		p.at++
		return true
	}
	return false
}

func (p *reader) condition() node {
	left := p.all()
	for p.word("or") {
		left = junction{word: "or", left: left, right: p.all()}
	}
	return left
}

func (p *reader) all() node {
	left := p.one()
	for p.word("and") {
		left = junction{word: "and", left: left, right: p.one()}
	}
	return left
}

func (p *reader) one() node {
	if t := p.peek(); p.sign("(") {
		p.depth++
		if p.depth > maxDepth {
			p.stop(t, "want at most %d parentheses in each other", maxDepth)
			return nil
		}
		inner := p.condition()
		if at, span := p.peek(), p.lasting(); span > 0 {
			p.refuseEvents(inner, at)
			inner = lasting{inner, span}
		}
		if end := p.peek(); !p.sign(")") {
			p.stop(end, "want ) for the ( at column %d, got %s", t.column, end)
		}
		p.depth--
		return inner
	}
	t := p.next()
	if t.kind != tokWord {
		p.stop(t, "want the name of a signal such as error_rate, got %s", t)
		return nil
	}
	if p.peek().text == "(" {
		switch strings.ToLower(t.text) {
		case "predict":
			return p.predict()
		case "time_until":
			return p.timeUntil()
		case "anomaly":
			return p.anomaly()
		}
	}
	if strings.HasSuffix(t.text, "_status") {
		return p.event(t)
	}
	return p.comparison(t)
}

func (p *reader) op() (Op, bool) {
	t := p.next()
	switch {
	case t.kind == tokOp && t.text == "=":
		p.stop(t, "want == to compare, got =")
	case t.kind == tokOp && t.text == "!":
		p.stop(t, "want != to compare, got !")
	case t.kind == tokOp:
		return Op(t.text), true
	default:
		p.stop(t, "want one of > >= < <= == !=, got %s", t)
	}
	return "", false
}

func (p *reader) comparison(name token) node {
	s, known := p.signal(name)
	op, ok := p.op()
	if !ok {
		return nil
	}
	c := Comparison{Signal: s, Op: op, Column: name.column}
	if p.word("baseline") {
		c.OfBaseline, c.Factor = true, p.factor()
		return p.checkBaseline(c, known)
	}
	at := p.peek()
	value, unit, ok := p.quantity()
	if !ok {
		return nil
	}
	if unit == "" && p.sign("*") {
		if end := p.peek(); !p.word("baseline") {
			p.stop(end, "want baseline after *, got %s", end)
			return nil
		}
		c.OfBaseline, c.Factor = true, value
		return p.checkBaseline(c, known)
	}
	if known {
		c.Threshold = p.threshold(c, at, value, unit)
	}
	return c
}

// signal looks a signal up and notes when there is none of the name.
func (p *reader) signal(name token) (signal.Signal, bool) {
	s, known := p.cat.Lookup(name.text)
	if !known && !p.stopped {
		p.note(name.column, "unknown signal %q%s", name.text, p.hint(name.text))
	}
	return s, known
}

// threshold returns what is written at a token in the unit of the signal and
// notes when the comparison with it makes no sense.
func (p *reader) threshold(c Comparison, at token, value float64, unit string) float64 {
	v, err := convert(c.Signal, value, unit)
	if err == nil {
		err = possible(c.Signal, c.Op, v)
	}
	if err != nil {
		p.note(at.column, "%v", err)
	}
	return v
}

func (p *reader) checkBaseline(c Comparison, known bool) node {
	if known && !(c.Factor > 0 && !math.IsInf(c.Factor, 1)) {
		p.note(c.Column, "want a positive multiple of the baseline, got %s", trim(c.Factor))
	}
	return c
}

// factor reads what may stand after baseline.
func (p *reader) factor() float64 {
	times := p.sign("*")
	if !times && !p.sign("/") {
		return 1
	}
	t := p.next()
	v, err := strconv.ParseFloat(t.text, 64)
	if t.kind != tokNumber || err != nil {
		p.stop(t, "want a number, got %s", t)
		return 1
	}
	if times {
		return v
	}
	return 1 / v
}

// quantity reads a number and the unit after it, if there is one.
func (p *reader) quantity() (value float64, unit string, ok bool) {
	negative := p.sign("-")
	t := p.next()
	if t.kind != tokNumber {
		p.stop(t, "want a number such as 5 or 250ms, or baseline, got %s", t)
		return 0, "", false
	}
	value, err := strconv.ParseFloat(t.text, 64)
	if err != nil {
		p.stop(t, "want a number, got %s", t)
		return 0, "", false
	}
	if negative {
		value = -value
	}
	switch u := p.peek(); {
	case p.sign("%"):
		unit = "%"
	case u.kind == tokSign && u.text == "/":
		p.at++
		per := p.next()
		unit = "/" + per.text
		if !knownUnit(unit) {
			p.stop(per, "want /s, /m or /h after a number, got %q", unit)
			return 0, "", false
		}
	case u.kind == tokWord && !isJoin(u.text):
		p.at++
		unit = u.text
		if !knownUnit(unit) {
			p.stop(u, "want a unit (%s), got %q%s", allUnits(), unit, caseHint(unit))
			return 0, "", false
		}
	}
	return value, unit, true
}

// isJoin reports whether a word goes on after a quantity instead of being its unit.
func isJoin(word string) bool {
	return strings.EqualFold(word, "and") || strings.EqualFold(word, "or") || strings.EqualFold(word, "for")
}

func caseHint(unit string) string {
	for m := range measures {
		if strings.EqualFold(m, unit) && m != "kB" {
			return fmt.Sprintf("; did you mean %q?", m)
		}
	}
	return ""
}

func (p *reader) hint(name string) string {
	if near := p.cat.Nearest(name); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	names := make([]string, 0, 16)
	for _, s := range p.cat.Signals() {
		names = append(names, s.Name)
	}
	return "; known signals: " + strings.Join(names, ", ")
}
