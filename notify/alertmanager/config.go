package alertmanager

import (
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config is the `alertmanager` section of the configuration.
type Config struct {
	// ConfigFile is a whole configuration of Alertmanager. Instead of it, its sections may
	// stand in this file: route, receivers, inhibit_rules, time_intervals, mute_time_intervals
	// and templates at the top, its global as alertmanager_global.
	ConfigFile string `yaml:"config_file"`
	// MaxAlerts is how many alerts are kept at once; further ones are refused and counted.
	MaxAlerts int `yaml:"max_alerts"`
	// MaxBody is the largest body of a request that brings alerts.
	MaxBody yamldoc.Bytes `yaml:"max_body"`
	// MaxLabels is how many labels an alert may have, and how many annotations.
	MaxLabels int `yaml:"max_labels"`
	// MaxTextBytes is how long the labels and annotations of one alert may be together.
	MaxTextBytes yamldoc.Bytes `yaml:"max_text_bytes"`
	// ResolveTimeout ends an alert that was sent without an end and is not repeated.
	// It is used when there is no Alertmanager configuration, whose global.resolve_timeout else holds.
	ResolveTimeout yamldoc.Duration `yaml:"resolve_timeout"`
}

// DefaultConfig returns the settings of a section that is left out.
func DefaultConfig() Config {
	return Config{
		MaxAlerts: 100_000, MaxBody: 32 << 20, MaxLabels: 128, MaxTextBytes: 64 << 10,
		ResolveTimeout: yamldoc.Duration(5 * time.Minute),
	}
}

// Validate reports every setting that cannot work, with its path in the section.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if c.MaxAlerts < 1 || c.MaxAlerts > 10_000_000 {
		report("max_alerts", "want from 1 to 10000000, got %d", c.MaxAlerts)
	}
	if c.MaxBody < 1<<10 || c.MaxBody > 1<<30 {
		report("max_body", "want from 1KiB to 1GiB, got %s", c.MaxBody)
	}
	if c.MaxLabels < 1 || c.MaxLabels > 10_000 {
		report("max_labels", "want from 1 to 10000, got %d", c.MaxLabels)
	}
	if c.MaxTextBytes < 64 || c.MaxTextBytes > 16<<20 {
		report("max_text_bytes", "want from 64B to 16MiB, got %s", c.MaxTextBytes)
	}
	if c.ResolveTimeout < yamldoc.Duration(time.Second) {
		report("resolve_timeout", "want 1s or more, got %s", c.ResolveTimeout)
	}
}
