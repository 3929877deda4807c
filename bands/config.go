package bands

import (
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config bounds what the bands of one query may cost.
type Config struct {
	// History is how much before the asked time is replayed, so that the detector
	// has learned what is normal. More than a week shows the weekly season too.
	// Range 1 hour to 60 days.
	History yamldoc.Duration `yaml:"history"`
	// MaxSeries is of how many series one query may ask the past bands; those of
	// the present are not bounded. Range 1 to 10,000.
	MaxSeries int `yaml:"max_series"`
	// MaxSamples is how many stored samples one query may replay. A million take
	// about a second. Range 1,000 to 1,000,000,000.
	MaxSamples int `yaml:"max_samples"`
}

// DefaultConfig returns bounds within which a query takes a second or two.
func DefaultConfig() Config {
	return Config{History: yamldoc.Duration(3 * 24 * time.Hour), MaxSeries: 100, MaxSamples: 2_000_000}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if h := c.History.Std(); h < time.Hour || h > 60*24*time.Hour {
		report("history", "want a duration from 1h to 60d, got %s", c.History)
	}
	if c.MaxSeries < 1 || c.MaxSeries > 10_000 {
		report("max_series", "want a number from 1 to 10000, got %d", c.MaxSeries)
	}
	if c.MaxSamples < 1000 || c.MaxSamples > 1_000_000_000 {
		report("max_samples", "want a number from 1000 to 1000000000, got %d", c.MaxSamples)
	}
}
