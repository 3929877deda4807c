package report

import (
	"regexp"
	"strings"
)

// Config of reports.
type Config struct {
	// RunbooksDir is the folder of runbooks, one Markdown file each. Relative to the
	// data folder; empty turns runbooks off.
	RunbooksDir string `yaml:"runbooks_dir"`
	// NamePeople leaves the names of those who acted in postmortems. Without it they
	// are "responder A" and so on; the authors of changes are never named.
	NamePeople bool `yaml:"name_people"`
	// Redact are regular expressions (RE2); what they match in any text of a report is
	// written as `<redacted>`.
	Redact []string `yaml:"redact"`
	// RedactLabels are names of labels whose values are written as `<redacted>`.
	RedactLabels []string `yaml:"redact_labels"`
}

// Bounds of the settings.
const (
	maxRedact       = 100
	maxRedactLength = 1000
)

// DefaultConfig returns the settings that need no file.
func DefaultConfig() Config { return Config{RunbooksDir: "runbooks"} }

// Validate reports every setting that cannot work.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if len(c.Redact) > maxRedact {
		report("redact", "want at most %d expressions, got %d", maxRedact, len(c.Redact))
	}
	for _, e := range c.Redact {
		re, err := regexp.Compile(e)
		switch {
		case len(e) > maxRedactLength:
			report("redact", "want expressions of at most %d bytes, got %d", maxRedactLength, len(e))
		case err != nil:
			report("redact", "want a regular expression, got %q: %v", e, err)
		case re.MatchString(""):
			report("redact", "want an expression that does not match the empty text, got %q", e)
		}
	}
	for _, l := range c.RedactLabels {
		if l == "" || strings.ContainsAny(l, " \n=\"{}") {
			report("redact_labels", "want the name of a label, got %q", l)
		}
	}
}
