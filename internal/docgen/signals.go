package docgen

import (
	"fmt"
	"io"
	"strings"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// Signals writes docs/signals.md from a catalogue: each signal in its order with
// unit, meaning, bad direction and, for each variant, the library and the PromQL
// that it stands for. A variant without a form is an error.
func Signals(w io.Writer, c *signal.Catalogue) error {
	var b strings.Builder
	b.WriteString(`<!-- Generated from the code by make docs. -->

# Signals

What the names in conditions such as ` + "`error_rate > 5%`" + ` mean. A signal is computed from whichever of its
variants has data, in the order given here, for each service by itself, and is stored as the series
` + "`tocsin:<name>`" + ` with the labels below. ` + "`by (service)`" + ` stands for the first label of the configured
` + "`services.labels`" + ` that has a value, ` + "`$window`" + ` for ` + "`rules.rate_window`" + `. Files named by ` + "`rules.signal_files`" + `
add signals and variants.

| signal | unit | bad | users feel it | meaning |
|---|---|---|---|---|
`)
	for _, s := range c.Signals() {
		feel := "no"
		if s.Symptom {
			feel = "yes"
		}
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s | %s | %s |\n", s.Name, s.Name, unitName(s.Unit), s.Bad, feel, cell(s.Help))
	}
	for _, s := range c.Signals() {
		fmt.Fprintf(&b, "\n## %s\n\n%s", s.Name, s.Help)
		if len(s.Aliases) > 0 {
			fmt.Fprintf(&b, " Also: `%s`.", strings.Join(s.Aliases, "`, `"))
		}
		fmt.Fprintf(&b, " Labels: `%s`.\n\n| library | expression |\n|---|---|\n", strings.Join(s.Labels(), "`, `"))
		for i, v := range s.Variants {
			text, err := s.Formula(v)
			if err != nil {
				return fmt.Errorf("signal %s: variant %d (%s): %w", s.Name, i+1, v.Library, err)
			}
			if len(v.ServiceLabels) > 0 {
				text += "` with the service from `" + strings.Join(v.ServiceLabels, "`, `")
			}
			fmt.Fprintf(&b, "| %s | `%s` |\n", cell(v.Library), cell(text))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func unitName(u signal.Unit) string {
	if u == signal.Plain {
		return "number"
	}
	return strings.ReplaceAll(string(u), "_", " ")
}
