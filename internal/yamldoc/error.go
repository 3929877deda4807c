package yamldoc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one thing wrong with a document.
type Error struct {
	File string // as given to Parse
	Line int    // from 1; 0 when the error belongs to the file as a whole
	// Column counts characters from 1; 0 when unknown.
	Column int
	Path   string // such as alerts[3].duration; empty for the document as a whole
	Where  string // Path in words, such as `alert "high_errors": duration`; empty when Path says it best
	Msg    string // what was wanted and what was found
}

// Error returns "file:line: where: message", without the parts that are empty.
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	where := e.Where
	if where == "" {
		where = e.Path
	}
	for _, part := range []string{where, e.Msg} {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	return b.String()
}

// Errors is everything wrong with one document or with several. A nil or empty
// Errors means that nothing is; use Err to turn it into an error.
type Errors []Error

// Error returns one error per line, sorted by file, line and column.
func (e Errors) Error() string {
	lines := make([]string, 0, len(e))
	for _, one := range e.Sorted() {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single errors, for errors.As.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// Err returns e as an error, or nil when it is empty.
func (e Errors) Err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Sorted returns a copy ordered by file, line and column; errors of one place
// keep their order.
func (e Errors) Sorted() Errors {
	sorted := slices.Clone(e)
	slices.SortStableFunc(sorted, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return sorted
}

// Under returns a report function that puts prefix before each path, so that a
// package may check its own Config without knowing where it stands in the file.
func Under(report func(path, format string, args ...any), prefix string) func(path, format string, args ...any) {
	return func(path, format string, args ...any) {
		report(joinPath(prefix, path), format, args...)
	}
}
