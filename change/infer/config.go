package infer

import (
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says what is taken for a change. Durations are of event time.
type Config struct {
	// Versions are labels `service_version` and `sentry_release`, and `version` of `target_info`.
	Versions bool `yaml:"versions"`
	// BuildInfo are series `*_build_info` with the labels `version` and `revision`.
	BuildInfo bool `yaml:"build_info"`
	// Images are those of containers, by kube-state-metrics.
	Images bool `yaml:"images"`
	// Rollouts are those of Kubernetes workloads, by kube-state-metrics.
	Rollouts bool `yaml:"rollouts"`
	// Restarts are those of processes and containers.
	Restarts bool `yaml:"restarts"`
	// Gone is how long a version must not have been seen, while another was, to be gone.
	Gone yamldoc.Duration `yaml:"gone"`
	// Learn is how long after the first sample of a service versions are what it ran before.
	Learn yamldoc.Duration `yaml:"learn"`
	// MaxRoll is how long a change may be under way. One that lasts longer is ended as it stands.
	MaxRoll yamldoc.Duration `yaml:"max_roll"`
	// Quiet is how long a service must not restart for its next restart to be another change.
	Quiet yamldoc.Duration `yaml:"quiet"`
	// MaxPerHour is how many changes of one service may begin in an hour; others are counted only.
	MaxPerHour int `yaml:"max_per_hour"`
	// MaxSeries is how many series are followed.
	MaxSeries int `yaml:"max_series"`
}

// DefaultConfig sees all that can be seen.
func DefaultConfig() Config {
	return Config{
		Versions: true, BuildInfo: true, Images: true, Rollouts: true, Restarts: true,
		Gone:       yamldoc.Duration(3 * time.Minute),
		Learn:      yamldoc.Duration(5 * time.Minute),
		MaxRoll:    yamldoc.Duration(24 * time.Hour),
		Quiet:      yamldoc.Duration(30 * time.Minute),
		MaxPerHour: 6,
		MaxSeries:  50_000,
	}
}

// Validate reports settings that cannot work.
func (c Config) Validate(report func(path, format string, args ...any)) {
	for _, d := range []struct {
		name string
		d    yamldoc.Duration
		min  time.Duration
	}{
		{"gone", c.Gone, 10 * time.Second}, {"learn", c.Learn, 0}, {"max_roll", c.MaxRoll, time.Minute}, {"quiet", c.Quiet, time.Minute},
	} {
		if time.Duration(d.d) < d.min {
			report(d.name, "want at least %s, got %s", d.min, time.Duration(d.d))
		}
	}
	if c.MaxPerHour < 1 {
		report("max_per_hour", "want at least 1, got %d; versions, build_info, images, rollouts and restarts switch sources off", c.MaxPerHour)
	}
	if c.MaxSeries < 0 {
		report("max_series", "want 0 or more, got %d", c.MaxSeries)
	}
}
