package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/configs"
	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/scrape"
	"github.com/tocsinhq/tocsin/ingest/syslog"
	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/channels"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/store/forward"
	"github.com/tocsinhq/tocsin/web"
)

// Options say how a daemon is started.
type Options struct {
	ConfigFile    string // empty: the embedded default
	ListenAddress string // host:port; port 0 takes a free one
	StoragePath   string // the data folder, made if need be
	Version       string
	Logger        *slog.Logger
	Console       io.Writer      // where console channels write
	Logs          ingest.LogSink // where log records are kept; nil: in a store of its own
	BlockReload   time.Duration  // how often blocks that were put into the store are looked for; 0 is each minute
}

// App is a daemon: a Core behind HTTP.
type App struct {
	opts     Options
	log      *slog.Logger
	set      *metrics.Set
	registry *prometheus.Registry
	listener net.Listener
	grpc     net.Listener // of OTLP; nil: not served
	statsd   statsdListeners
	syslog   syslog.Listeners
	handler  atomic.Pointer[http.Handler] // what answers now
	core     atomic.Pointer[Core]
	url      string // under which people reach the daemon; no reload changes it
	started  time.Time
	moved    atomic.Int64  // wall clock of the last turn of the clock loop, in milliseconds
	reloads  chan struct{} // asked for by RequestReload
	// restartOutbox holds a token when the core has another outbox than the one
	// that runs. A reload never waits for it to be taken: the one who runs
	// outboxes may have ended.
	restartOutbox chan struct{}
	undo          undo
	start         startProgress

	ending   chan struct{} // closed when the core is about to be closed
	stopping atomic.Bool   // told to end: no reload begins any more
	callers  sync.RWMutex  // held by those who use the stores from outside Run

	mu     sync.Mutex // over what a reload replaces
	loaded loaded
	last   web.ReloadStatus
	server serverParts
}

// loaded is a configuration with everything that it names, read and checked.
type loaded struct {
	config       config.Config
	rules        rules.RuleSet
	channels     []notify.Channel
	alertmanager amfile.Document
	jobs         scrape.Jobs
	targets      forward.Targets
	stages       stage.Pipeline
}

// New reads the configuration, takes the data folder and binds the listener. It
// starts no goroutines and does not open the stores, which can take a while and
// is Run's first act. When anything fails, what was taken is given back.
func New(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{
		opts: o, log: o.Logger, set: metrics.NewSet(), registry: prometheus.NewRegistry(),
		started: time.Now(), reloads: make(chan struct{}, 1), restartOutbox: make(chan struct{}, 1), ending: make(chan struct{}),
	}
	defer func() {
		if err != nil {
			err = store.AdviseRoom(errors.Join(err, a.undo.run(o.Logger)), o.StoragePath, a.loaded.config.Storage)
		}
	}()
	if a.loaded, err = a.load(); err != nil {
		return nil, err
	}
	if err := ensureDir(o.StoragePath); err != nil {
		return nil, err
	}
	release, err := store.LockDir(o.StoragePath)
	if err != nil {
		return nil, err
	}
	a.undo.add("release data folder", release)
	l, err := net.Listen("tcp", o.ListenAddress)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; is another daemon running? choose another --web.listen-address", o.ListenAddress, err)
	}
	a.listener = web.LimitListener(l, a.loaded.config.Web.MaxConnections)
	a.url = "http://" + a.Address()
	if u := a.loaded.config.Web.ExternalURL; u != "" {
		a.url = strings.TrimRight(u, "/")
	}
	a.bindRunbooks(&a.loaded)
	if err := a.checkLoop(ctx, a.loaded); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	// The server closes the listener first; closing it again is no fault.
	a.undo.add("close listener", func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	if err := a.listenReceivers(); err != nil {
		return nil, err
	}
	a.last = web.ReloadStatus{OK: true, At: a.started}
	a.start.begin(a.started)
	a.answer(a.startingHandler())
	return a, nil
}

// Address returns host:port of the listener.
func (a *App) Address() string { return a.listener.Addr().String() }

// URL returns the address under which people reach the daemon.
func (a *App) URL() string { return a.url }

// Core returns the running core, nil until the stores are open.
func (a *App) Core() *Core { return a.core.Load() }

// load reads the configuration and all that it names. It changes nothing.
func (a *App) load() (loaded, error) {
	l := loaded{config: config.Default()}
	base := "."
	if a.opts.ConfigFile != "" {
		base = filepath.Dir(a.opts.ConfigFile)
		c, errs := config.Load(a.opts.ConfigFile)
		if err := errs.Err(); err != nil {
			return loaded{}, fmt.Errorf("configuration:\n%w", err)
		}
		l.config = c
	}
	var err error
	if l.rules, err = ReadRules(l.config.Rules, base, a.opts.ConfigFile == ""); err != nil {
		return loaded{}, fmt.Errorf("rules:\n%w", err)
	}
	if l.channels, err = channels.Build(l.config.Notify, channels.Deps{Console: a.opts.Console, Silences: true}); err != nil {
		return loaded{}, fmt.Errorf("notify: %w", err)
	}
	if l.alertmanager, err = ReadAlertmanager(l.config, base); err != nil {
		return loaded{}, fmt.Errorf("alertmanager:\n%w", err)
	}
	if l.jobs, l.targets, err = ReadPrometheus(l.config, base); err != nil {
		return loaded{}, fmt.Errorf("scraping and forwarding:\n%w", err)
	}
	if l.stages, err = stage.Read(l.config.Changes.Feed.DeploymentStagesFiles, base); err != nil {
		return loaded{}, fmt.Errorf("deployment stages:\n%w", err)
	}
	return l, nil
}

// ReadRules reads the rule files of a configuration, relative ones from the
// folder base, and with embedded the alert rules that ship with the program.
func ReadRules(c rules.Config, base string, embedded bool) (rules.RuleSet, error) {
	set, err := rules.ReadRuleSet(c, base)
	if err != nil || !embedded {
		return set, err
	}
	f, errs := rules.ParseAlerts("embedded alerts.yml", configs.Alerts, set.Catalogue)
	if err := errs.Err(); err != nil {
		return set, err
	}
	for i := range f.Alerts {
		f.Alerts[i].Channels = nil // a daemon without a configuration has the console only
	}
	set.Alerts = append(set.Alerts, f)
	return set, nil
}

// answer makes h answer all requests from now on.
func (a *App) answer(h http.Handler) { a.handler.Store(&h) }

// ServeHTTP passes a request to what answers now. The stores stay open until the
// last request has ended, also one that outlived the drain: its context has ended
// then, and what it still reads must not be unmapped under it.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.callers.RLock()
	defer a.callers.RUnlock()
	(*a.handler.Load()).ServeHTTP(w, r)
}
