package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/cardinality"
	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/scrape"
	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/alertmanager"
	"github.com/tocsinhq/tocsin/notify/silence"
	"github.com/tocsinhq/tocsin/notify/window"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/store/forward"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
	"github.com/tocsinhq/tocsin/warm"
)

// verdictQueue is how many verdicts may wait between the write path and those
// who read them. A storm of ten thousand opened episodes fits; what does not is
// counted.
const verdictQueue = 16384

// CoreOptions are what a Core is made of.
type CoreOptions struct {
	Config   config.Config
	RuleSet  rules.RuleSet
	Jobs     scrape.Jobs      // to be scraped
	Targets  forward.Targets  // to be sent to
	Stages   stage.Pipeline   // that deployments go through
	Dir      string           // the data folder; must exist
	Channels []notify.Channel // every channel that may be told
	// Alertmanager is the configuration of its routes and receivers; see ReadAlertmanager.
	Alertmanager amfile.Document
	// Receiver stands before each receiver of that configuration; nil: they tell
	// people themselves.
	Receiver    func(notify.Channel) notify.Channel
	ExternalURL string           // where links in messages begin, without a slash at the end
	Now         func() time.Time // the wall clock, or the story's
	Logger      *slog.Logger
	Metrics     *metrics.Set         // nil: a set of its own
	Registry    *prometheus.Registry // of the embedded parts; nil: one of its own
	BlockReload time.Duration        // see store.TSDBOptions
	Logs        ingest.LogSink       // where log records are kept; nil: in a store of its own
	Replay      *tsdb.DBStats        // told how far the replay of the log is; nil: nobody asks
	Virtual     Virtual              // of a core that is not live
	Stage       func(what string)    // told what the start is about to do; nil: nobody asks
	// CatchUpLater leaves it to the caller to call CatchUp, so that the core can be used
	// while the detector reads what came after its checkpoint.
	CatchUpLater bool
}

func (o CoreOptions) stage(what string) {
	if o.Stage != nil {
		o.Stage(what)
	}
}

// Core is everything that decides. It starts no goroutines of its own (the TSDB
// has some); its methods are safe for concurrent use.
type Core struct {
	dir            string
	log            *slog.Logger
	now            func() time.Time
	set            *metrics.Set
	registry       *prometheus.Registry
	metrics        *coreMetrics
	detectorConfig detector.Config
	incidentConfig incident.Config
	externalURL    string
	public         bool   // people and chats reach the daemon by externalURL
	chartKey       []byte // signs the addresses of pictures
	rankTimeout    time.Duration
	maxLate        time.Duration
	ruleInterval   time.Duration
	bandHistory    time.Duration
	owner          topology.Owner

	tsdb      *store.DB
	edges     blockEdges
	logSink   ingest.LogSink
	opened    time.Time // when this core was opened, by its clock
	logStore  *logStore
	state     *sql.DB
	bank      *detector.Bank
	starter   *warm.Starter
	damaged   string // why the checkpoint of the detector could not be used, in a sentence; "" when it could or there was none
	cold      bool   // there was no usable checkpoint; set before loops run
	imports   imports
	growth    *cardinality.Tracker
	lines     *logLines
	maxSeries int    // storage.limits.max_series
	minFree   uint64 // storage.min_free_disk
	observer  *observer
	gate      *gate // before it, for the writer
	caughtUp  int64 // time from which on CatchUp reads, ms
	writer    *store.Writer
	catalogue *store.Catalogue
	scrapes   *scrape.Manager
	forwarder *forward.Forwarder
	query     *store.QueryEngine
	bands     *bands.Queryable // the samples of tsdb, and what was expected of them
	engine    *rules.Engine
	incidents *incident.Manager
	anomalies *incident.AnomalyLog
	feed      *change.Feed
	inferring *inferring
	rankings  *rca.Store
	graphs    *graphs
	lessons   lessons // from people's words and from past incidents
	silences  *silence.Store
	router    *alertmanager.Router
	receiver  func(notify.Channel) notify.Channel // see CoreOptions
	alertLog  *journal.Log
	gaps      *journal.Gaps
	beats     beats
	absences  absences
	related   related

	stages  atomic.Pointer[stage.Pipeline] // as of the last reload
	windows atomic.Pointer[window.Set]     // maintenance, as of the last reload

	// Replaced as a whole by a reload; read under mu.
	mu     sync.RWMutex
	ranker *rca.Ranker
	outbox *notify.Outbox
	ranked map[string]time.Time // when each young incident was last ranked
	judged time.Time            // when changes were last looked at
	// reconciled is when routes and rules were last held against each other.
	reconciled time.Time

	// In use by scrapes and forwarder; changed by one reload at a time.
	jobs    scrape.Jobs
	targets forward.Targets

	consumeMu sync.Mutex // one reader of the verdict queue at a time
	respondMu sync.Mutex // one reader of the event log at a time
	charts    chartTime  // of the one who responds

	checkpointMu sync.Mutex
	wake         chan struct{}
	undo         undo
}

// NewCore opens the data folder and builds the parts in the order of a sample's
// way. It replays the write-ahead log and restores the detector, which can take
// seconds; see CoreOptions.CatchUpLater. If anything fails, what was opened is closed again.
func NewCore(ctx context.Context, o CoreOptions) (_ *Core, err error) {
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	c := &Core{
		dir: o.Dir, log: o.Logger, now: o.Now, set: o.Metrics, registry: o.Registry,
		logSink:        o.Logs,
		opened:         o.Now(),
		detectorConfig: o.Config.Detector,
		incidentConfig: o.Config.Incidents,
		externalURL:    o.ExternalURL,
		public:         o.Config.Web.ExternalURL != "",
		rankTimeout:    5 * time.Second,
		maxLate:        o.Config.Incidents.MaxLate.Std(),
		bandHistory:    o.Config.Bands.History.Std(),
		owner:          topology.NewOwner(o.Config.Services.Labels),
		ranked:         make(map[string]time.Time),
		wake:           make(chan struct{}, 1),
		imports:        imports{wake: make(chan struct{}, 1)},
		maxSeries:      o.Config.Storage.Limits.MaxSeries,
		minFree:        uint64(o.Config.Storage.MinFreeDisk),
		ruleInterval:   o.Config.Rules.Interval.Std(),
		receiver:       o.Receiver,
	}
	c.stages.Store(&o.Stages)
	c.metrics = newCoreMetrics(o.Metrics, c)
	defer func() {
		if err != nil {
			err = errors.Join(err, c.undo.run(o.Logger))
		}
	}()
	if c.chartKey, err = readChartKey(o.Dir); err != nil {
		return nil, err
	}
	have, err := c.openStores(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := c.openDeciders(ctx, o); err != nil {
		return nil, err
	}
	if err := c.restore(ctx, have); err != nil {
		return nil, err
	}
	if !o.CatchUpLater {
		if err := c.openGate(ctx, false); err != nil {
			return nil, err
		}
	}
	if err := c.resume(ctx); err != nil {
		return nil, err
	}
	if err := c.Beat(ctx, o.Now()); err != nil {
		return nil, err
	}
	return c, nil
}

// signal wakes the responder without waiting.
func (c *Core) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Write stores a batch and shows it to the detector; see store.Writer.Write.
func (c *Core) Write(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
	return c.writer.Write(ctx, b)
}

// Step moves the core to event time t: due rules are evaluated, silent series
// noticed, verdicts and alerts folded into incidents, events responded to and
// due messages delivered. Live, loops do the same with the wall clock.
func (c *Core) Step(ctx context.Context, t time.Time) error {
	if err := c.Beat(ctx, t); err != nil {
		return err
	}
	if err := c.StepTopology(ctx, t); err != nil {
		return err
	}
	if _, err := c.engine.EvalDue(ctx, t); err != nil {
		return fmt.Errorf("evaluate rules: %w", err)
	}
	c.Sweep(t)
	if err := c.Consume(ctx, t); err != nil {
		return err
	}
	if err := errors.Join(c.StepLogs(ctx, t), c.StepInferred(ctx, t)); err != nil {
		return err
	}
	if err := c.Revisit(ctx, t); err != nil {
		return err
	}
	if err := c.StepExpected(ctx, t); err != nil {
		return err
	}
	if err := c.incidents.Tick(ctx, t); err != nil {
		return err
	}
	if err := c.Rerank(ctx, t); err != nil {
		return err
	}
	if err := c.JudgeChanges(ctx, t); err != nil {
		return err
	}
	if err := c.StepRefit(ctx, t); err != nil {
		return err
	}
	if _, err := c.Respond(ctx); err != nil {
		return err
	}
	if err := errors.Join(c.reconcile(ctx, t), c.router.Tick(ctx, t)); err != nil {
		return fmt.Errorf("route alerts: %w", err)
	}
	if _, err := c.Outbox().Deliver(ctx, t); err != nil {
		return fmt.Errorf("deliver: %w", err)
	}
	return nil
}

// Close works off what is still on its way between the parts, writes a checkpoint
// and closes everything in reverse order of opening. Each step is named in the
// log; all are taken even if one goes wrong.
func (c *Core) Close(ctx context.Context, at time.Time) error {
	c.log.Info("stopping", "step", "write detector checkpoint")
	err := c.Checkpoint(ctx, at)
	c.log.Info("stopping", "step", "put last messages into the outbox")
	_, rerr := c.Respond(ctx)
	return errors.Join(err, rerr, c.saveCardinality(), c.saveLogWatch(), c.saveInferred(), c.saveTopology(), c.undo.run(c.log))
}

// Incidents returns the manager of incidents.
func (c *Core) Incidents() *incident.Manager { return c.incidents }

// Changes returns the feed of changes, with the verdicts on them.
func (c *Core) Changes() *change.Feed { return c.feed }

// Anomalies returns the log of anomaly episodes.
func (c *Core) Anomalies() *incident.AnomalyLog { return c.anomalies }

// Rankings returns the stored rankings of causes.
func (c *Core) Rankings() *rca.Store { return c.rankings }

// Alerts returns every alert that is firing or held, as last evaluated.
func (c *Core) Alerts() []rules.Alert { return c.engine.Alerts() }

// AlertLog returns the log of what alerts did.
func (c *Core) AlertLog() *journal.Log { return c.alertLog }

// Objectives returns how every service level objective stands now.
func (c *Core) Objectives(ctx context.Context) ([]rules.ObjectiveStatus, error) {
	return c.engine.Objectives(ctx, c.now())
}

// Outbox returns the outbox in use.
func (c *Core) Outbox() *notify.Outbox {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.outbox
}

// ensureDir creates the data folder, readable by its owner only.
func ensureDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	return nil
}
