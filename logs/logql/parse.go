package logql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Bounds of a query.
const (
	maxQuery = 64 << 10
	maxDepth = 64
)

// Parse reads a query. The error is a *SyntaxError.
func Parse(query string) (Expr, error) {
	if len(query) > maxQuery {
		return nil, &SyntaxError{0, fmt.Sprintf("a query of %d bytes, want at most %d", len(query), maxQuery), query}
	}
	tokens, err := lex(query)
	if err != nil {
		return nil, err
	}
	p := &parser{query: query, tokens: tokens}
	e, err := p.expr(0)
	if err == nil && p.peek().kind != tokEnd {
		err = p.unexpected("the end of the query")
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// ParseLogs reads a query for records, not for series.
func ParseLogs(query string) (*LogQuery, error) {
	e, err := Parse(query)
	if err != nil {
		return nil, err
	}
	q, ok := e.(*LogQuery)
	if !ok {
		return nil, &SyntaxError{0, "want a query for log lines, got one for series", query}
	}
	return q, nil
}

type parser struct {
	query  string
	tokens []token
	at     int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokEnd {
		p.at++
	}
	return t
}

// is says whether the next token is that mark or word, and takes it.
func (p *parser) is(kind tokenKind, text string) bool {
	if t := p.peek(); t.kind == kind && t.text == text {
		p.next()
		return true
	}
	return false
}

func (p *parser) mark(text string) bool { return p.is(tokMark, text) }

func (p *parser) want(text string) error {
	if p.mark(text) {
		return nil
	}
	return p.unexpected(text)
}

func (p *parser) fail(t token, format string, args ...any) error {
	return &SyntaxError{t.at, fmt.Sprintf(format, args...), p.query}
}

func (p *parser) unexpected(want string) error {
	t := p.peek()
	if t.kind == tokEnd {
		return p.fail(t, "syntax error: unexpected end of the query, want %s", want)
	}
	return p.fail(t, "syntax error: unexpected %s, want %s", strconv.Quote(t.text), want)
}

var levels = map[string]int{"==": 1, "!=": 1, ">": 1, ">=": 1, "<": 1, "<=": 1, "+": 2, "-": 2, "*": 3, "/": 3}

// expr reads operands that operators of at least that level join.
func (p *parser) expr(level int) (Expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.peek(), "a query nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	a, err := p.operand()
	if err != nil {
		return nil, err
	}
	for {
		t := p.peek()
		l := levels[t.text]
		if t.kind != tokMark || l == 0 || l <= level {
			return a, nil
		}
		p.next()
		b := &Binary{Op: t.text, A: a}
		if l == 1 {
			b.Bool = p.is(tokWord, "bool")
		}
		if b.B, err = p.expr(l); err != nil {
			return nil, err
		}
		for _, side := range []Expr{b.A, b.B} {
			if _, logs := side.(*LogQuery); logs {
				return nil, p.fail(t, "unexpected type for left leg of binary operation (%s): log lines; want series", t.text)
			}
		}
		a = b
	}
}

var rangeOps = []string{"count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time"}
var vectorOps = []string{"sum", "avg", "min", "max", "count", "topk", "bottomk"}

func (p *parser) operand() (Expr, error) {
	t := p.peek()
	switch {
	case t.kind == tokMark && t.text == "{":
		return p.logQuery()
	case t.kind == tokMark && t.text == "(":
		p.next()
		e, err := p.expr(0)
		if err != nil {
			return nil, err
		}
		return e, p.want(")")
	case t.kind == tokMark && (t.text == "-" || t.text == "+"):
		p.next()
		n := p.next()
		v, err := strconv.ParseFloat(n.text, 64)
		if n.kind != tokNumber || err != nil {
			return nil, p.fail(n, "syntax error: want a number after %s", t.text)
		}
		if t.text == "-" {
			v = -v
		}
		return &Number{v}, nil
	case t.kind == tokNumber:
		p.next()
		v, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return nil, p.fail(t, "want a number, got %q", t.text)
		}
		return &Number{v}, nil
	case t.kind == tokWord && t.text == "vector":
		return p.vector()
	case t.kind == tokWord && slices.Contains(rangeOps, t.text):
		return p.rangeAgg()
	case t.kind == tokWord && slices.Contains(vectorOps, t.text):
		return p.vectorAgg()
	case t.kind == tokWord:
		return nil, p.fail(t, "syntax error: %q is not served here; want a selector, one of %s, or one of %s",
			t.text, strings.Join(rangeOps, ", "), strings.Join(vectorOps, ", "))
	}
	return nil, p.unexpected("{, a function or a number")
}

func (p *parser) vector() (Expr, error) {
	p.next()
	if err := p.want("("); err != nil {
		return nil, err
	}
	t := p.next()
	v, err := strconv.ParseFloat(t.text, 64)
	if t.kind != tokNumber || err != nil {
		return nil, p.fail(t, "vector: want a number, got %q", t.text)
	}
	return &Vector{v}, p.want(")")
}

func (p *parser) rangeAgg() (Expr, error) {
	r := &RangeAgg{Op: p.next().text}
	if err := p.want("("); err != nil {
		return nil, err
	}
	inner := p.mark("(")
	q, err := p.logQuery()
	if err != nil {
		return nil, err
	}
	r.Logs = q
	if r.Range, err = p.window(); err != nil {
		return nil, err
	}
	// Stages may also stand behind the range.
	if err := p.stages(r.Logs); err != nil {
		return nil, err
	}
	if inner {
		if err := p.want(")"); err != nil {
			return nil, err
		}
		if p.peek().text == "[" {
			if r.Range, err = p.window(); err != nil {
				return nil, err
			}
		}
	}
	if r.Range <= 0 {
		return nil, p.unexpected("a range such as [5m]")
	}
	if p.is(tokWord, "offset") {
		minus := p.mark("-")
		if r.Offset, err = p.duration(); err != nil {
			return nil, err
		}
		if minus {
			r.Offset = -r.Offset
		}
	}
	return r, p.want(")")
}

// window reads [5m], 0 if there is none.
func (p *parser) window() (time.Duration, error) {
	if !p.mark("[") {
		return 0, nil
	}
	d, err := p.duration()
	if err != nil {
		return 0, err
	}
	return d, p.want("]")
}

func (p *parser) duration() (time.Duration, error) {
	t := p.next()
	d, ok := parseDuration(t.text)
	if t.kind != tokNumber || !ok || d <= 0 || d > 10*365*24*time.Hour {
		return 0, p.fail(t, "want a duration such as 5m, got %q", t.text)
	}
	return d, nil
}

func parseDuration(s string) (time.Duration, bool) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, true
	}
	d, err := model.ParseDuration(s)
	return time.Duration(d), err == nil
}

func (p *parser) vectorAgg() (Expr, error) {
	v := &VectorAgg{Op: p.next().text}
	if err := p.grouping(v); err != nil {
		return nil, err
	}
	if err := p.want("("); err != nil {
		return nil, err
	}
	if v.Op == "topk" || v.Op == "bottomk" {
		t := p.next()
		n, err := strconv.Atoi(t.text)
		if t.kind != tokNumber || err != nil || n < 1 {
			return nil, p.fail(t, "%s: want a whole number of at least 1, got %q", v.Op, t.text)
		}
		v.Param = n
		if err := p.want(","); err != nil {
			return nil, err
		}
	}
	t := p.peek()
	of, err := p.expr(0)
	if err != nil {
		return nil, err
	}
	if _, logs := of.(*LogQuery); logs {
		return nil, p.fail(t, "%s: want series such as count_over_time(...), got log lines", v.Op)
	}
	v.Of = of
	if err := p.want(")"); err != nil {
		return nil, err
	}
	if !v.Group {
		return v, p.grouping(v)
	}
	return v, nil
}

func (p *parser) grouping(v *VectorAgg) error {
	without := false
	switch {
	case p.is(tokWord, "by"):
	case p.is(tokWord, "without"):
		without = true
	default:
		return nil
	}
	v.Group, v.Without = true, without
	if err := p.want("("); err != nil {
		return err
	}
	for !p.mark(")") {
		if len(v.Labels) > 0 {
			if err := p.want(","); err != nil {
				return err
			}
		}
		name, err := p.name()
		if err != nil {
			return err
		}
		v.Labels = append(v.Labels, name)
	}
	return nil
}

func (p *parser) name() (string, error) {
	if t := p.peek(); t.kind == tokWord {
		p.next()
		return t.text, nil
	}
	return "", p.unexpected("the name of a label")
}

func (p *parser) text() (string, error) {
	if t := p.peek(); t.kind == tokString {
		p.next()
		return t.text, nil
	}
	return "", p.unexpected("a string")
}
