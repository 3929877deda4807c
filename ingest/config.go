package ingest

import (
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config bounds what senders can make the receiver hold in memory.
type Config struct {
	// MaxBody bounds the body of one request as it comes, compressed.
	MaxBody yamldoc.Bytes `yaml:"max_body"`
	// MaxDecoded bounds the body of one request after decompression.
	MaxDecoded yamldoc.Bytes `yaml:"max_decoded"`
	// MaxInFlight bounds the bodies of all requests under way, compressed and
	// decompressed together. Above it requests are put off with 503.
	MaxInFlight yamldoc.Bytes `yaml:"max_in_flight"`
	// SourceHeader names the header whose value says whom a request is from, for the
	// limits of one source (storage.limits.max_series_per_source). Empty, or a
	// request without it: the address it comes from. Name one only if senders cannot
	// choose its value at will, or a proxy sets it.
	SourceHeader string `yaml:"source_header"`
	// BodyTimeout is how long the body of one request may take to arrive.
	BodyTimeout yamldoc.Duration `yaml:"body_timeout"`
	// Logs is about log records, whichever way they come.
	Logs LogConfig `yaml:"logs"`
}

// DefaultConfig returns limits that senders with default settings do not meet.
func DefaultConfig() Config {
	return Config{
		MaxBody:     16 << 20,
		MaxDecoded:  32 << 20,
		MaxInFlight: 256 << 20,
		BodyTimeout: yamldoc.Duration(30 * time.Second),
		Logs:        defaultLogConfig(),
	}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if c.MaxBody < 1 {
		report("max_body", "want at least 1 byte, got %s", c.MaxBody)
	}
	if c.MaxDecoded < 1 {
		report("max_decoded", "want at least 1 byte, got %s", c.MaxDecoded)
	}
	if sum := c.MaxBody + c.MaxDecoded; c.MaxInFlight < sum {
		report("max_in_flight", "want at least max_body + max_decoded = %s, or a large request could never pass, got %s", sum, c.MaxInFlight)
	}
	if c.BodyTimeout <= 0 {
		report("body_timeout", "want a positive duration, got %s", c.BodyTimeout)
	}
	c.Logs.validate(yamldoc.Under(report, "logs"))
}
