package yamldoc

import (
	"fmt"
	"strings"
)

// expand replaces ${NAME} in a scalar's text and $$ by $. Every variable that is
// not set is reported, and the value then counts as broken: nothing more is said
// about it.
func (b *builder) expand(at *node, path string) {
	if b.doc.lookup == nil || !strings.Contains(at.text, "$") || b.doc.isVerbatim(path) {
		return
	}
	var out strings.Builder
	rest := at.text
	for {
		before, after, found := strings.Cut(rest, "$")
		out.WriteString(before)
		if !found {
			break
		}
		switch {
		case strings.HasPrefix(after, "$"):
			out.WriteByte('$')
			rest = after[1:]
		case strings.HasPrefix(after, "{"):
			name, tail, closed := strings.Cut(after[1:], "}")
			value, problem := b.variable(name, closed)
			if problem != "" {
				at.broken = true
				b.report(Error{Line: at.line, Column: at.column, Path: path, Msg: problem})
			}
			out.WriteString(value)
			at.expanded = true
			rest = tail
		default:
			out.WriteByte('$')
			rest = after
		}
	}
	at.text = out.String()
}

// variable returns the value of ${name}, or what is wrong with it.
func (b *builder) variable(name string, closed bool) (value, problem string) {
	if !closed || !isVariableName(name) {
		return "", fmt.Sprintf("want ${NAME} with letters, digits and _, got %q; write $$ for a plain $", clip("${"+name))
	}
	value, ok := b.doc.lookup(name)
	if !ok {
		return "", fmt.Sprintf("environment variable %s is not set; set it, or write $${%s} for the text itself", name, name)
	}
	return value, ""
}

// isVerbatim reports whether a path lies in a section of another program.
func (d *Document) isVerbatim(path string) bool {
	for _, section := range d.verbatim {
		if rest, below := strings.CutPrefix(path, section); below && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

func isVariableName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
