package remote

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/segment"
)

// words are what a query says in the language of the other store.
type words struct {
	filter string
	whole  bool // it wants just what the query wants, but for time and levels
}

// words makes a filter of LogsQL. With levels it also asks for those of the query.
func (v *victoria) words(ctx context.Context, q *logs.Query, levels bool) (words, error) {
	w := words{whole: q.Whole}
	var fields, labels []string
	ask := func(path string, to *[]string) (err error) {
		if *to == nil {
			*to, err = v.names(ctx, q, path)
		}
		return err
	}
	var parts []string
	for i := range q.Hints {
		h := &q.Hints[i]
		var text string
		ok := false
		special, isSpecial := v.roles.special(h.Name)
		switch {
		case h.Name == "":
			text, ok = textFilter(h)
		case isSpecial:
			if err := ask("field_names", &fields); err != nil {
				return w, err
			}
			text, ok = specialFilter(h, present(special, fields))
		case h.Stream:
			raw := []string{h.Name}
			if strings.Contains(h.Name, "_") { // which may stand for another sign
				if err := ask("stream_field_names", &labels); err != nil {
					return w, err
				}
				raw = fitting(labels, h.Name, plainName)
			}
			text, ok = streamFilter(h, raw)
		default:
			raw := []string{h.Name}
			if strings.Contains(h.Name, "_") {
				if err := ask("field_names", &fields); err != nil {
					return w, err
				}
				raw = fitting(fields, h.Name, plainName)
			}
			text, ok = fieldFilter(h, raw)
		}
		if text != "" {
			parts = append(parts, text)
		}
		w.whole = w.whole && ok
	}
	if levels && q.Levels != 0 {
		if err := ask("field_names", &fields); err != nil {
			return w, err
		}
		text, err := v.levelFilter(ctx, q, present(v.roles.level, fields))
		if err != nil {
			return w, err
		}
		if text != "" {
			parts = append(parts, text)
		}
	}
	w.filter = strings.Join(parts, " ")
	if w.filter == "" {
		w.filter = "*"
	}
	return w, nil
}

// textFilter looks into the text. Expressions with a dot match line feeds there, so that
// they cannot say what is not wanted.
func textFilter(h *logs.Hint) (text string, whole bool) {
	if h.Value == "" {
		return "", h.Op[0] == '|'
	}
	switch h.Op {
	case "|=":
		return "_msg:~" + strconv.Quote(regexp.QuoteMeta(h.Value)), true
	case "!=":
		return "!_msg:~" + strconv.Quote(regexp.QuoteMeta(h.Value)), true
	case "|~":
		return "_msg:~" + strconv.Quote(h.Value), !strings.Contains(h.Value, ".")
	}
	return "", false
}

// streamFilter looks for a label of streams.
func streamFilter(h *logs.Hint, raw []string) (text string, whole bool) {
	if _, ok := positive(h); !ok || len(raw) > 1 {
		return "", false
	}
	name := h.Name
	if len(raw) == 1 {
		name = raw[0]
	}
	return "{" + strconv.Quote(name) + h.Op + strconv.Quote(h.Value) + "}", true
}

// fieldFilter looks for a field, whichever of raw has it.
func fieldFilter(h *logs.Hint, raw []string) (text string, whole bool) {
	pos, ok := positive(h)
	if !ok || (len(raw) > 1 && !pos) {
		return "", false
	}
	if len(raw) == 0 {
		raw = []string{h.Name}
	}
	var each []string
	for _, name := range raw {
		each = append(each, oneField(h, name))
	}
	if len(each) == 1 {
		return each[0], true
	}
	return "(" + strings.Join(each, " or ") + ")", false
}

func oneField(h *logs.Hint, name string) string {
	name = strconv.Quote(name)
	switch h.Op {
	case "=":
		return name + ":=" + strconv.Quote(h.Value)
	case "!=":
		return "!" + name + ":=" + strconv.Quote(h.Value)
	case "=~":
		return name + ":~" + strconv.Quote("^(?s:"+h.Value+")$")
	}
	return "!" + name + ":~" + strconv.Quote("^(?s:"+h.Value+")$")
}

// specialFilter looks for what several fields may say: service, trace and span.
func specialFilter(h *logs.Hint, fields []string) (text string, whole bool) {
	if h.Name == segment.ServiceLabel {
		return fieldFilter(h, fields)
	}
	if h.Op != "=" || h.Value == "" || len(fields) == 0 {
		return "", false
	}
	var each []string
	for _, f := range fields {
		each = append(each, strconv.Quote(f)+":in("+strconv.Quote(h.Value)+", "+strconv.Quote(strings.ToUpper(h.Value))+")")
	}
	return "(" + strings.Join(each, " or ") + ")", false
}

// levelFilter wants the values of the one field for levels that mean one of the query's.
func (v *victoria) levelFilter(ctx context.Context, q *logs.Query, fields []string) (string, error) {
	if q.Levels&1 == 1 || len(fields) != 1 {
		return "", nil // unknown is whatever is no level
	}
	req, err := v.ask(ctx, "field_values", url.Values{
		"query": {v.span(q.From, q.To) + " *"}, "field": {fields[0]}, "start": {instant(q.From)}, "end": {instant(q.To - 1)},
	})
	if err != nil {
		return "", err
	}
	all, err := v.values(req)
	if err != nil {
		return "", err
	}
	wanted := []string{}
	for _, x := range all {
		if level := severity([]string{x}); level != 0 && q.Levels>>level&1 == 1 {
			wanted = append(wanted, strconv.Quote(x))
		}
	}
	if len(wanted) == 0 || len(wanted) > maxWords {
		return "", nil
	}
	return strconv.Quote(fields[0]) + ":in(" + strings.Join(wanted, ", ") + ")", nil
}

// maxWords bounds lists in a question.
const maxWords = 100

// present returns those of the fields that are there.
func present(fields, there []string) []string {
	var out []string
	for _, f := range fields {
		if slices.Contains(there, f) {
			out = append(out, f)
		}
	}
	return out
}
