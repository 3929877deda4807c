package logql

import (
	"regexp"
	"slices"
)

func (p *parser) logQuery() (*LogQuery, error) {
	q := &LogQuery{}
	begin := p.peek()
	if err := p.want("{"); err != nil {
		return nil, err
	}
	for !p.mark("}") {
		if len(q.Matchers) > 0 {
			if err := p.want(","); err != nil {
				return nil, err
			}
			if p.mark("}") {
				break
			}
		}
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		op := p.next()
		if op.kind != tokMark || !slices.Contains([]string{"=", "!=", "=~", "!~"}, op.text) {
			return nil, p.fail(op, "syntax error: unexpected %q, want =, !=, =~ or !~", op.text)
		}
		value, err := p.text()
		if err != nil {
			return nil, err
		}
		m, err := newMatcher(name, op.text, value)
		if err != nil {
			return nil, p.fail(op, "%v", err)
		}
		q.Matchers = append(q.Matchers, m)
	}
	if len(q.Matchers) > 0 && !slices.ContainsFunc(q.Matchers, func(m Matcher) bool { return !m.Match("") }) {
		return nil, p.fail(begin, "queries require at least one regexp or equality matcher that does not have an empty-compatible value; for instance, app=~\".*\" does not meet this requirement, but app=~\".+\" will")
	}
	return q, p.stages(q)
}

func (p *parser) stages(q *LogQuery) error {
	for {
		t := p.peek()
		if t.kind != tokMark {
			return nil
		}
		switch t.text {
		case "|=", "!=", "|~", "!~":
			f, err := p.lineFilter()
			if err != nil {
				return err
			}
			q.Stages = append(q.Stages, f)
		case "|":
			p.next()
			s, err := p.stage()
			if err != nil {
				return err
			}
			q.Stages = append(q.Stages, s)
		default:
			return nil
		}
	}
}

func (p *parser) lineFilter() (*LineFilter, error) {
	t := p.next()
	f := &LineFilter{Op: t.text}
	for {
		v, err := p.text()
		if err != nil {
			return nil, err
		}
		f.Values = append(f.Values, v)
		if f.Op == "|~" || f.Op == "!~" {
			re, err := regexp.Compile(v)
			if err != nil {
				return nil, p.fail(t, "%v", err)
			}
			f.exprs = append(f.exprs, re)
		}
		if !p.is(tokWord, "or") {
			return f, nil
		}
	}
}

func (p *parser) stage() (Stage, error) {
	t := p.peek()
	if t.kind == tokWord {
		// A word may also be a label that is compared.
		if next := p.tokens[min(p.at+1, len(p.tokens)-1)]; next.kind != tokMark || !slices.Contains(comparisons, next.text) {
			switch t.text {
			case "json", "logfmt":
				p.next()
				return &Parser{t.text}, nil
			case "drop", "keep":
				p.next()
				return p.labelList(t.text == "keep")
			}
			return nil, p.fail(t, "syntax error: unexpected %q, want json, logfmt, drop, keep or a comparison of a label", t.text)
		}
	}
	c, err := p.condition()
	if err != nil {
		return nil, err
	}
	return &LabelFilter{c}, nil
}

func (p *parser) labelList(keep bool) (Stage, error) {
	l := &LabelList{Keep: keep}
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		l.Names = append(l.Names, name)
		if !p.mark(",") {
			return l, nil
		}
	}
}

var comparisons = []string{"=", "==", "!=", "=~", "!~", ">", ">=", "<", "<="}

// condition reads comparisons with or, which binds less than and and the comma.
func (p *parser) condition() (Condition, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.peek(), "a query nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	a, err := p.conjunction()
	for err == nil && p.is(tokWord, "or") {
		var b Condition
		if b, err = p.conjunction(); err == nil {
			a = &eitherOf{a, b}
		}
	}
	return a, err
}

func (p *parser) conjunction() (Condition, error) {
	a, err := p.comparison()
	for err == nil && (p.is(tokWord, "and") || p.mark(",")) {
		var b Condition
		if b, err = p.comparison(); err == nil {
			a = &bothOf{a, b}
		}
	}
	return a, err
}

func (p *parser) comparison() (Condition, error) {
	if p.mark("(") {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		return c, p.want(")")
	}
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	op := p.next()
	if op.kind != tokMark || !slices.Contains(comparisons, op.text) {
		return nil, p.fail(op, "syntax error: unexpected %q, want a comparison", op.text)
	}
	v := p.next()
	switch {
	case v.kind == tokString && slices.Contains([]string{"=", "!=", "=~", "!~"}, op.text):
		m, err := newMatcher(name, op.text, v.text)
		if err != nil {
			return nil, p.fail(op, "%v", err)
		}
		return &m, nil
	case v.kind == tokNumber && op.text != "=~" && op.text != "!~":
		n := &numeric{name: name, op: op.text, text: v.text}
		var ok bool
		if n.value, n.unit, ok = parseQuantity(v.text); !ok {
			return nil, p.fail(v, "want a number, a duration or a size, got %q", v.text)
		}
		return n, nil
	}
	return nil, p.fail(v, "syntax error: unexpected %q, want a value for %s", v.text, op.text)
}
