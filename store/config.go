package store

import (
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says how samples are kept, what is refused and how far queries may go.
type Config struct {
	// Retention is how long samples are kept, counted from the newest one.
	Retention yamldoc.Duration `yaml:"retention"`
	// RetentionSize bounds the bytes of compacted blocks; the oldest go first. 0 is no bound.
	RetentionSize yamldoc.Bytes `yaml:"retention_size"`
	// OutOfOrderWindow is how much older than the newest sample of the store a
	// sample may be and still be kept when its series already has a newer one.
	OutOfOrderWindow yamldoc.Duration `yaml:"out_of_order_window"`
	// WALCompression is the compression of the write-ahead log: snappy, zstd or none.
	WALCompression string `yaml:"wal_compression"`
	// Durability says what an acknowledged sample survives: process, that the daemon
	// dies, and after a second that the machine does; fsync, both at once, for the
	// price of one sync of the disk per group of requests.
	Durability string `yaml:"durability"`
	// MaxExemplars is the number of exemplars kept, of all series together; the oldest
	// make room. They take about 150 bytes each. 0 keeps none.
	MaxExemplars int `yaml:"max_exemplars"`
	// StartTimestamps stores with each sample when its counter began to count, if the
	// sender says so (remote write 2.0), so that rate() counts from there on. As in
	// Prometheus it is off unless asked for: older programs cannot read such blocks.
	StartTimestamps bool `yaml:"start_timestamps"`
	// MaxMetadata is the number of metric descriptions (type, unit and help) kept.
	MaxMetadata int `yaml:"max_metadata"`
	// MinFreeDisk is the free space of the disk below which nothing more is
	// accepted, or 1% of the disk if that is more.
	MinFreeDisk yamldoc.Bytes `yaml:"min_free_disk"`
	// Limits bound what one sender can do to the store.
	Limits Limits `yaml:"limits"`
	// Query bounds what one query may cost.
	Query QueryConfig `yaml:"query"`
}

// outOfOrderMillis is OutOfOrderWindow in milliseconds.
func (c Config) outOfOrderMillis() int64 { return time.Duration(c.OutOfOrderWindow).Milliseconds() }

// minMemory is what the process needs before it has a series.
const minMemory = 128 << 20

// What an acknowledged sample survives.
const (
	DurabilityProcess = "process" // death of the process; loss of power a second later
	DurabilityFsync   = "fsync"   // loss of power
)

// Limits bound labels, series and times of incoming samples.
type Limits struct {
	// MaxSeries is the number of series in memory at which no further ones are
	// created. Existing series are not affected.
	MaxSeries int `yaml:"max_series"`
	// MaxSeriesPerSource is the number of series in memory from one source (see
	// ingest.source_header) at which no further ones of it are created. 0 is no
	// limit but max_series.
	MaxSeriesPerSource int `yaml:"max_series_per_source"`
	// Memory is how much the process may use. When 85% of it is in use, with what
	// young series will take yet, no new series is created, at 95% nothing is accepted
	// until there is less. 0 takes the limit of the process: GOMEMLIMIT, or 80% of what
	// the container or the machine has.
	Memory yamldoc.Bytes `yaml:"memory"`
	// MaxLabels is the number of labels of one series, the name included.
	MaxLabels int `yaml:"max_labels"`
	// MaxLabelNameBytes bounds the name of a label.
	MaxLabelNameBytes int `yaml:"max_label_name_bytes"`
	// MaxLabelValueBytes bounds the value of a label, and so also a metric's name.
	MaxLabelValueBytes int `yaml:"max_label_value_bytes"`
	// MaxFuture is how far ahead of our clock a sample may be.
	MaxFuture yamldoc.Duration `yaml:"max_future"`
}

// QueryConfig bounds the work of one PromQL query.
type QueryConfig struct {
	// MaxSamples is how many samples a query may hold in memory.
	MaxSamples int `yaml:"max_samples"`
	// Timeout is how long a query may run.
	Timeout yamldoc.Duration `yaml:"timeout"`
	// Lookback is how old the last sample of a series may be to count as its present value.
	Lookback yamldoc.Duration `yaml:"lookback"`
	// SubqueryStep is the step of a subquery that names none, like [30m:]. In Prometheus it is global.evaluation_interval, which is a minute unless it is set.
	SubqueryStep yamldoc.Duration `yaml:"subquery_step"`
	// MaxLength is how long the text of a query may be.
	MaxLength yamldoc.Bytes `yaml:"max_length"`
	// MaxConcurrent is how many requests for samples and labels the API answers
	// at a time. Ten times as many wait up to 10s for their turn; beyond that the
	// answer is 429. Rules do not count.
	MaxConcurrent int `yaml:"max_concurrent"`
}

// DefaultConfig returns the settings of a machine that was given none.
func DefaultConfig() Config {
	return Config{
		Retention:        yamldoc.Duration(15 * 24 * time.Hour),
		OutOfOrderWindow: yamldoc.Duration(30 * time.Minute),
		WALCompression:   "snappy",
		Durability:       DurabilityProcess,
		MaxExemplars:     100_000,
		MaxMetadata:      50_000,
		MinFreeDisk:      64 << 20,
		Limits:           DefaultLimits(),
		Query: QueryConfig{
			MaxSamples:    50_000_000,
			Timeout:       yamldoc.Duration(30 * time.Second),
			Lookback:      yamldoc.Duration(5 * time.Minute),
			SubqueryStep:  yamldoc.Duration(subqueryStep),
			MaxLength:     128 << 10,
			MaxConcurrent: 20,
		},
	}
}

// DefaultLimits returns limits that no well-behaved sender meets.
func DefaultLimits() Limits {
	return Limits{
		MaxSeries:          2_000_000,
		MaxLabels:          128,
		MaxLabelNameBytes:  1 << 10,
		MaxLabelValueBytes: 8 << 10,
		MaxFuture:          yamldoc.Duration(10 * time.Minute),
	}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	// Below two hours a block would be deleted as soon as it is written.
	if time.Duration(c.Retention) < 2*time.Hour {
		report("retention", "want at least 2h, got %s", c.Retention)
	}
	if c.RetentionSize < 0 {
		report("retention_size", "want 0 (no bound) or more, got %s", c.RetentionSize)
	}
	// Without a window, samples of two requests that overtake each other would
	// be dropped after they were accepted.
	if time.Duration(c.OutOfOrderWindow) < time.Minute {
		report("out_of_order_window", "want at least 1m, got %s", c.OutOfOrderWindow)
	}
	if _, ok := walCompressions[c.WALCompression]; !ok {
		report("wal_compression", "want snappy, zstd or none, got %q", c.WALCompression)
	}
	if c.Durability != DurabilityProcess && c.Durability != DurabilityFsync {
		report("durability", "want process or fsync, got %q", c.Durability)
	}
	if c.MaxExemplars < 0 {
		report("max_exemplars", "want 0 (none) or more, got %d", c.MaxExemplars)
	}
	if c.MaxMetadata < 0 {
		report("max_metadata", "want 0 (none) or more, got %d", c.MaxMetadata)
	}
	if c.MinFreeDisk < 0 {
		report("min_free_disk", "want 0 or more, got %s", c.MinFreeDisk)
	}
	c.Limits.validate(func(path, format string, args ...any) { report("limits."+path, format, args...) })
	c.Query.validate(func(path, format string, args ...any) { report("query."+path, format, args...) })
}

func (l Limits) validate(report func(path, format string, args ...any)) {
	for _, x := range []struct {
		path      string
		got, want int
	}{
		{"max_series", l.MaxSeries, 1},
		{"max_labels", l.MaxLabels, 2},
		{"max_label_name_bytes", l.MaxLabelNameBytes, 8}, // __name__
		{"max_label_value_bytes", l.MaxLabelValueBytes, 1},
	} {
		if x.got < x.want {
			report(x.path, "want at least %d, got %d", x.want, x.got)
		}
	}
	if l.MaxSeriesPerSource < 0 {
		report("max_series_per_source", "want 0 (no limit) or more, got %d", l.MaxSeriesPerSource)
	}
	if l.Memory != 0 && l.Memory < minMemory {
		report("memory", "want 0 (the limit of the process) or at least %s, got %s", yamldoc.Bytes(minMemory), l.Memory)
	}
	if l.MaxFuture < 0 {
		report("max_future", "want 0s or more, got %s", l.MaxFuture)
	}
}

func (q QueryConfig) validate(report func(path, format string, args ...any)) {
	if q.MaxSamples < 1 {
		report("max_samples", "want at least 1, got %d", q.MaxSamples)
	}
	if q.Timeout <= 0 {
		report("timeout", "want a positive duration, got %s", q.Timeout)
	}
	if step := time.Duration(q.SubqueryStep); step < time.Second || step > 24*time.Hour {
		report("subquery_step", "want a duration from 1s to 1d, got %s", q.SubqueryStep)
	}
	if q.Lookback <= 0 {
		report("lookback", "want a positive duration, got %s", q.Lookback)
	}
	if q.MaxLength < 1<<10 {
		report("max_length", "want at least 1KiB, got %s", q.MaxLength)
	}
	if q.MaxConcurrent < 1 {
		report("max_concurrent", "want at least 1, got %d", q.MaxConcurrent)
	}
}
