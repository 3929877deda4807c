package store

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/compression"
)

// stripeSize is the number of locks over the series of the head. Eight times
// Prometheus' own: with a million series it saves a third of the time of an
// append and costs some megabytes.
const stripeSize = 131072

var walCompressions = map[string]compression.Type{
	"snappy": compression.Snappy,
	"zstd":   compression.Zstd,
	"none":   compression.None,
}

// TSDBOptions say where and how samples are kept.
type TSDBOptions struct {
	Dir        string                // created if need be
	Config     Config                // see Config.Validate
	Logger     *slog.Logger          // required
	Registerer prometheus.Registerer // for the TSDB's own metrics; nil keeps none
	// Lifecycle is told of series that are made, also while the log is replayed, and
	// of those that memory lets go; nil tells nobody. It must be quick.
	Lifecycle tsdb.SeriesLifecycleCallback
	// Reload is how often blocks that others put into the folder are looked for; 0
	// is each minute.
	Reload time.Duration
}

// OpenTSDB opens the sample store in its folder and replays its log, during
// which it does not return. The TSDB keeps its own lock file
// beside that of LockDir, so that another program pointed at the same folder
// is refused too. The caller closes the DB, after which a Writer on it must not
// be used.
func OpenTSDB(o TSDBOptions) (*tsdb.DB, error) {
	c, ok := walCompressions[o.Config.WALCompression]
	if !ok {
		return nil, fmt.Errorf("open sample store %q: wal_compression: want snappy, zstd or none, got %q", o.Dir, o.Config.WALCompression)
	}
	opts := tsdb.DefaultOptions()
	opts.StripeSize = stripeSize
	opts.WALCompression = c
	opts.EnableMetadataWALRecords = true // forwarding by remote write 2.0 takes types and helps from there
	// Isolation hides a commit under way from queries, at 55 bytes for each series
	// and a lookup for each sample. What a sender puts into one request is no
	// transaction of anybody's, and rules look at times that have passed.
	opts.IsolationDisabled = true
	opts.RetentionDuration = time.Duration(o.Config.Retention).Milliseconds()
	opts.MaxBytes = int64(o.Config.RetentionSize)
	opts.OutOfOrderTimeWindow = time.Duration(o.Config.OutOfOrderWindow).Milliseconds()
	opts.EnableExemplarStorage = o.Config.MaxExemplars > 0
	opts.MaxExemplars = int64(o.Config.MaxExemplars)
	if o.Config.StartTimestamps {
		// Only these encodings have room for them.
		opts.EnableSTStorage = true
		opts.FloatChunkEncoding = chunkenc.EncXOR2
		opts.EnableHistogramSTEncoding = true
	}
	opts.SeriesLifecycleCallback = o.Lifecycle
	if o.Reload > 0 {
		opts.BlockReloadInterval = o.Reload
	}
	// Blocks grow up to a tenth of the retention and at most to a month, as in
	// Prometheus, so that dropping one drops little too much.
	month := (31 * 24 * time.Hour).Milliseconds()
	opts.MaxBlockDuration = max(opts.MinBlockDuration, min(opts.RetentionDuration/10, month))
	db, err := tsdb.Open(o.Dir, o.Logger, o.Registerer, opts, nil)
	if err != nil {
		return nil, fmt.Errorf("open sample store %q: %w", o.Dir, err)
	}
	return db, nil
}
