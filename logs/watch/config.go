package watch

import (
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says what is odd. One configuration serves all services.
type Config struct {
	// Learn is how long lines of a service must have come before anything is said of it. 10m to 7d.
	Learn yamldoc.Duration `yaml:"learn"`
	// Grace is how long after its end a minute is judged, for lines that come late. 0s to 10m.
	Grace yamldoc.Duration `yaml:"grace"`
	// FalseShare bounds the share of false discoveries among the templates of a service that
	// are called odd in a minute. 0.000001 to 0.1.
	FalseShare float64 `yaml:"false_share"`
	// RareAfter is how long a template must not have been seen for its return to be told. 1h to 90d.
	RareAfter yamldoc.Duration `yaml:"rare_after"`
	// Quiet is how long nothing must be odd for a finding to end. 1m to 1h.
	Quiet yamldoc.Duration `yaml:"quiet"`
	// Series is how many templates of a service are counted in series of their own; the others
	// are counted together. 0 to 100.
	Series int `yaml:"series"`
}

// DefaultConfig returns what a team starts with.
func DefaultConfig() Config {
	return Config{
		Learn: yamldoc.Duration(time.Hour), Grace: yamldoc.Duration(30 * time.Second), FalseShare: 0.001,
		RareAfter: yamldoc.Duration(7 * 24 * time.Hour), Quiet: yamldoc.Duration(10 * time.Minute), Series: 10,
	}
}

// Validate calls report for each setting that cannot work, with its name.
func (c Config) Validate(report func(path, format string, args ...any)) {
	span := func(name string, got yamldoc.Duration, low, high time.Duration) {
		if d := time.Duration(got); d < low || d > high {
			report(name, "want %s to %s, got %s", yamldoc.Duration(low), yamldoc.Duration(high), got)
		}
	}
	span("learn", c.Learn, 10*time.Minute, 7*24*time.Hour)
	span("grace", c.Grace, 0, 10*time.Minute)
	span("rare_after", c.RareAfter, time.Hour, 90*24*time.Hour)
	span("quiet", c.Quiet, time.Minute, time.Hour)
	if !(c.FalseShare >= 1e-6 && c.FalseShare <= 0.1) {
		report("false_share", "want 0.000001 to 0.1, got %v", c.FalseShare)
	}
	if c.Series < 0 || c.Series > 100 {
		report("series", "want 0 to 100, got %d", c.Series)
	}
}

// valid returns the first thing that is wrong.
func (c *Config) valid() (err error) {
	c.Validate(func(path, format string, args ...any) {
		if err == nil {
			err = fmt.Errorf("log watching: %s: "+format, append([]any{path}, args...)...)
		}
	})
	return err
}
