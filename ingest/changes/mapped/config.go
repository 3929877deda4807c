package mapped

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Config is one webhook.
type Config struct {
	// Name is what it is called in metrics and answers.
	Name string `yaml:"name"`
	// Path is the last part of its address, /api/v1/tocsin/changes/PATH; the name if empty.
	Path string `yaml:"path"`
	// Secrets are what the sender signs with, or shows; any of them is right.
	Secrets hook.Secrets `yaml:"secrets"`
	// Header is where the proof stands. Empty: Authorization.
	Header string `yaml:"header"`
	// Algorithm is that of a signature of the body: sha1, sha256 or sha512. Empty: the header
	// shows the secret itself.
	Algorithm hook.Algorithm `yaml:"algorithm"`
	// Delivery names a header whose value is the same when a request is repeated.
	Delivery string `yaml:"delivery"`
	// Items is the JSON pointer of a list, each element of which is a change. Empty: the body is one.
	Items string `yaml:"items"`
	// Match is a template that says true for what counts. Empty: everything does.
	Match string `yaml:"match"`
	// Environment is that of changes for which the fields name none.
	Environment string `yaml:"environment"`
	// Fields are those of a change: id, kind, service, environment, version_from, version_to,
	// started, finished, status, author, link, summary. Each is a constant, a JSON pointer or a
	// template. Service is required.
	Fields map[string]string `yaml:"fields"`
	// Labels are further ones, likewise.
	Labels map[string]string `yaml:"labels"`
	// Statuses says which status is meant by what the sender calls it, such as {ABORTED: failed}.
	Statuses map[string]telemetry.ChangeStatus `yaml:"statuses"`
	// Follows are the statuses of the sender that only count for a change whose start is known.
	Follows []string `yaml:"follows"`
}

// fieldNames are those of a change that a webhook can fill.
var fieldNames = []string{"id", "kind", "service", "environment", "version_from", "version_to", "started", "finished", "status", "author", "link", "summary"}

var pathForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// At returns the last part of the webhook's address.
func (c Config) At() string { return hook.First(c.Path, c.Name) }

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if !pathForm.MatchString(c.Name) {
		report("name", "want 1 to 64 of a-z, 0-9, dot, dash and underscore, got %q", c.Name)
	}
	if c.Path != "" && !pathForm.MatchString(c.Path) {
		report("path", "want 1 to 64 of a-z, 0-9, dot, dash and underscore, got %q", c.Path)
	}
	c.Secrets.Validate(func(p, format string, args ...any) { report("secrets"+p, format, args...) })
	if c.Algorithm != "" && !slices.Contains(hook.Algorithms, c.Algorithm) {
		report("algorithm", "want one of %v, got %q", hook.Algorithms, c.Algorithm)
	}
	if c.Algorithm != "" && c.Header == "" {
		report("header", "want the name of the header with the signature, got none")
	}
	if c.Items != "" && !strings.HasPrefix(c.Items, "/") {
		report("items", "want a JSON pointer such as /alerts, got %q", c.Items)
	}
	if _, err := compile("match", c.Match); err != nil {
		report("match", "want a template: %s", err)
	}
	if c.Fields["service"] == "" {
		report("fields", "want the field service, got %s", orNone(slices.Sorted(maps.Keys(c.Fields))))
	}
	if len(c.Follows) > 0 && c.Fields["id"] == "" {
		report("follows", "want the field id, by which a start is known")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		if !slices.Contains(fieldNames, name) {
			report("fields."+name, "want one of %s", strings.Join(fieldNames, ", "))
		}
		if _, err := compile(name, c.Fields[name]); err != nil {
			report("fields."+name, "want a constant, a JSON pointer or a template: %s", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Labels)) {
		if _, err := compile(name, c.Labels[name]); err != nil {
			report("labels."+name, "want a constant, a JSON pointer or a template: %s", err)
		}
	}
	for _, from := range slices.Sorted(maps.Keys(c.Statuses)) {
		if !slices.Contains(telemetry.ChangeStatuses, c.Statuses[from]) {
			report("statuses."+from, "want one of %v, got %q", telemetry.ChangeStatuses, c.Statuses[from])
		}
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return fmt.Sprintf("only %s", strings.Join(list, ", "))
}
