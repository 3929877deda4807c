package change

import (
	"errors"
	"strings"
)

// ErrNotFound is returned by Get for an id that was never recorded or was pruned.
var ErrNotFound = errors.New("change not found")

// FieldError is one wrong field of a change: its name as in JSON (labels as
// "labels.NAME") and what was wanted and got.
type FieldError struct {
	Field string `json:"field"`
	Msg   string `json:"message"`
}

// InvalidError lists every wrong field of one change, in the order in which
// the fields are documented. Nothing of the change was stored.
type InvalidError struct {
	Fields []FieldError
}

// Error puts all fields into one sentence.
func (e *InvalidError) Error() string {
	var b strings.Builder
	b.WriteString("invalid change: ")
	for i, f := range e.Fields {
		if i > 0 {
			b.WriteString("; ")
		}
		if f.Field != "" {
			b.WriteString(f.Field)
			b.WriteString(": ")
		}
		b.WriteString(f.Msg)
	}
	return b.String()
}

func (e *InvalidError) add(field, msg string) {
	e.Fields = append(e.Fields, FieldError{Field: field, Msg: msg})
}

// orNil returns nil as an error interface when no field is wrong.
func (e *InvalidError) orNil() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}
