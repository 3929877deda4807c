package logql

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/segment"
)

// run sends a record through the stages; false if one of them drops it.
func (q *LogQuery) run(r *logs.Record, l *labelSet) bool {
	l.reset(r)
	for _, s := range q.Stages {
		switch s := s.(type) {
		case *LineFilter:
			if !s.match(r.Body) {
				return false
			}
		case *Parser:
			if s.Kind == "json" {
				parseJSON(r.Body, l)
			} else {
				parseLogfmt(r.Body, l)
			}
		case *LabelFilter:
			if !s.Cond.holds(l) {
				return false
			}
		case *LabelList:
			l.apply(s)
		}
	}
	return true
}

// needsText says whether a stage works on the text that is not handed to the store.
func (q *LogQuery) needsText() bool {
	var none logs.Query
	for _, s := range q.Stages {
		switch s := s.(type) {
		case *Parser:
			return true
		case *LineFilter:
			if !pushLine(&none, s) {
				return true
			}
		}
	}
	return false
}

// holds says whether the conditions on labels hold, without a look at the text.
func (q *LogQuery) holds(r *logs.Record, l *labelSet) bool {
	l.reset(r)
	for _, s := range q.Stages {
		switch s := s.(type) {
		case *LabelFilter:
			if !s.Cond.holds(l) {
				return false
			}
		case *LabelList:
			l.apply(s)
		}
	}
	return true
}

// apply does away with labels.
func (l *labelSet) apply(s *LabelList) {
	if s.Keep {
		l.kept = s.Names
	} else {
		l.dropped = append(l.dropped, s.Names...)
	}
}

func (f *LineFilter) match(body []byte) bool {
	found := false
	for i, v := range f.Values {
		if f.exprs != nil {
			found = found || f.exprs[i].Match(body)
		} else {
			found = found || bytes.Contains(body, []byte(v))
		}
	}
	return found == (f.Op[0] == '|')
}

// Query makes the query for the store: what it can decide before text is read, and the
// stages for the rest.
func (q *LogQuery) Query(from, to int64) logs.Query {
	out := logs.Query{From: from, To: to}
	q.hint(&out)
	if len(q.Matchers) > 0 {
		out.Stream = func(s *segment.Stream) bool { return MatchStream(q.Matchers, s) }
	}
	rest, parsed := false, false
	for _, s := range q.Stages {
		switch s := s.(type) {
		case *LineFilter:
			// Conditions on the text hold wherever they stand.
			if !pushLine(&out, s) {
				rest = true
			}
		case *Parser:
			parsed = true
		case *LabelFilter:
			if !parsed { // else the label may come from the text
				pushLabels(&out, s.Cond)
			}
			rest = true
		}
	}
	if bits.OnesCount8(out.Levels) > 1 {
		out.Whole = false // no record has two
	}
	if rest {
		var l labelSet
		if q.needsText() {
			out.Match = func(r *logs.Record) bool { return q.run(r, &l) }
		} else {
			out.Match = func(r *logs.Record) bool { return q.holds(r, &l) }
		}
	}
	return out
}

// pushLine hands a filter to the store; false if the stage is still needed.
func pushLine(out *logs.Query, s *LineFilter) bool {
	not := s.Op[0] == '!'
	if len(s.Values) > 1 && !not {
		return false // any of several: each alone may fail
	}
	for _, v := range s.Values {
		f := logs.Contains(v, not)
		if s.exprs != nil {
			var err error
			if f, err = logs.Matches(v, not); err != nil {
				return false
			}
		}
		out.Lines = append(out.Lines, f)
	}
	return true
}

// pushLabels hands on conditions that must hold and that indexes know of.
func pushLabels(out *logs.Query, c Condition) {
	switch c := c.(type) {
	case *bothOf:
		pushLabels(out, c.a)
		pushLabels(out, c.b)
	case *Matcher:
		if c.Op != "=" {
			return
		}
		raw, err := hex.DecodeString(c.Value)
		switch {
		case err != nil:
		case c.Name == labelTrace && len(raw) == 16 && c.Value == strings.ToLower(c.Value):
			copy(out.Trace[:], raw)
		case c.Name == labelTemplate && len(c.Value) == 16:
			if id, err := strconv.ParseUint(c.Value, 16, 64); err == nil {
				out.Templates = append(out.Templates, id)
			}
		}
		if c.Name == labelLevel {
			if level := levelNumber(c.Value); level >= 0 {
				out.Levels |= 1 << level
			}
		}
	}
}

// levelNumber returns the number of the level with a name, -1 if none has it.
func levelNumber(name string) int {
	for level := range segment.Levels {
		if segment.LevelName(level) == name {
			return level
		}
	}
	return -1
}

// maxFields bounds what a parser makes of one line.
const maxFields = 256

// parseJSON makes labels of the members of an object; of objects in it with both names.
func parseJSON(body []byte, l *labelSet) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' {
		l.err = "JSONParserErr"
		return
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var all map[string]any
	if d.Decode(&all) != nil {
		l.err = "JSONParserErr"
		return
	}
	addJSON("", all, l, 0)
}

func addJSON(prefix string, object map[string]any, l *labelSet, depth int) {
	for _, name := range sortedNames(object) {
		if len(l.parsed) >= maxFields {
			return
		}
		full := prefix + LabelName(name)
		switch v := object[name].(type) {
		case string:
			l.add(full, v)
		case json.Number:
			l.add(full, v.String())
		case bool:
			l.add(full, strconv.FormatBool(v))
		case map[string]any:
			if depth < 8 {
				addJSON(full+"_", v, l, depth+1)
			}
		}
	}
}

// parseLogfmt makes labels of key=value and key="value".
func parseLogfmt(body []byte, l *labelSet) {
	for i := 0; i < len(body) && len(l.parsed) < maxFields; {
		for i < len(body) && body[i] <= ' ' {
			i++
		}
		start := i
		for i < len(body) && body[i] > ' ' && body[i] != '=' && body[i] != '"' {
			i++
		}
		key := string(body[start:i])
		if i == len(body) || body[i] != '=' {
			if i < len(body) && body[i] == '"' {
				l.err = "LogfmtParserErr"
				i++
			}
			continue // a word alone is no label
		}
		i++
		value, n, ok := logfmtValue(body[i:])
		i += n
		if !ok {
			l.err = "LogfmtParserErr"
		}
		if key != "" && ok && utf8.ValidString(key) {
			l.add(key, value)
		}
	}
}

func logfmtValue(b []byte) (value string, n int, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		for n < len(b) && b[n] > ' ' {
			n++
		}
		return strings.ToValidUTF8(string(b[:n]), "\uFFFD"), n, true
	}
	for n = 1; n < len(b); n++ {
		switch b[n] {
		case '\\':
			n++
		case '"':
			text := string(b[:n+1])
			v, err := strconv.Unquote(text)
			if err != nil {
				v = text[1 : len(text)-1]
			}
			return strings.ToValidUTF8(v, "\uFFFD"), n + 1, true
		}
	}
	return "", len(b), false
}
