package ingest

import (
	"time"

	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// LogConfig bounds log records and says who may send them.
type LogConfig struct {
	// MaxLine bounds the text of one record. What is longer is cut and ends in
	// "...[truncated]"; nothing is refused for its length.
	MaxLine yamldoc.Bytes `yaml:"max_line"`
	// MaxValue bounds the value of one label or attribute, which is cut likewise.
	MaxValue yamldoc.Bytes `yaml:"max_value"`
	// MaxAttributes bounds the labels and attributes of one record together. Those
	// beyond it are left out and counted; in an Elasticsearch bulk request the
	// document is refused.
	MaxAttributes int `yaml:"max_attributes"`
	// MaxFuture is how far the time of a record may lie ahead of its arrival. One that
	// lies further ahead gets the time of its arrival and keeps its own as an attribute.
	MaxFuture yamldoc.Duration `yaml:"max_future"`
	// JoinLines makes one record of the lines of a stack trace which came as many.
	JoinLines bool `yaml:"join_lines"`
	// Tokens are the keys of which senders of logs over HTTP must show one, in the
	// way of their protocol: a bearer token, the password of basic authentication, the key of
	// Splunk, Elasticsearch or Datadog. Without any, all may send.
	Tokens []yamldoc.Secret `yaml:"tokens"`
}

func defaultLogConfig() LogConfig {
	return LogConfig{
		MaxLine:       256 << 10,
		MaxValue:      32 << 10,
		MaxAttributes: 1000,
		MaxFuture:     yamldoc.Duration(time.Hour),
		JoinLines:     true,
	}
}

const (
	leastLine  = 1 << 10
	mostLine   = 16 << 20
	leastToken = 8
)

func (c LogConfig) validate(report func(path, format string, args ...any)) {
	if c.MaxLine < leastLine || c.MaxLine > mostLine {
		report("max_line", "want 1KiB to 16MiB, got %s", c.MaxLine)
	}
	if c.MaxValue < 64 || c.MaxValue > mostLine {
		report("max_value", "want 64B to 16MiB, got %s", c.MaxValue)
	}
	if c.MaxAttributes < 16 || c.MaxAttributes > 10_000 {
		report("max_attributes", "want 16 to 10000, got %d", c.MaxAttributes)
	}
	if c.MaxFuture.Std() < time.Second {
		report("max_future", "want at least 1s, got %s", c.MaxFuture)
	}
	for _, t := range c.Tokens {
		if len(t.Reveal()) < leastToken {
			report("tokens", "want at least %d characters in each, got one of %d", leastToken, len(t.Reveal()))
		}
	}
}

// limits are those of a record as the decoders know them.
func (c LogConfig) limits() logline.Limits {
	return logline.Limits{Line: int(c.MaxLine), Value: int(c.MaxValue), Attributes: c.MaxAttributes}
}
