package statsd

import (
	"net"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says where statsd is listened on and what is kept of it.
type Config struct {
	// ListenAddress is where UDP and TCP are listened on, such as 127.0.0.1:8125.
	// Empty: not at all. Whoever reaches it can write; there is no authentication.
	ListenAddress string `yaml:"listen_address"`
	// FlushInterval is how often what came is stored.
	FlushInterval yamldoc.Duration `yaml:"flush_interval"`
	// ExpireAfter is how long a series without news is stored with its last value.
	ExpireAfter yamldoc.Duration `yaml:"expire_after"`
	// MaxSeries bounds the series that are kept; lines of further ones are refused
	// and counted until others expire.
	MaxSeries int `yaml:"max_series"`
	// Job is the label job of all series, by which they find their service if no tag
	// such as service names one.
	Job string `yaml:"job"`
}

// DefaultConfig returns statsd's own flush interval and no address.
func DefaultConfig() Config {
	return Config{
		FlushInterval: yamldoc.Duration(10 * time.Second),
		ExpireAfter:   yamldoc.Duration(time.Hour),
		MaxSeries:     10_000,
		Job:           "statsd",
	}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if c.ListenAddress != "" {
		if _, _, err := net.SplitHostPort(c.ListenAddress); err != nil {
			report("listen_address", "want host:port such as 127.0.0.1:8125, got %q", c.ListenAddress)
		}
	}
	if c.FlushInterval.Std() < time.Second {
		report("flush_interval", "want at least 1s, got %s", c.FlushInterval)
	}
	if c.ExpireAfter < c.FlushInterval {
		report("expire_after", "want at least flush_interval = %s, got %s", c.FlushInterval, c.ExpireAfter)
	}
	if c.MaxSeries < 1 {
		report("max_series", "want at least 1, got %d", c.MaxSeries)
	}
	if c.Job == "" {
		report("job", "want a name, got none")
	}
}
