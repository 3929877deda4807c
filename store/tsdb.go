package store

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/compression"
)

// Numbers of locks over the series that the base has in memory, which are few as long
// as floats go to the head. Where all go to the base it is eight times Prometheus' own:
// with a million series that saves a third of the time of an append and costs some
// megabytes.
const (
	stripeSize    = 4096
	stripeSizeAll = 131072
)

// blockSegment bounds one file of chunks of a block. Its space is claimed before it
// is written: with the TSDB's own half gigabyte a disk with less room than that can
// compact nothing and so never gets any back.
const blockSegment = 64 << 20

// logSegment bounds one file of the log, in which a record is hardly ever larger. The
// TSDB removes whole files, two thirds of them at a time, so that with its own 128 MiB
// the log of a small store never gets shorter; and a replay tells its progress by file.
const logSegment = 16 << 20

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
	// Block is the least time that a block spans, and so how long samples stay in
	// memory; 0 is the two hours of Prometheus. Short-lived stores, which are to make
	// no blocks at all, give more.
	Block time.Duration
	Stats *tsdb.DBStats    // tells how far the replay of the log is; nil: nobody asks
	Now   func() time.Time // for the time of damage; nil is time.Now
}

// blockRange returns the least time that a block spans, in milliseconds.
func (o TSDBOptions) blockRange() int64 {
	if o.Block > 0 {
		return o.Block.Milliseconds()
	}
	return tsdb.DefaultBlockDuration
}

func (o TSDBOptions) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// OpenTSDB opens the sample store in its folder and replays its log, during
// which it does not return. A damaged log does not keep it from opening: what can
// be read is recovered, the damaged files are kept in wal-corrupt, and
// DB.Damages tells what is lost. The TSDB keeps its own lock file
// beside that of LockDir, so that another program pointed at the same folder
// is refused too. The caller closes the DB, after which a Writer on it must not
// be used.
func OpenTSDB(o TSDBOptions) (*DB, error) {
	if _, ok := walCompressions[o.Config.WALCompression]; !ok {
		return nil, fmt.Errorf("open sample store %q: wal_compression: want snappy, zstd or none, got %q", o.Dir, o.Config.WALCompression)
	}
	d := &DB{o: o, reason: errClosed, sources: newSources(o.Config.Limits.MaxSeriesPerSource), own: prometheus.NewRegistry()}
	var err error
	if d.exemplars, err = newExemplars(o.Config, d.own); err != nil {
		return nil, fmt.Errorf("open sample store %q: exemplars: %w", o.Dir, err)
	}
	if err := d.open(func() {}); err != nil {
		return nil, err
	}
	if o.Registerer != nil {
		if err := o.Registerer.Register(d); err != nil {
			return nil, errors.Join(fmt.Errorf("open sample store %q: register its metrics: %w", o.Dir, err), d.Close())
		}
	}
	return d, nil
}

// openEmbedded opens the base of g, with metrics of its own for this opening.
func openEmbedded(o TSDBOptions, d *DB, g *generation) (*tsdb.DB, *embedded, error) {
	opts := tsdb.DefaultOptions()
	opts.StripeSize = stripeSize
	if !g.floats {
		opts.StripeSize = stripeSizeAll
	}
	opts.WALCompression = walCompressions[o.Config.WALCompression]
	opts.EnableMetadataWALRecords = true // forwarding by remote write 2.0 takes types and helps from there
	// Isolation hides a commit under way from queries, at 55 bytes for each series
	// and a lookup for each sample. What a sender puts into one request is no
	// transaction of anybody's, and rules look at times that have passed.
	opts.IsolationDisabled = true
	opts.RetentionDuration = time.Duration(o.Config.Retention).Milliseconds()
	opts.MaxBytes = int64(o.Config.RetentionSize)
	opts.OutOfOrderTimeWindow = o.Config.outOfOrderMillis()
	if o.Config.MaxExemplars > 0 {
		old, err := fromBefore(o.Dir)
		if err != nil {
			return nil, nil, err
		}
		opts.EnableExemplarStorage = old // its log may have exemplars
		opts.MaxExemplars = int64(o.Config.MaxExemplars)
	}
	if o.Config.StartTimestamps {
		// Only these encodings have room for them.
		opts.EnableSTStorage = true
		opts.FloatChunkEncoding = chunkenc.EncXOR2
		opts.EnableHistogramSTEncoding = true
	}
	opts.SeriesLifecycleCallback = newBaseLife(g, d.sources, func() { d.youth.add(o.now()) }, o.Lifecycle)
	if o.Reload > 0 {
		opts.BlockReloadInterval = o.Reload
	}
	opts.MinBlockDuration = g.blockRange
	// Blocks grow up to a tenth of the retention and at most to a month, as in
	// Prometheus, so that dropping one drops little too much.
	month := (31 * 24 * time.Hour).Milliseconds()
	opts.MaxBlockDuration = max(opts.MinBlockDuration, min(opts.RetentionDuration/10, month))
	opts.MaxBlockChunkSegmentSize = blockSegment
	opts.WALSegmentSize = logSegment
	parts := &embedded{registry: prometheus.NewRegistry(), added: map[string]prometheus.Collector{}, cancel: func() {}, g: g}
	opts.NewCompactorFunc = parts.newCompactor
	db, err := tsdb.Open(o.Dir, o.Logger, parts, opts, o.Stats)
	if err != nil {
		return nil, nil, err
	}
	g.opened.Store(db)
	return db, parts, nil
}
