package logql

import (
	"regexp"
	"strings"

	"github.com/tocsinhq/tocsin/logs"
)

// hint tells a query in words that other stores can be asked with: what every record
// that is wanted fulfils, and whether that is all.
func (q *LogQuery) hint(out *logs.Query) {
	out.Whole = true
	out.LogQL = q.plain().String()
	for _, m := range q.Matchers {
		out.Hints = append(out.Hints, logs.Hint{Name: m.Name, Op: m.Op, Value: m.Value, Stream: true})
	}
	changed := false // labels may be others than those of the record
	for _, s := range q.Stages {
		switch s := s.(type) {
		case *LineFilter:
			out.Hints = append(out.Hints, lineHints(s)...)
		case *Parser, *LabelList:
			changed = true
		case *LabelFilter:
			if changed || !hintLabels(out, s.Cond) {
				out.Whole = false
			}
		}
	}
}

// plain returns the query without what it does to labels, and without what comes after
// that and depends on it.
func (q *LogQuery) plain() *LogQuery {
	out := &LogQuery{Matchers: q.Matchers}
	changed := false
	for _, s := range q.Stages {
		switch s.(type) {
		case *LabelList:
			changed = true
			continue
		case *LabelFilter:
			if changed {
				continue
			}
		}
		out.Stages = append(out.Stages, s)
	}
	return out
}

// lineHints returns what a filter says of the text: one condition, or for a filter that
// must find none of several texts one for each.
func lineHints(f *LineFilter) []logs.Hint {
	if len(f.Values) == 1 {
		return []logs.Hint{{Op: f.Op, Value: f.Values[0]}}
	}
	var out []logs.Hint
	if f.Op[0] == '!' {
		for _, v := range f.Values {
			out = append(out, logs.Hint{Op: f.Op, Value: v})
		}
		return out
	}
	parts := make([]string, len(f.Values))
	for i, v := range f.Values {
		if f.exprs == nil {
			v = regexp.QuoteMeta(v)
		}
		parts[i] = "(?:" + v + ")"
	}
	return []logs.Hint{{Op: "|~", Value: strings.Join(parts, "|")}}
}

// hintLabels adds hints for conditions on labels that must all hold. It reports whether
// they say all of it. A single level is told by logs.Query.Levels.
func hintLabels(out *logs.Query, c Condition) bool {
	switch c := c.(type) {
	case *bothOf:
		a, b := hintLabels(out, c.a), hintLabels(out, c.b)
		return a && b
	case *Matcher:
		switch {
		case c.Name == labelLevel:
			return c.Op == "=" && levelNumber(c.Value) >= 0
		case c.Name == labelTemplate, strings.HasPrefix(c.Name, "__"):
			return false // made here, and known nowhere else
		}
		out.Hints = append(out.Hints, logs.Hint{Name: c.Name, Op: c.Op, Value: c.Value})
		return true
	}
	return false
}
