package topology

import (
	"maps"
	"slices"
)

// Config says how series are given to services.
type Config struct {
	// Labels are asked in order for the name of a series' service; the first
	// with a value wins.
	Labels []string `yaml:"labels"`
	// Calls names, for a service, those that it calls, beside what is known of
	// them otherwise. What is odd at the services of one path of calls at the same
	// time becomes one incident.
	Calls map[string][]string `yaml:"calls"`
	// Uses names, for a service, the databases, queues and hosts that it stands on.
	Uses map[string][]string `yaml:"uses"`
}

// Edges returns the edges that the configuration names, in the order of their names.
func (c Config) Edges() []Call {
	var out []Call
	add := func(from map[string][]string, kind string) {
		for _, name := range slices.Sorted(maps.Keys(from)) {
			for _, to := range from[name] {
				out = append(out, Call{From: name, To: to, Kind: kind})
			}
		}
	}
	add(c.Calls, KindCalls)
	add(c.Uses, KindUses)
	return out
}

// DefaultConfig returns the order of DefaultServiceLabels.
func DefaultConfig() Config {
	return Config{Labels: append([]string(nil), DefaultServiceLabels...)}
}

// Validate reports settings that cannot work.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if len(c.Labels) == 0 {
		report("labels", "want at least one label name, such as service")
	}
	for _, e := range c.Edges() {
		if e.From == "" || e.To == "" {
			report(map[string]string{KindCalls: "calls", KindUses: "uses"}[e.Kind], "want names of services, got %q of %q", e.To, e.From)
		}
	}
	seen := make(map[string]bool, len(c.Labels))
	for _, name := range c.Labels {
		switch {
		case !isLabelName(name):
			report("labels", "want label names of letters, digits and _ that do not begin with a digit, got %q", name)
		case seen[name]:
			report("labels", "label %q stands twice", name)
		}
		seen[name] = true
	}
}

// isLabelName says whether a name can stand in PromQL without quotes, which the
// compiled signal expressions rely on.
func isLabelName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
