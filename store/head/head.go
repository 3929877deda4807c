package head

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/wlog"
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
	// Progress is told how far the replay is; nil tells nobody.
	Progress func(segment, last int)
	// ReadOnly replays the log and changes nothing in Dir.
	ReadOnly bool
}

// Head is open until Close. All methods are safe for concurrent use.
type Head struct {
	o      Options
	floats *floats  // records and chunks
	index  *index   // labels
	log    *journal // nil if read-only

	// commits is held shared from Begin to End and alone while series are dropped, so
	// that whoever has begun may use the IDs it holds until it ends.
	commits sync.RWMutex

	minTime  atomic.Int64
	maxTime  atomic.Int64
	minValid atomic.Int64 // what is older is or will be in a block
}

// Open opens a Head and replays its log, during which it does not return.
func Open(o Options) (*Head, error) { panic("to be written") }

// Close closes the log. Readers must be closed before.
func (h *Head) Close() error { panic("to be written") }

// Begin keeps series from being dropped until End. A goroutine must not begin twice.
func (h *Head) Begin() { h.commits.RLock() }

// End is called once for each Begin.
func (h *Head) End() { h.commits.RUnlock() }

// Get returns the series of labels, or 0. To be called between Begin and End.
func (h *Head) Get(ls labels.Labels) ID { panic("to be written") }

// GetOrCreate returns the series of labels, made if need be. A new one is logged with
// the next commit of anybody. To be called between Begin and End.
func (h *Head) GetOrCreate(ls labels.Labels) (id ID, created bool, err error) { panic("to be written") }

// Labels returns the labels of a series, empty if it has been dropped.
func (h *Head) Labels(id ID) labels.Labels { panic("to be written") }

// Newest returns time and value of the newest sample, or false when there is none.
func (h *Head) Newest(id ID) (t int64, v float64, ok bool) { panic("to be written") }

// Ahead asks for the memory of a series that is about to be used. It is cheap and
// may be called for any ID.
func (h *Head) Ahead(id ID) { panic("to be written") }

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

// Commit writes the log and then stores the samples, between Begin and End. Samples
// that are not newer than the newest of their series by now, or older than MinValid,
// are not stored: their indices are appended to late, which is returned. An error means
// that the log could not be written, and that the Head must be closed and opened again.
func (h *Head) Commit(tx *Transaction, late []int) ([]int, error) { panic("to be written") }

// MinTime and MaxTime return the times of the oldest and the newest sample, or
// math.MaxInt64 and math.MinInt64 while there is none.
func (h *Head) MinTime() int64 { return h.minTime.Load() }

// MaxTime: see MinTime.
func (h *Head) MaxTime() int64 { return h.maxTime.Load() }

// MinValid returns the time before which samples are not taken, or math.MinInt64.
func (h *Head) MinValid() int64 { panic("to be written") }

// NumSeries returns how many series there are.
func (h *Head) NumSeries() int { panic("to be written") }

// Size returns the bytes of log and chunk files.
func (h *Head) Size() int64 { panic("to be written") }

// Stats returns figures about labels, as tsdb.Head.Stats does.
func (h *Head) Stats(label string, limit int) *tsdb.Stats { panic("to be written") }

// SetWriteNotified makes n be told of each write of the log.
func (h *Head) SetWriteNotified(n wlog.WriteNotified) { panic("to be written") }

// Block returns a reader of the samples from mint to maxt, both included.
func (h *Head) Block(mint, maxt int64) tsdb.BlockReader { panic("to be written") }

// Compactable returns the range [mint, maxt) that should become the next block, false
// while there is none: when samples span one and a half times BlockRange.
func (h *Head) Compactable() (mint, maxt int64, ok bool) { panic("to be written") }

// Freeze makes all samples older than maxt late from now on and waits for the commits
// under way, after which a reader of what is older sees it all. It comes before a block is
// written.
func (h *Head) Freeze(maxt int64) { panic("to be written") }

// Truncate drops samples older than maxt, which must be a border of BlockRange, and
// series that have none left, once they are safe in a block. dropped, if not nil, is
// called with the series that go, while no one is between Begin and End; it must not
// call the Head. Then the log is cut to what is still needed.
func (h *Head) Truncate(maxt int64, dropped func(gone []ID)) error { panic("to be written") }
