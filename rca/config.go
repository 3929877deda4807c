package rca

import (
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Config of the ranking. Durations are of event time but for Deadline.
type Config struct {
	// Window is how long before the onset a change may have begun to be a suspect.
	Window yamldoc.Duration `yaml:"window"`
	// LeakWindow is the same for changes since which a signal has risen steadily.
	LeakWindow yamldoc.Duration `yaml:"leak_window"`
	// Baseline is the length of the quiet time that a shift is measured against.
	Baseline yamldoc.Duration `yaml:"baseline"`
	// ClockSkew is by how much the clocks of those who report changes may be wrong.
	ClockSkew yamldoc.Duration `yaml:"clock_skew"`
	// Step is the distance of the points of the series that are compared.
	Step yamldoc.Duration `yaml:"step"`
	// Deadline is how long a ranking may wait for its series, on the wall clock.
	Deadline yamldoc.Duration `yaml:"deadline"`
	// Tau is by kind of change the time after which the likeness of its being the
	// cause has fallen to 37%. Kinds that are not named keep their default.
	Tau map[string]yamldoc.Duration `yaml:"tau"`
}

// leakTau takes the place of Tau where a signal has risen ever since a change.
const leakTau = 24 * time.Hour

// DefaultConfig returns the settings that need no file.
func DefaultConfig() Config {
	tau := map[string]yamldoc.Duration{}
	for _, k := range telemetry.ChangeKinds {
		tau[string(k)] = yamldoc.Duration(defaultTau(k))
	}
	return Config{
		Window:     yamldoc.Duration(2 * time.Hour),
		LeakWindow: yamldoc.Duration(24 * time.Hour),
		Baseline:   yamldoc.Duration(time.Hour),
		ClockSkew:  yamldoc.Duration(time.Minute),
		Step:       yamldoc.Duration(30 * time.Second),
		Deadline:   yamldoc.Duration(3 * time.Second),
		Tau:        tau,
	}
}

func defaultTau(k telemetry.ChangeKind) time.Duration {
	switch k {
	case telemetry.KindInfra, telemetry.KindSchema, telemetry.KindDependency, telemetry.KindCertificate:
		return 2 * time.Hour
	}
	return 30 * time.Minute
}

func (c Config) tau(k telemetry.ChangeKind) time.Duration {
	if d := c.Tau[string(k)]; d > 0 {
		return time.Duration(d)
	}
	return defaultTau(k)
}

// Validate reports every setting that cannot work, each with its path, what was
// wanted and what was got.
func (c Config) Validate(report func(path, format string, args ...any)) {
	check := func(path string, got yamldoc.Duration, least, most time.Duration) {
		if d := time.Duration(got); d < least || d > most {
			report(path, "want a duration from %s to %s, got %s", least, most, d)
		}
	}
	check("window", c.Window, time.Minute, 7*24*time.Hour)
	check("leak_window", c.LeakWindow, time.Duration(c.Window), 7*24*time.Hour)
	check("baseline", c.Baseline, 10*time.Minute, 24*time.Hour)
	check("clock_skew", c.ClockSkew, 0, time.Hour)
	check("step", c.Step, time.Second, 5*time.Minute)
	check("deadline", c.Deadline, 10*time.Millisecond, time.Minute)
	for _, k := range slices.Sorted(maps.Keys(c.Tau)) {
		if !slices.Contains(telemetry.ChangeKinds, telemetry.ChangeKind(k)) {
			report("tau."+k, "want a kind of change (%v), got %q", telemetry.ChangeKinds, k)
			continue
		}
		check("tau."+k, c.Tau[k], time.Minute, 7*24*time.Hour)
	}
}
