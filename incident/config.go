package incident

import (
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config of the incident manager. Durations are of event time.
type Config struct {
	// ReopenWindow is how long after its end an incident that comes back is
	// opened again under the same id; later it is a new one.
	ReopenWindow yamldoc.Duration `yaml:"reopen_window"`
	// ResolveAfter is how long all strong occurrences of an incident must have
	// been clear before it resolves by itself.
	ResolveAfter yamldoc.Duration `yaml:"resolve_after"`
	// FlapChanges is how many times an occurrence may start, stop or lose its
	// data within FlapWindow before it counts as flapping.
	FlapChanges int `yaml:"flap_changes"`
	// FlapWindow is the time over which FlapChanges are counted.
	FlapWindow yamldoc.Duration `yaml:"flap_window"`
	// FlapQuiet is how long a flapping occurrence must stand still before it is
	// believed again.
	FlapQuiet yamldoc.Duration `yaml:"flap_quiet"`
	// StormIncidents is how many incidents may open within a minute; further
	// ones are folded into one incident for all of them.
	StormIncidents int `yaml:"storm_incidents"`
	// GatherCount is how many distinct strong anomalies of one service open an
	// incident when none of them is a symptom.
	GatherCount int `yaml:"gather_count"`
	// GatherWindow is the time within which those anomalies must be seen.
	GatherWindow yamldoc.Duration `yaml:"gather_window"`
	// MaxLate is how old a sample may be, when it arrives, for its anomaly still
	// to open or change an incident. Older ones are learned from and logged, so
	// that history which is written later pages nobody.
	MaxLate yamldoc.Duration `yaml:"max_late"`
	// StrongScore is the score from which the anomaly of a signal in its bad
	// direction is strong.
	StrongScore float64 `yaml:"strong_score"`
	// RawStrongScore is the same for series that are not signals.
	RawStrongScore float64 `yaml:"raw_strong_score"`
}

// DefaultConfig returns the settings that need no file.
func DefaultConfig() Config {
	return Config{
		ReopenWindow:   yamldoc.Duration(30 * time.Minute),
		ResolveAfter:   yamldoc.Duration(5 * time.Minute),
		FlapChanges:    4,
		FlapWindow:     yamldoc.Duration(time.Hour),
		FlapQuiet:      yamldoc.Duration(30 * time.Minute),
		StormIncidents: 20,
		GatherCount:    3,
		GatherWindow:   yamldoc.Duration(2 * time.Minute),
		MaxLate:        yamldoc.Duration(15 * time.Minute),
		StrongScore:    0.999,
		RawStrongScore: 0.99999,
	}
}

// Validate reports every setting that cannot work, each with its path, what was
// wanted and what was got.
func (c Config) Validate(report func(path, format string, args ...any)) {
	for _, d := range []struct {
		path     string
		got      yamldoc.Duration
		min, max time.Duration
	}{
		{"reopen_window", c.ReopenWindow, 0, 24 * time.Hour},
		{"resolve_after", c.ResolveAfter, 0, 24 * time.Hour},
		{"flap_window", c.FlapWindow, time.Minute, 24 * time.Hour},
		{"flap_quiet", c.FlapQuiet, time.Minute, 24 * time.Hour},
		{"max_late", c.MaxLate, time.Minute, 365 * 24 * time.Hour},
		{"gather_window", c.GatherWindow, time.Second, parkedFor},
	} {
		if got := time.Duration(d.got); got < d.min || got > d.max {
			report(d.path, "want a duration from %s to %s, got %s", d.min, d.max, got)
		}
	}
	if c.FlapChanges < 3 || c.FlapChanges > 100 {
		report("flap_changes", "want a number from 3 to 100, got %d", c.FlapChanges)
	}
	if c.StormIncidents < 1 || c.StormIncidents > 1000 {
		report("storm_incidents", "want a number from 1 to 1000, got %d", c.StormIncidents)
	}
	if c.GatherCount < 2 || c.GatherCount > maxParkedPerService {
		report("gather_count", "want a number from 2 to %d, got %d", maxParkedPerService, c.GatherCount)
	}
	// The negation also refuses NaN.
	if !(c.StrongScore > 0 && c.StrongScore <= 1) {
		report("strong_score", "want a score above 0 and at most 1, got %v", c.StrongScore)
	}
	if !(c.RawStrongScore >= c.StrongScore && c.RawStrongScore <= 1) {
		report("raw_strong_score", "want a score from strong_score (%v) to 1, got %v", c.StrongScore, c.RawStrongScore)
	}
}
