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
	// AttachAffinity is how closely related something odd must be to an incident
	// to become part of it, from 0 to 1: 0.35 for nearness in time, 0.30 for being
	// the same service or on a call path with it, 0.20 for rare labels in common
	// and 0.15 for having been odd together before.
	AttachAffinity float64 `yaml:"attach_affinity"`
	// AttachTau is the time after the last strong report of an incident at which
	// nearness in time has fallen to 37 %.
	AttachTau yamldoc.Duration `yaml:"attach_tau"`
	// MergeAffinity is the affinity from which two incidents with the same first
	// suspect become one, if it is found in two looks.
	MergeAffinity float64 `yaml:"merge_affinity"`
	// MaxAge is how long an incident takes in what it did not know; later things
	// that belong to it open a successor that is linked to it.
	MaxAge yamldoc.Duration `yaml:"max_age"`
	// ExpireAfter is how long everything that is still wrong with an incident must
	// have been without data for the incident to expire.
	ExpireAfter yamldoc.Duration `yaml:"expire_after"`
	// SeverityCooldown is how long nothing so severe must have fired for the
	// severity of an incident to fall to that of what still fires.
	SeverityCooldown yamldoc.Duration `yaml:"severity_cooldown"`
	// FlapChanges is how many times an occurrence may start, stop or lose its
	// data before it counts as flapping. A change counts for less as time passes.
	FlapChanges int `yaml:"flap_changes"`
	// FlapWindow is the time in which a change comes to count for half.
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
		AttachAffinity: 0.5,
		AttachTau:      yamldoc.Duration(90 * time.Second),
		MergeAffinity:  0.7,
		MaxAge:         yamldoc.Duration(6 * time.Hour),
		ExpireAfter:    yamldoc.Duration(72 * time.Hour),

		SeverityCooldown: yamldoc.Duration(30 * time.Minute),

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
		{"attach_tau", c.AttachTau, time.Second, 24 * time.Hour},
		{"max_age", c.MaxAge, 10 * time.Minute, 365 * 24 * time.Hour},
		{"expire_after", c.ExpireAfter, time.Minute, 365 * 24 * time.Hour},
		{"severity_cooldown", c.SeverityCooldown, 0, 24 * time.Hour},
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
	// The negations also refuse NaN.
	if !(c.AttachAffinity > 0 && c.AttachAffinity <= 1) {
		report("attach_affinity", "want a number above 0 and at most 1, got %v", c.AttachAffinity)
	}
	if !(c.MergeAffinity >= c.AttachAffinity && c.MergeAffinity <= 1) {
		report("merge_affinity", "want a number from attach_affinity (%v) to 1, got %v", c.AttachAffinity, c.MergeAffinity)
	}
	if !(c.StrongScore > 0 && c.StrongScore <= 1) {
		report("strong_score", "want a score above 0 and at most 1, got %v", c.StrongScore)
	}
	if !(c.RawStrongScore >= c.StrongScore && c.RawStrongScore <= 1) {
		report("raw_strong_score", "want a score from strong_score (%v) to 1, got %v", c.StrongScore, c.RawStrongScore)
	}
}
