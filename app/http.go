package app

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/notify/slack"
	"github.com/tocsinhq/tocsin/notify/window"
	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/amapi"
	"github.com/tocsinhq/tocsin/web/logapi"
	"github.com/tocsinhq/tocsin/web/promapi"
)

// promVersion is the release whose query engine and API are built in; clients
// such as Grafana choose their features by it.
const promVersion = "3.16.0"

// promBuild is what Prometheus' clients are told of the program.
func (a *App) promBuild() promapi.Build {
	return promapi.Build{Version: promVersion, Revision: "tocsin-" + a.opts.Version, GoVersion: runtime.Version()}
}

// serverParts are what lives as long as the process although the handler around
// them is made anew by every reload.
type serverParts struct {
	broker    *web.Broker
	prom      http.Handler
	receivers receivers
	rates     *rateMeter
	slack     *slack.Actions // nil: no channel has buttons

	alertmanager *amapi.Handler
	loki         http.Handler
	logs         *logapi.Own
}

// newServerParts builds them on an open core.
func (a *App) newServerParts(c *Core) (serverParts, error) {
	cfg := a.loaded.config
	am, err := amapi.New(amapi.Options{
		Router: c.router, Silences: c.silences, Config: cfg.Alertmanager, Registry: a.registry, Metrics: a.set, Logger: a.log, Now: c.now, Version: a.opts.Version,
		Changed: c.silencesChanged,
	})
	if err != nil {
		return serverParts{}, err
	}
	ways, err := a.newReceivers(c)
	if err != nil {
		return serverParts{}, err
	}
	loki, own := a.newLogQueries(c)
	return serverParts{
		alertmanager: am,
		broker:       web.NewBroker(webEvents{c.incidents}, a.set, a.log),
		rates:        &rateMeter{now: c.now},
		receivers:    ways,
		loki:         loki,
		logs:         own,
		prom: promapi.New(promapi.Options{
			Engine: c.query, Storage: c.bands, Rules: c.engine, TSDB: c.tsdb, Exemplars: c.tsdb, Metadata: c.catalogue.Metadata, Targets: c.scrapes, ScrapePools: c.scrapes.ScrapePools,
			Config: a.configYAML, Runtime: a.runtimeInfo, Gatherer: a.registry, Metrics: a.set,
			Limits:   promapi.Limits{QueryBytes: int(cfg.Storage.Query.MaxLength), Concurrent: cfg.Storage.Query.MaxConcurrent, Queued: 10 * cfg.Storage.Query.MaxConcurrent},
			Registry: prometheus.WrapRegistererWithPrefix("tocsin_prometheus_", a.registry),
			Now:      c.now,
			Build:    a.promBuild(),
			Logger:   a.log.With("component", "promapi"),
			Flags: map[string]string{
				"config.file": a.opts.ConfigFile, "storage.path": a.opts.StoragePath, "web.listen-address": a.opts.ListenAddress,
			},
			ListenAddress: a.Address(), ExternalURL: c.externalURL,
			Lookback: cfg.Storage.Query.Lookback.Std(),
			Timeout:  cfg.Storage.Query.Timeout.Std(),
		}),
	}, nil
}

// serve makes the handler of the present configuration answer from now on.
func (a *App) serve(c *Core) {
	cfg := a.loaded.config
	var logs web.LogWays
	if ways := a.server.receivers.logs; ways != nil {
		logs = ways
	}
	a.server.slack = a.slackActions(c, cfg)
	a.server.receivers.changes.Use(cfg.Changes.Hooks)
	a.answer(web.NewServer(web.Options{
		Config:        cfg.Web,
		ListenAddress: a.Address(),
		Incidents:     webIncidents{c.incidents},
		Lives:         webIncidents{c.incidents},
		Shapes:        webIncidents{c.incidents},
		Broker:        a.server.broker,
		Changes:       webChanges{c},
		Stages:        c.StageReport,
		Anomalies:     webAnomalies{c.anomalies},
		Rankings:      c.rankings,
		Learning:      c,
		Deliveries:    webDeliveries{c},
		Notifications: c.notifications,
		Bands:         webBands{c},
		Budgets:       c.Budgets,
		Maintenance:   func() []window.Status { return c.router.Plan().Windows().List(c.now()) },
		SLOs:          c.Objectives,
		Forecasts:     webForecasts{c},
		Imports:       webImports{c},
		Cardinality:   c.Cardinality,
		Topology:      c.topologyView,
		Alerts:        c.engine.Alerts,
		AlertLog:      c.alertLog.Entries,
		Delivery:      c.Delivery,
		Reports:       a.reports(c),
		Status:        a.status,
		Reload:        a.Reload,
		Ready:         c.writer.Healthy,
		Readable:      c.tsdb.Readable,
		PromAPI:       a.server.prom,
		Version:       promapi.Version(a.promBuild()),
		Alertmanager:  a.server.alertmanager,
		Loki:          a.server.loki,
		LogQueries:    a.server.logs,
		Write:         a.server.receivers.write,
		OTLP:          otlp.Handler{Service: a.server.receivers.otlp},
		Traces:        otlp.TraceHandler{TraceService: a.server.receivers.spans},
		Push:          a.server.receivers.push,
		Logs:          logs,
		ChangeHooks:   a.server.receivers.changes,
		SentryAPI:     a.server.receivers.changes.Sentry(),
		Metrics:       a.metricsHandler(),
		Charts:        http.HandlerFunc(c.serveChart),
		SlackActions:  a.slackHandler(),
		Classify:      classify,
		Now:           c.now,
		Logger:        a.log,
		MetricSet:     a.set,
	}))
}

// metricsHandler writes the daemon's own metrics, those of the process, and then
// those of the embedded parts.
func (a *App) metricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		a.writeMetrics(w)
		families, err := a.registry.Gather()
		if err != nil {
			a.log.Warn("metrics of embedded parts are incomplete", "error", err)
		}
		enc := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeTextPlain))
		for _, f := range families {
			if err := enc.Encode(f); err != nil {
				return // the caller went away
			}
		}
	})
}
