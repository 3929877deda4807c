package render

import (
	"github.com/tocsinhq/tocsin/notify"
)

// Notices are sentences about the message itself, apart from what it is about:
// which channel could not be told, that nobody has acknowledged, why it comes
// late. Every channel shows them; none is the rule.
func Notices(m notify.Message) []string {
	var out []string
	if m.Untold != nil {
		out = append(out, oneLine(m.Untold.String()))
	}
	if m.Escalation != nil {
		out = append(out, oneLine(m.Escalation.String()))
	}
	if m.Held != nil {
		s := "told " + m.Held.String()
		if !m.Held.Since.IsZero() {
			s += ", held back since " + Time(m.Held.Since)
		}
		out = append(out, oneLine(s))
	}
	return out
}
