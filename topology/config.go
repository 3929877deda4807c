package topology

// Config says how series are given to services.
type Config struct {
	// Labels are asked in order for the name of a series' service; the first
	// with a value wins.
	Labels []string `yaml:"labels"`
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
