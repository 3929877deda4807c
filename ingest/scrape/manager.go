package scrape

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	promconfig "github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	// The kinds of discovery that are built in, beside static_configs. They
	// register themselves with the loader of the configuration.
	_ "github.com/prometheus/prometheus/discovery/dns"
	_ "github.com/prometheus/prometheus/discovery/file"
	_ "github.com/prometheus/prometheus/discovery/http"
	promscrape "github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/logging"

	"github.com/tocsinhq/tocsin/internal/promfile"
)

// Options are what a Manager is made of.
type Options struct {
	Appendable storage.AppendableV2 // where samples go; see store.Writer.ScrapeAppendable
	// StartTimes says that Appendable keeps the times at which counters began.
	// OpenMetrics tells them by `_created` series, which are then not stored as
	// series of their own.
	StartTimes bool
	Logger     *slog.Logger
	Registerer prometheus.Registerer // for the metrics of scraping and discovery; must be fresh
	// ReloadInterval is how long what was discovered waits at most before it has an
	// effect, so that many changes have one; 0 is Prometheus' five seconds.
	ReloadInterval time.Duration
}

// Manager scrapes the jobs that it was given last. It is safe for concurrent use.
type Manager struct {
	scrape    *promscrape.Manager
	discovery *discovery.Manager
	cancel    context.CancelFunc // ends discovery
	log       *slog.Logger
	settle    time.Duration // from a change of the targets to its effect, at most

	mu    sync.Mutex
	jobs  Jobs
	state runState
	// leaving are jobs that were taken out and whose series are still to be marked
	// stale.
	leaving []leaving
	left    chan struct{} // holds a token when leaving has changed
}

type runState int

const (
	waiting runState = iota // Run has not begun
	running
	ended
)

// New returns a manager without jobs. It starts nothing; see Run.
func New(o Options) (*Manager, error) {
	if o.ReloadInterval == 0 {
		o.ReloadInterval = 5 * time.Second
	}
	s, err := promscrape.NewManager(&promscrape.Options{
		AppendMetadata:           true,
		ParseST:                  o.StartTimes,
		DiscoveryReloadInterval:  model.Duration(o.ReloadInterval),
		DiscoveryReloadOnStartup: true,
	}, o.Logger, logging.NewJSONFileLogger, nil, o.Appendable, o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("make scrape manager: %w", err)
	}
	sd, err := discovery.CreateAndRegisterSDMetrics(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("make discovery: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := discovery.NewManager(ctx, o.Logger, o.Registerer, sd, discovery.Name("scrape"), discovery.Updatert(o.ReloadInterval))
	if d == nil { // its reason is in the log
		cancel()
		return nil, errors.New("make discovery: its metrics could not be registered")
	}
	return &Manager{scrape: s, discovery: d, cancel: cancel, log: o.Logger, settle: 2 * o.ReloadInterval, left: make(chan struct{}, 1)}, nil
}

// Apply makes jobs the ones that are scraped. Targets of jobs that stay the same
// are not disturbed; series of targets and jobs that go are marked stale. On an
// error the jobs before stay. Before Run it only remembers the jobs.
func (m *Manager) Apply(jobs Jobs) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == running {
		was := m.leaving
		m.leaving = m.leave(jobs, time.Now())
		if err := m.apply(jobs); err != nil {
			m.leaving = was
			return errors.Join(err, m.apply(m.jobs))
		}
		select {
		case m.left <- struct{}{}:
		default: // Run looks at them soon anyway
		}
	}
	m.jobs = jobs
	return nil
}

func (m *Manager) apply(jobs Jobs) error {
	c := promfile.Empty()
	c.GlobalConfig.ExternalLabels = jobs.external
	c.ScrapeConfigs = slices.Clone(jobs.configs)
	targets := make(map[string]discovery.Configs, len(jobs.configs)+len(m.leaving))
	for _, job := range jobs.configs {
		targets[job.JobName] = job.ServiceDiscoveryConfigs
	}
	for _, l := range m.leaving {
		c.ScrapeConfigs = append(c.ScrapeConfigs, l.job)
		targets[l.job.JobName] = nil // no targets
	}
	// Discovery comes second: what it finds is for jobs that are known.
	if err := m.scrape.ApplyConfig(c); err != nil {
		return fmt.Errorf("apply scrape jobs: %w", err)
	}
	if err := m.discovery.ApplyConfig(targets); err != nil {
		return fmt.Errorf("apply discovery of targets: %w", err)
	}
	return nil
}

// Run discovers and scrapes until ctx ends. It can run once. When it returns all
// scrapes have ended; what was scraped before is committed.
func (m *Manager) Run(ctx context.Context) error {
	defer m.cancel()
	m.mu.Lock()
	if m.state != waiting {
		m.mu.Unlock()
		return errors.New("run scraping: it has run already")
	}
	m.state = running
	err := m.apply(m.jobs)
	m.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() { _ = m.discovery.Run() }) // returns why its context ended
	wg.Go(func() { _ = m.scrape.Run(m.discovery.SyncCh()) })
	if err == nil {
		m.dismiss(ctx)
	}
	m.mu.Lock()
	m.state = ended
	m.cancel()
	m.scrape.Stop()
	m.mu.Unlock()
	wg.Wait()
	return err
}

// Get returns Prometheus' scrape manager, which knows the metadata of what is
// scraped; the error is always nil. It is what remote.ReadyScrapeManager wants.
func (m *Manager) Get() (*promscrape.Manager, error) { return m.scrape, nil }

// TargetsActive returns the targets that are scraped, by job.
func (m *Manager) TargetsActive() map[string][]*promscrape.Target { return m.scrape.TargetsActive() }

// TargetsDropped returns targets that relabelling dropped, by job, at most
// keep_dropped_targets of each.
func (m *Manager) TargetsDropped() map[string][]*promscrape.Target { return m.scrape.TargetsDropped() }

// TargetsDroppedCounts returns how many targets relabelling dropped, by job.
func (m *Manager) TargetsDroppedCounts() map[string]int { return m.scrape.TargetsDroppedCounts() }

// ScrapePoolConfig returns the configuration of a job, or an error when there is
// no such job. The caller must not change it.
func (m *Manager) ScrapePoolConfig(job string) (*promconfig.ScrapeConfig, error) {
	return m.scrape.ScrapePoolConfig(job)
}

// ScrapePools returns the names of the jobs in alphabetical order.
func (m *Manager) ScrapePools() []string {
	names := m.scrape.ScrapePools()
	slices.Sort(names)
	return names
}
