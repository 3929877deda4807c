package logql

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/logs/segment"
)

// Expr is a parsed query: *LogQuery, or one that makes series.
type Expr interface {
	// String returns the query in its usual form.
	String() string
}

// LogQuery selects records and works on them.
type LogQuery struct {
	Matchers []Matcher
	Stages   []Stage
}

// Matcher is a condition on a label.
type Matcher struct {
	Name, Op, Value string // Op: =, !=, =~ or !~
	expr            *regexp.Regexp
}

func newMatcher(name, op, value string) (Matcher, error) {
	m := Matcher{Name: name, Op: op, Value: value}
	var err error
	if op == "=~" || op == "!~" {
		m.expr, err = regexp.Compile("^(?s:" + value + ")$")
	}
	return m, err
}

// Match says whether a value, empty for a label that is not there, agrees.
func (m *Matcher) Match(v string) bool {
	switch m.Op {
	case "=":
		return v == m.Value
	case "!=":
		return v != m.Value
	case "=~":
		return m.expr.MatchString(v)
	default:
		return !m.expr.MatchString(v)
	}
}

func (m *Matcher) String() string { return m.Name + m.Op + strconv.Quote(m.Value) }

// MatchStream says whether a stream agrees with all matchers.
func MatchStream(matchers []Matcher, s *segment.Stream) bool {
	for i := range matchers {
		v, _ := s.Get(matchers[i].Name)
		if !matchers[i].Match(v) {
			return false
		}
	}
	return true
}

// Stage is a step on a record: LineFilter, Parser, LabelFilter or LabelList.
type Stage interface{ String() string }

// LineFilter keeps lines that have, or have not, one of the texts.
type LineFilter struct {
	Op     string // |=, !=, |~ or !~
	Values []string
	exprs  []*regexp.Regexp
}

func (f *LineFilter) String() string {
	var b strings.Builder
	b.WriteString(f.Op)
	for i, v := range f.Values {
		if i > 0 {
			b.WriteString(" or")
		}
		b.WriteString(" " + strconv.Quote(v))
	}
	return b.String()
}

// Parser makes labels of the text: json or logfmt.
type Parser struct{ Kind string }

func (p *Parser) String() string { return "| " + p.Kind }

// LabelList drops labels, or keeps no others.
type LabelList struct {
	Keep  bool
	Names []string
}

func (l *LabelList) String() string {
	if l.Keep {
		return "| keep " + strings.Join(l.Names, ", ")
	}
	return "| drop " + strings.Join(l.Names, ", ")
}

// LabelFilter keeps records by their labels.
type LabelFilter struct{ Cond Condition }

func (f *LabelFilter) String() string { return "| " + f.Cond.String() }

// Condition is a comparison, or two of them with and or or.
type Condition interface {
	String() string
	holds(l *labelSet) bool
}

type bothOf struct{ a, b Condition }
type eitherOf struct{ a, b Condition }

func (c *bothOf) String() string   { return "( " + c.a.String() + " and " + c.b.String() + " )" }
func (c *eitherOf) String() string { return "( " + c.a.String() + " or " + c.b.String() + " )" }

// numeric compares a label as a number, a duration in seconds or a size in bytes.
type numeric struct {
	name, op, text string
	unit           string // "", s or B
	value          float64
}

func (n *numeric) String() string { return n.name + n.op + n.text }

// RangeAgg counts what a log query finds in a time before each point.
type RangeAgg struct {
	Op     string
	Logs   *LogQuery
	Range  time.Duration
	Offset time.Duration
}

func (r *RangeAgg) String() string {
	s := r.Op + "(" + r.Logs.String() + "[" + shortDuration(r.Range) + "]"
	if r.Offset != 0 {
		s += " offset " + shortDuration(r.Offset)
	}
	return s + ")"
}

// VectorAgg makes few series of many.
type VectorAgg struct {
	Op      string
	Param   int // of topk and bottomk
	Group   bool
	Without bool
	Labels  []string
	Of      Expr
}

func (v *VectorAgg) String() string {
	s := v.Op
	if v.Group {
		word := " by "
		if v.Without {
			word = " without "
		}
		s += word + "(" + strings.Join(v.Labels, ", ") + ") "
	}
	if v.Op == "topk" || v.Op == "bottomk" {
		return s + "(" + strconv.Itoa(v.Param) + ", " + v.Of.String() + ")"
	}
	return s + "(" + v.Of.String() + ")"
}

// Binary is arithmetic or a comparison of series and numbers.
type Binary struct {
	Op   string
	Bool bool
	A, B Expr
}

func (b *Binary) String() string {
	op := b.Op
	if b.Bool {
		op += " bool"
	}
	return "(" + b.A.String() + " " + op + " " + b.B.String() + ")"
}

// Number is a number; as a query of its own it is a scalar.
type Number struct{ Value float64 }

func (n *Number) String() string { return strconv.FormatFloat(n.Value, 'g', -1, 64) }

// Vector is a series without labels that is always the same.
type Vector struct{ Value float64 }

func (v *Vector) String() string { return "vector(" + strconv.FormatFloat(v.Value, 'f', 6, 64) + ")" }

func (q *LogQuery) String() string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range q.Matchers {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(q.Matchers[i].String())
	}
	b.WriteByte('}')
	for _, s := range q.Stages {
		b.WriteString(" " + s.String())
	}
	return b.String()
}

func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
