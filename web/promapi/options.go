package promapi

import (
	"log/slog"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"
)

// Rules lists what the rule engine runs now. Both calls are made per request.
type Rules interface {
	RuleGroups() []*rules.Group
	AlertingRules() []*rules.AlertingRule
}

// TSDB is a sample store as the status pages look at it. What it returns may be
// used until the answer is given.
type TSDB interface {
	Stats(label string, limit int) *tsdb.Stats
	Blocks() []*tsdb.Block
}

// Build is what /api/v1/status/buildinfo tells. Clients choose features by
// Version, which should therefore be the one of the Prometheus that is built in.
type Build struct {
	Version, Revision, Branch, User, Date, GoVersion string
}

// Options are what the API serves. Engine, Storage and Logger are required; what
// is left out is answered as a server answers that has none of it.
type Options struct {
	Engine  promql.QueryEngine
	Storage storage.SampleAndChunkQueryable
	Rules   Rules            // nil is none
	Now     func() time.Time // time of queries that name none; nil is time.Now
	Build   Build
	Logger  *slog.Logger
	Flags   map[string]string // for /api/v1/status/flags
	// ListenAddress is that of our own listener, and ExternalURL where people reach it. A
	// target on this machine is shown under the host of ExternalURL, as Prometheus does.
	// Empty are those of nobody: localhost.
	ListenAddress, ExternalURL string

	Lookback time.Duration // of the engine
	Timeout  time.Duration // of the engine
	Parser   parser.Parser // of the engine; nil is PromQL without experimental functions
	// Ready says whether samples can be read yet; nil is always. Until then
	// every request is answered with 503.
	Ready func() bool
	// Limits bound what one request and all requests together may ask; the zero
	// value is DefaultLimits.
	Limits Limits

	Registry prometheus.Registerer // for the API's own metrics; nil keeps none
	// Gatherer knows the TSDB's metrics, from which /api/v1/status/tsdb takes the
	// number of chunks; nil knows none.
	Gatherer prometheus.Gatherer
	Metrics  *metrics.Set // counts refused requests; nil counts for nobody

	// TSDB is what the pages below /api/v1/status/tsdb are about; nil leaves them out.
	TSDB TSDB
	// WALReplay says how far the log has been replayed; nil says that it has.
	WALReplay func() (tsdb.WALReplayStatus, error)
	// Exemplars answers exemplar queries; nil has none.
	Exemplars storage.ExemplarQueryable
	// Metadata returns what senders told of a metric, or with an empty name of
	// all metrics, at most limit of them if it is not negative. What targets of
	// scrapes tell is added to it. It is called per request and must be safe for
	// concurrent use; nil knows nothing.
	Metadata func(metric string, limit int) map[string][]metadata.Metadata
	// Targets and ScrapePools are those of the scraper; nil is none.
	Targets     apiv1.TargetRetriever
	ScrapePools func() []string
	// Config returns the running configuration as YAML with its secrets hidden;
	// nil is an empty one.
	Config func() string
	// Runtime is asked by /api/v1/status/runtimeinfo; nil tells of the process only.
	Runtime func() (apiv1.RuntimeInfo, error)
}

// Limits bound requests. A limit of 0 takes the value of DefaultLimits.
type Limits struct {
	// QueryBytes is the length of a query's text.
	QueryBytes int
	// Depth is how deep brackets may be nested in a query.
	Depth int
	// Concurrent is how many requests that read samples or labels run at a time.
	Concurrent int
	// Queued is how many more may wait for one of them to end, and QueueTime how
	// long. Beyond either the answer is 429.
	Queued    int
	QueueTime time.Duration
	// ReadSamples is how many samples one remote read of the unstreamed kind may return.
	ReadSamples int
	// Stall is how long a client may take to send the body of its request, and to take
	// each 64 KiB of an answer that has one of the places above.
	Stall time.Duration
}

// DefaultLimits returns limits that dashboards do not meet.
func DefaultLimits() Limits {
	return Limits{QueryBytes: 128 << 10, Depth: 256, Concurrent: 20, Queued: 200, QueueTime: 10 * time.Second, ReadSamples: 50_000_000, Stall: 30 * time.Second}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	for _, x := range []struct{ set, or *int }{
		{&l.QueryBytes, &d.QueryBytes}, {&l.Depth, &d.Depth}, {&l.Concurrent, &d.Concurrent}, {&l.Queued, &d.Queued}, {&l.ReadSamples, &d.ReadSamples},
	} {
		if *x.set == 0 {
			*x.set = *x.or
		}
	}
	if l.QueueTime == 0 {
		l.QueueTime = d.QueueTime
	}
	if l.Stall == 0 {
		l.Stall = d.Stall
	}
	return l
}
