package remote

import (
	"context"
	"net/http"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/logs"
)

// mapping says which fields there are: their types by name.
type mapping struct{ types map[string]string }

// mappingFor is how long a mapping is taken for what it was, mappingLacks how long if it
// lacks a name that is asked for.
const (
	mappingFor   = time.Minute
	mappingLacks = 5 * time.Second
)

// mapping asks for the fields of the indices, unless that is not long ago.
func (e *elastic) mapping(ctx context.Context, within time.Duration) (*mapping, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.caps != nil && len(e.caps.present(e.roles.level)) == 0 {
		within = min(within, mappingLacks)
	}
	if e.caps != nil && e.now().Sub(e.capsAt) < within {
		return e.caps, nil
	}
	req, err := e.request(ctx, http.MethodGet, e.index()+"/_field_caps"+lenient+"&fields=*", nil)
	if err != nil {
		return nil, err
	}
	var said struct {
		Fields map[string]map[string]struct {
			Searchable   bool
			Aggregatable bool
			Meta         bool `json:"metadata_field"`
		}
	}
	if err := e.decode(req, &said); err != nil {
		return nil, err
	}
	m := &mapping{types: map[string]string{}}
	for name, types := range said.Fields {
		kind := ""
		for t, c := range types {
			switch {
			case t == "unmapped":
			case c.Meta || !c.Searchable || kind != "":
				kind = "several" // of other types in other indices: nothing is asked of it
			default:
				kind = t
			}
		}
		m.types[name] = kind
	}
	if m.types[timeField] != "" { // else there is nothing yet
		e.caps, e.capsAt = m, e.now()
	}
	return m, nil
}

// keyword returns the field under which the whole value of a field is searched and
// counted, empty if there is none.
func (m *mapping) keyword(f string) string {
	switch m.types[f] {
	case "keyword", "constant_keyword":
		return f
	case "text", "match_only_text":
		if m.types[f+".keyword"] == "keyword" {
			return f + ".keyword"
		}
	}
	return ""
}

// fitting returns the fields whose label would have a name.
func (m *mapping) fitting(label string) []string {
	var out []string
	for f := range m.types {
		if parent, ok := strings.CutSuffix(f, ".keyword"); ok && m.types[parent] != "" {
			continue
		}
		if elasticName(f) == label && m.types[f] != "object" && m.types[f] != "nested" {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out
}

// present returns those of the fields that are there.
func (m *mapping) present(fields []string) []string {
	var out []string
	for _, f := range fields {
		if t := m.types[f]; t != "" && t != "object" {
			out = append(out, f)
		}
	}
	return out
}

// labels returns the labels of streams that can be counted by, that of the service first.
func (m *mapping) labels(labels, service []string) []string {
	var out []string
	for _, f := range append(m.present(service)[:min(1, len(m.present(service)))], labels...) {
		if m.keyword(f) != "" && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// level returns the one field by which levels can be counted, empty if there is no level
// at all; false if it is not as simple as that.
func (m *mapping) level(fields []string) (string, bool) {
	have := m.present(fields)
	if len(have) == 0 {
		return "", true
	}
	k := m.keyword(have[0])
	return k, len(have) == 1 && k != ""
}

// filter makes the question's filter. It reports whether it wants just what the query
// wants, but for levels. With levels it also asks for those of the query.
func (e *elastic) filter(ctx context.Context, m *mapping, q *logs.Query, levels bool) (object, bool, error) {
	if slices.ContainsFunc(q.Hints, func(h logs.Hint) bool { return h.Name != "" && len(e.fields(m, &h)) == 0 }) {
		var err error
		if m, err = e.mapping(ctx, mappingLacks); err != nil {
			return nil, false, err
		}
	}
	must := []any{object{"range": object{timeField: object{
		"gte": instant(q.From), "lt": instant(q.To), "format": "strict_date_optional_time_nanos",
	}}}}
	var not []any
	whole := q.Whole
	for i := range q.Hints {
		h := &q.Hints[i]
		if h.Name == "" {
			x, ok := m.textFilter(h)
			if x != nil {
				must = append(must, x)
			}
			whole = whole && ok
			continue
		}
		x, negate, ok := m.labelFilter(h, e.fields(m, h))
		switch {
		case x == nil:
		case negate:
			not = append(not, x)
		default:
			must = append(must, x)
		}
		whole = whole && ok
	}
	if levels && q.Levels != 0 && q.Levels&1 == 0 {
		if field, ok := m.level(e.roles.level); ok && field != "" {
			x, err := e.levelFilter(ctx, field, q)
			if err != nil {
				return nil, false, err
			}
			if x != nil {
				must = append(must, x)
			}
		}
	}
	b := object{"filter": must}
	if len(not) > 0 {
		b["must_not"] = not
	}
	return object{"bool": b}, whole, nil
}

// fields returns the fields that may hold the label of a hint.
func (e *elastic) fields(m *mapping, h *logs.Hint) []string {
	if special, ok := e.roles.special(h.Name); ok {
		return m.present(special)
	}
	all := m.fitting(h.Name)
	if h.Stream {
		all = slices.DeleteFunc(all, func(f string) bool { return !slices.Contains(e.cfg.Labels, f) })
	}
	return all
}

// nothing matches no document.
func nothing() object { return object{"match_none": object{}} }

// labelFilter looks for a label in the fields that may hold it.
func (m *mapping) labelFilter(h *logs.Hint, fields []string) (x object, negate, whole bool) {
	pos, ok := positive(h)
	if !ok {
		return nil, false, false
	}
	values, finite := []string{h.Value}, true
	if h.Op == "=~" || h.Op == "!~" {
		values, finite = spelled(h.Value)
	}
	id := h.Name == "trace_id" || h.Name == "span_id"
	if id {
		values = append(values, strings.ToUpper(h.Value))
	}
	var each []any
	for _, f := range fields {
		k := m.keyword(f)
		if k == "" || !finite || slices.ContainsFunc(values, func(v string) bool { return len(v) > 256 }) {
			if k != f && k != "" || !pos {
				return nil, false, false
			}
			each = append(each, object{"exists": object{"field": f}})
			ok = false
			continue
		}
		each = append(each, object{"terms": object{k: values}})
	}
	switch {
	case len(each) == 0 && pos:
		return nothing(), false, true
	case len(each) == 0:
		return nil, false, true
	case !pos:
		if len(each) > 1 {
			return nil, false, false
		}
		return each[0].(object), true, ok
	}
	return object{"bool": object{"should": each, "minimum_should_match": 1}}, false, ok && len(each) == 1 && !id
}

// textFilter looks for the whole words of a text. Parts of words are not in the index,
// so that the text itself is looked at here.
func (m *mapping) textFilter(h *logs.Hint) (x object, whole bool) {
	have := m.present(bodyFields)
	if h.Op != "|=" || len(have) != 1 || have[0] != bodyFields[0] {
		return nil, h.Op == "|=" && h.Value == ""
	}
	switch m.types[have[0]] {
	case "wildcard":
		quoted := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(h.Value)
		return object{"wildcard": object{have[0]: object{"value": "*" + quoted + "*"}}}, true
	case "text", "match_only_text":
		if words := innerWords(h.Value); words != "" {
			return object{"match": object{have[0]: object{"query": words, "operator": "and", "zero_terms_query": "all"}}}, false
		}
	}
	return nil, h.Value == ""
}

// innerWords returns what stands between blanks in a text: words of it that are whole
// words of every text that holds it, however they are taken apart.
func innerWords(s string) string {
	i, j := strings.IndexByte(s, ' '), strings.LastIndexByte(s, ' ')
	if i < 0 || i == j {
		return ""
	}
	return strings.TrimSpace(s[i:j])
}

// levelFilter wants the values of a field that mean one of the query's levels.
func (e *elastic) levelFilter(ctx context.Context, field string, q *logs.Query) (object, error) {
	a, err := e.search(ctx, e.index()+"/_search"+lenient+"&allow_partial_search_results=false", object{
		"size": 0, "query": object{"range": object{timeField: object{"gte": instant(q.From), "lt": instant(q.To), "format": "strict_date_optional_time_nanos"}}},
		"aggs": object{"levels": object{"terms": object{"field": field, "size": maxWords + 1}}},
	})
	if err != nil {
		return nil, err
	}
	words, n, err := termsOf(a.Aggregations)
	if err != nil || n > maxWords {
		return nil, err
	}
	wanted := []string{}
	for _, w := range words {
		if level := severity([]string{w}); level != 0 && q.Levels>>level&1 == 1 {
			wanted = append(wanted, w)
		}
	}
	return object{"terms": object{field: wanted}}, nil
}

// spelled returns all texts that an expression matches, if they are few.
func spelled(expr string) ([]string, bool) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, false
	}
	return spell(re.Simplify())
}

// maxSpelled bounds them.
const maxSpelled = 64

func spell(re *syntax.Regexp) ([]string, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return []string{""}, true
	case syntax.OpLiteral:
		return []string{string(re.Rune)}, re.Flags&syntax.FoldCase == 0
	case syntax.OpCapture:
		return spell(re.Sub[0])
	case syntax.OpCharClass:
		var out []string
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for c := re.Rune[i]; c <= re.Rune[i+1]; c++ {
				if out = append(out, string(c)); len(out) > maxSpelled {
					return nil, false
				}
			}
		}
		return out, true
	case syntax.OpQuest:
		out, ok := spell(re.Sub[0])
		return append(out, ""), ok
	case syntax.OpAlternate:
		var out []string
		for _, sub := range re.Sub {
			more, ok := spell(sub)
			if out = append(out, more...); !ok || len(out) > maxSpelled {
				return nil, false
			}
		}
		return out, true
	case syntax.OpConcat:
		out := []string{""}
		for _, sub := range re.Sub {
			tails, ok := spell(sub)
			if !ok || len(out)*len(tails) > maxSpelled {
				return nil, false
			}
			var next []string
			for _, head := range out {
				for _, tail := range tails {
					next = append(next, head+tail)
				}
			}
			out = next
		}
		return out, true
	}
	return nil, false
}
