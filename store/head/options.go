package head

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"
)

// ID numbers a series within one opening of a Head. 0 is none. An ID is given once
// and never again, so that IDs grow with the age of series.
type ID uint32

// Sample is a value of a series. Tag is the caller's own and not looked at.
type Sample struct {
	ID  ID
	Tag uint32
	T   int64 // ms since 1970
	V   float64
}

// Options say where and how a Head keeps its samples.
type Options struct {
	Dir         string // made if need be; log in Dir/wal, full chunks in Dir/chunks
	Logger      *slog.Logger
	Registerer  prometheus.Registerer // for metrics of the log; nil keeps none
	BlockRange  int64                 // ms that a block spans; no chunk crosses its borders
	Compression compression.Type      // of the log
	SegmentSize int                   // of the log, in bytes
	// Lifecycle is told of series that are made, also while the log is replayed, and
	// of those that are dropped; nil tells nobody.
	Lifecycle tsdb.SeriesLifecycleCallback
	// Exemplar is given each exemplar that the log has; nil drops them.
	Exemplar func(ls labels.Labels, e exemplar.Exemplar)
	// Exemplars hands over those that an image is to keep, oldest first, and returns the
	// error of do if there is one. Exemplar is given them after a start, and may be given
	// some of them again when the log has them too. Nil: an image has none, and those
	// that were logged before it are lost at the start.
	Exemplars func(do func(ls labels.Labels, e exemplar.Exemplar) error) error
	// Overtaken is given samples of the log that stand behind newer ones of their series,
	// from several goroutines, so that whoever keeps late samples keeps them too; nil
	// drops them. They are few: two commits at once must have brought the series.
	Overtaken func(ls labels.Labels, t int64, v float64)
	// Progress is told how many segments of the log have been read, none at first; nil
	// tells nobody.
	Progress func(segment, last int)
	// InBlocks is the time before which samples may be in blocks as far as the caller knows,
	// beside what the head's newest sample accounts for: what a head notes of itself cannot
	// be later than both. It is not looked at with ReadOnly.
	InBlocks int64
	// ReadOnly reads image and log, also while another process writes them, and changes
	// nothing in Dir.
	ReadOnly bool
}

// logger returns one also if none was given.
func (o *Options) logger() *slog.Logger {
	if o.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Logger
}

// Transaction is what is committed at once.
type Transaction struct {
	Samples   []Sample   // of one series in order of time
	Exemplars []Exemplar // only logged, for those who read the log; whoever commits keeps them
	Metadata  []Metadata // only logged, when they differ from what was logged last
}

// Exemplar is an exemplar of a series.
type Exemplar struct {
	ID ID
	exemplar.Exemplar
}

// Metadata describes a series.
type Metadata struct {
	ID ID
	metadata.Metadata
}
