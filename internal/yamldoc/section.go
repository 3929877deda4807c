package yamldoc

import (
	"slices"
	"strings"
)

// Lines are those of a text with their ends, as YAML counts them: a line ends with
// a line feed, a carriage return, or both.
type Lines []string

// SplitLines returns the lines of a text; the last one has no end and may be empty.
func SplitLines(src []byte) Lines {
	var out Lines
	rest := string(src)
	for {
		i := strings.IndexAny(rest, "\r\n")
		if i < 0 {
			return append(out, rest)
		}
		if strings.HasPrefix(rest[i:], "\r\n") {
			i++
		}
		out, rest = append(out, rest[:i+1]), rest[i+1:]
	}
}

// Text returns the lines from one to another, both counted from 1 and included, as
// far as there are such.
func (l Lines) Text(from, to int) string {
	from, to = max(from, 1), min(to, len(l))
	if from > to {
		return ""
	}
	return strings.Join(l[from-1:to], "")
}

// SectionEnd returns the last line of a section at the top, of a text of so many lines.
func (d *Document) SectionEnd(key string, lines int) int {
	begin, end := d.Line(key), lines
	for _, other := range d.Root().Keys() {
		if line := d.Line(other); line > begin {
			end = min(end, line-1)
		}
	}
	return end
}

// Sections returns those of the sections at the top that are there, in the order of
// the text.
func (d *Document) Sections(keys []string) []Node {
	var found []Node
	for _, key := range keys {
		if at, ok := d.Root().Get(key); ok {
			found = append(found, at)
		}
	}
	slices.SortFunc(found, func(a, b Node) int { return a.Line() - b.Line() })
	return found
}

// Only returns the text of some sections as they stand, with an empty line in the
// place of every other line, for the loader of another program; rename may give a
// section another name, nil leaves it. src is the text that the document was made of,
// in what the loader's own file is called. Each section must begin a line.
func (d *Document) Only(sections []Node, src []byte, in string, rename func(key string) string) ([]byte, Errors) {
	lines := SplitLines(src)
	var text strings.Builder
	next := 1
	for _, at := range sections {
		key := at.Path()
		// Lines can be told apart only when each section begins one.
		own, ok := strings.CutPrefix(strings.TrimPrefix(lines.Text(at.Line(), d.SectionEnd(key, len(lines))), "\ufeff"), key+":")
		if !ok {
			return nil, Errors{at.Errorf("want this section in lines of its own, beginning at the margin, as in %s", in)}
		}
		text.WriteString(strings.Repeat("\n", at.Line()-next))
		if rename != nil {
			key = rename(key)
		}
		text.WriteString(key + ":" + own)
		next = d.SectionEnd(at.Path(), len(lines)) + 1
	}
	return []byte(text.String()), nil
}
