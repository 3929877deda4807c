package logs

import (
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says how logs are kept and what is refused.
type Config struct {
	// Retention is how long records are kept, by their own time.
	Retention yamldoc.Duration `yaml:"retention"`
	// RetentionSize bounds the bytes of sealed records on disk; the oldest go first. 0 is no bound.
	RetentionSize yamldoc.Bytes `yaml:"retention_size"`
	// Durability says what an acknowledged record survives: process, that the daemon
	// dies, and after a second that the machine does; fsync, both at once, for the
	// price of one sync of the disk per group of requests.
	Durability string `yaml:"durability"`
	// Memory bounds the records that are not sealed yet. They are searched in memory and
	// lie in the write-ahead log, which is read again at a start.
	Memory yamldoc.Bytes `yaml:"memory"`
	// SealAfter is how long a record may wait in memory to be sealed with others.
	SealAfter yamldoc.Duration `yaml:"seal_after"`
	// MinFreeDisk is the free space of the disk below which nothing more is accepted,
	// or 1% of the disk if that is more.
	MinFreeDisk yamldoc.Bytes `yaml:"min_free_disk"`
	// Limits bound what one record may be.
	Limits Limits `yaml:"limits"`
	// Query bounds what one query may cost.
	Query QueryConfig `yaml:"query"`
	// Forward sends every record on to another log store.
	Forward ForwardConfig `yaml:"forward"`
	// Remote is another log store that answers queries instead of this one.
	Remote RemoteConfig `yaml:"remote"`
}

// Limits bound labels, text and times of incoming records.
type Limits struct {
	// MaxLineBytes bounds the text of a record; longer ones are refused.
	MaxLineBytes yamldoc.Bytes `yaml:"max_line_bytes"`
	// MaxStreamLabels is the number of labels of what wrote a record.
	MaxStreamLabels int `yaml:"max_stream_labels"`
	// MaxAttributes is the number of attributes of one record.
	MaxAttributes int `yaml:"max_attributes"`
	// MaxFieldBytes bounds names and values of labels and attributes.
	MaxFieldBytes yamldoc.Bytes `yaml:"max_field_bytes"`
	// MaxStreams is the number of streams in memory beyond which the labels of further
	// ones are kept as attributes of their records.
	MaxStreams int `yaml:"max_streams"`
	// MaxFuture is how far ahead of our clock a record may be.
	MaxFuture yamldoc.Duration `yaml:"max_future"`
}

// QueryConfig bounds the work of one query.
type QueryConfig struct {
	// Timeout is how long a query may run.
	Timeout yamldoc.Duration `yaml:"timeout"`
	// MaxLines is how many lines a query that is not streamed may ask for.
	MaxLines int `yaml:"max_lines"`
	// MaxSeries is how many series a metric query may make.
	MaxSeries int `yaml:"max_series"`
	// Memory bounds the lines that a query holds while it puts them into order.
	Memory yamldoc.Bytes `yaml:"memory"`
	// MaxConcurrent is how many queries run at a time; others wait for their turn.
	MaxConcurrent int `yaml:"max_concurrent"`
	// MaxTails is how many may follow the log at a time.
	MaxTails int `yaml:"max_tails"`
}

// What an acknowledged record survives.
const (
	DurabilityProcess = "process" // death of the process; loss of power a second later
	DurabilityFsync   = "fsync"   // loss of power
)

// DefaultConfig returns the settings of a machine that was given none.
func DefaultConfig() Config {
	return Config{
		Retention:   yamldoc.Duration(15 * 24 * time.Hour),
		Durability:  DurabilityProcess,
		Memory:      128 << 20,
		SealAfter:   yamldoc.Duration(5 * time.Minute),
		MinFreeDisk: 64 << 20,
		Limits: Limits{
			MaxLineBytes: 256 << 10, MaxStreamLabels: 64, MaxAttributes: 256, MaxFieldBytes: 32 << 10,
			MaxStreams: 10_000, MaxFuture: yamldoc.Duration(10 * time.Minute),
		},
		Query: QueryConfig{
			Timeout: yamldoc.Duration(30 * time.Second), MaxLines: 5000, MaxSeries: 2000, Memory: 256 << 20,
			MaxConcurrent: 4, MaxTails: 20,
		},
		Forward: DefaultForwardConfig(),
		Remote:  DefaultRemoteConfig(),
	}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if time.Duration(c.Retention) < time.Hour {
		report("retention", "want at least 1h, got %s", c.Retention)
	}
	if c.RetentionSize < 0 {
		report("retention_size", "want 0 (no bound) or more, got %s", c.RetentionSize)
	}
	if c.Durability != DurabilityProcess && c.Durability != DurabilityFsync {
		report("durability", "want process or fsync, got %q", c.Durability)
	}
	if c.Memory < minMemory {
		report("memory", "want at least %s, got %s", yamldoc.Bytes(minMemory), c.Memory)
	}
	if s := time.Duration(c.SealAfter); s < time.Second || s > time.Hour {
		report("seal_after", "want 1s to 1h, got %s", c.SealAfter)
	}
	if c.MinFreeDisk < 0 {
		report("min_free_disk", "want 0 or more, got %s", c.MinFreeDisk)
	}
	c.Limits.validate(yamldoc.Under(report, "limits"))
	c.Query.validate(yamldoc.Under(report, "query"))
	c.Forward.validate(yamldoc.Under(report, "forward"))
	c.Remote.validate(yamldoc.Under(report, "remote"))
}

func (l Limits) validate(report func(path, format string, args ...any)) {
	if l.MaxLineBytes < 1<<10 || l.MaxLineBytes > maxLine {
		report("max_line_bytes", "want 1KiB to %s, got %s", yamldoc.Bytes(maxLine), l.MaxLineBytes)
	}
	if l.MaxStreamLabels < 1 || l.MaxStreamLabels > 1024 {
		report("max_stream_labels", "want 1 to 1024, got %d", l.MaxStreamLabels)
	}
	if l.MaxAttributes < 0 || l.MaxAttributes > 4096 {
		report("max_attributes", "want 0 to 4096, got %d", l.MaxAttributes)
	}
	if l.MaxFieldBytes < 64 || l.MaxFieldBytes > maxLine {
		report("max_field_bytes", "want 64B to %s, got %s", yamldoc.Bytes(maxLine), l.MaxFieldBytes)
	}
	if l.MaxStreams < 1 {
		report("max_streams", "want at least 1, got %d", l.MaxStreams)
	}
	if l.MaxFuture < 0 {
		report("max_future", "want 0s or more, got %s", l.MaxFuture)
	}
}

func (q QueryConfig) validate(report func(path, format string, args ...any)) {
	if q.Timeout <= 0 {
		report("timeout", "want a positive duration, got %s", q.Timeout)
	}
	if q.Memory < 1<<20 {
		report("memory", "want at least 1MiB, got %s", q.Memory)
	}
	for _, x := range []struct {
		path string
		got  int
	}{{"max_lines", q.MaxLines}, {"max_series", q.MaxSeries}, {"max_concurrent", q.MaxConcurrent}, {"max_tails", q.MaxTails}} {
		if x.got < 1 {
			report(x.path, "want at least 1, got %d", x.got)
		}
	}
}

const (
	minMemory = 16 << 20
	maxLine   = 4 << 20 // of all that one record holds
)
