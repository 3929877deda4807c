package web

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/notify/window"
	"github.com/tocsinhq/tocsin/web/logapi"

	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
)

// Options is everything the server stands on. All fields are required but
// those marked optional; app gives adapters over the real parts.
type Options struct {
	Config        Config
	ListenAddress string // as given to the listener; its host is an allowed name

	Incidents  Incidents
	Lives      IncidentLives
	Shapes     IncidentShapes
	Broker     *Broker
	Changes    Changes
	Anomalies  Anomalies
	Rankings   Rankings
	Deliveries Deliveries
	// Notifications reads the journal of notifications.
	Notifications Notifications
	Bands         Bands
	Budgets       func(ctx context.Context) ([]Budget, error) // of all services, the most spent first
	Maintenance   func() []window.Status                      // of all maintenance windows, now
	SLOs          func(ctx context.Context) ([]rules.ObjectiveStatus, error)
	// Stages says how versions went through the stages of deployment, the latest first.
	Stages    func(ctx context.Context, service string, from time.Time, limit int) (StageReport, error)
	Forecasts Forecasts
	Imports   Imports
	// Learning is what was learned from people and past incidents; optional.
	Learning Learning
	// Delivery computes the figures of delivery of a time.
	Delivery func(ctx context.Context, r DeliveryRequest) (delivery.Report, error)
	// Alerts returns the alerts of our rules that fire or are held.
	Alerts func() []rules.Alert
	// AlertLog returns the newest entries of the log of alerts that pass the filter,
	// oldest first.
	AlertLog func(ctx context.Context, f journal.Filter) ([]journal.Entry, error)
	// Topology says which service depends on which, at most Limit nodes.
	Topology func(ctx context.Context, r TopologyRequest) (Topology, error)
	// Cardinality says where series come from, at most Limit rows.
	Cardinality func(ctx context.Context, r CardinalityRequest) (Cardinality, error)

	Reports Reports // optional

	Status func(ctx context.Context) (Status, error)
	Reload func(ctx context.Context) error // nil error: the new configuration is live
	Ready  func() error                    // nil once data can be read and written, else what is awaited
	// Readable returns nil while data can be read, else what is awaited; nil: as Ready.
	Readable func() error
	Healthy  func() error // optional; nil while the process works

	PromAPI http.Handler // serves /api/v1/...
	Version http.Handler // optional; serves GET /version
	Write   http.Handler // serves POST /api/v1/write
	OTLP    http.Handler // serves POST /v1/metrics and /api/v1/otlp/v1/metrics
	Traces  http.Handler // optional; serves POST /v1/traces and /api/v1/otlp/v1/traces
	// Alertmanager serves Alertmanager's API at /api/v2/... and /alertmanager/...
	Alertmanager http.Handler
	Push         http.Handler // serves PUT, POST and DELETE /metrics/job/...
	Metrics      http.Handler // serves GET /metrics
	Logs         LogWays      // optional; receives logs at the paths of many protocols
	// ChangeHooks serves POST /api/v1/tocsin/changes/{provider}, what providers tell of changes. Optional.
	ChangeHooks http.Handler
	SentryAPI   http.Handler // optional; serves /api/0/..., the calls of sentry-cli
	Loki        http.Handler // optional; serves /loki/api/v1/..., but for push
	// LogQueries answers questions about logs; optional.
	LogQueries *logapi.Own
	// Charts serves GET /api/v1/tocsin/charts/{name}, the pictures of messages.
	// Optional: without it there are none.
	Charts http.Handler
	// SlackActions serves POST /api/v1/tocsin/slack/actions, what people press.
	// Optional: without it nobody listens.
	SlackActions http.Handler

	// Classify turns errors of the parts into errors with a Kind; it returns
	// nil for those it does not know. Optional: errors may also be *Error.
	Classify func(error) *Error

	UI        fs.FS            // optional; the built pages, by default the embedded ones
	Now       func() time.Time // optional; the wall clock in UTC by default
	Logger    *slog.Logger
	MetricSet *metrics.Set
}

// LogWays receives logs. What it takes it answers in the words of the protocol.
type LogWays interface {
	http.Handler
	// Takes reports whether a request is for it.
	Takes(r *http.Request) bool
}

type server struct {
	opts    Options
	metrics serverMetrics
	ui      *pages
}

// NewServer returns the handler of the whole HTTP surface. It starts nothing
// and may be called again with a new Config and the same MetricSet and Broker
// after a reload. It panics when a required option is missing, which is a
// mistake in the wiring and not in the configuration.
func NewServer(o Options) http.Handler {
	o.check()
	if o.Now == nil {
		o.Now = systemNow
	}
	for _, h := range []*http.Handler{&o.Charts, &o.SlackActions} {
		if *h == nil {
			*h = http.NotFoundHandler()
		}
	}
	if o.UI == nil {
		o.UI = embeddedUI()
	}
	s := &server{opts: o, metrics: newServerMetrics(o.MetricSet), ui: newPages(o.UI)}
	return s.observed(headed(s.hostChecked(s.sameOrigin(s.withLogs(s.mux())))))
}

// writePath takes samples by remote write.
const writePath = "/api/v1/write"

// withLogs lets the receivers of logs answer what they take. Most of their paths are
// those of other products, so they are not in the table of routes.
func (s *server) withLogs(next http.Handler) http.Handler {
	if s.opts.Logs == nil {
		return next
	}
	logs := s.whenReady(s.opts.Logs)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Samples, of which most requests are, need not be looked for in two tables.
		if r.URL.Path != writePath && s.opts.Logs.Takes(r) {
			logs.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (o Options) check() {
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"Incidents", o.Incidents == nil}, {"Lives", o.Lives == nil}, {"Shapes", o.Shapes == nil}, {"Broker", o.Broker == nil}, {"Changes", o.Changes == nil},
		{"Anomalies", o.Anomalies == nil}, {"Rankings", o.Rankings == nil}, {"Deliveries", o.Deliveries == nil}, {"Notifications", o.Notifications == nil},
		{"Bands", o.Bands == nil}, {"Budgets", o.Budgets == nil}, {"Alerts", o.Alerts == nil}, {"AlertLog", o.AlertLog == nil}, {"SLOs", o.SLOs == nil}, {"Maintenance", o.Maintenance == nil}, {"Stages", o.Stages == nil}, {"Forecasts", o.Forecasts == nil}, {"Imports", o.Imports == nil}, {"Cardinality", o.Cardinality == nil}, {"Topology", o.Topology == nil}, {"Delivery", o.Delivery == nil}, {"Status", o.Status == nil}, {"Reload", o.Reload == nil}, {"Ready", o.Ready == nil},
		{"PromAPI", o.PromAPI == nil}, {"Write", o.Write == nil}, {"OTLP", o.OTLP == nil}, {"Push", o.Push == nil}, {"Alertmanager", o.Alertmanager == nil}, {"Metrics", o.Metrics == nil},
		{"Logger", o.Logger == nil}, {"MetricSet", o.MetricSet == nil},
	} {
		if f.missing {
			panic("web: Options." + f.name + " is missing")
		}
	}
}

// mux builds the routing from the table. Each path also gets a pattern without
// a method, which answers 405 with the methods that the path has.
func (s *server) mux() *http.ServeMux {
	mux := http.NewServeMux()
	methods := make(map[string][]string)
	for _, rt := range s.routes() {
		h := rt.handler
		if h == nil {
			continue // of an optional part that is not there
		}
		if rt.data {
			h = s.whenReady(h)
		}
		mux.Handle(rt.method+" "+rt.path, h)
		methods[rt.path] = append(methods[rt.path], rt.method)
	}
	for path, allowed := range methods {
		if slices.Contains(allowed, http.MethodGet) {
			allowed = append(allowed, http.MethodHead)
		}
		slices.Sort(allowed)
		mux.HandleFunc(path, s.methodRefused(strings.Join(allowed, ", ")))
	}
	mux.HandleFunc("/api/v1/tocsin/", s.unknownPath)
	mux.HandleFunc("/api/", s.unknownPath)
	mux.HandleFunc("/-/", s.unknownPath)
	mux.HandleFunc("/v1/", s.unknownPath) // where exporters of traces and logs send to
	if s.opts.SentryAPI != nil {
		for _, path := range []string{"/api/0/{$}", "/api/0/organizations/", "/api/0/projects/"} {
			mux.Handle(path, s.whenReady(s.opts.SentryAPI))
		}
	}
	if s.opts.Loki != nil {
		mux.Handle("/loki/api/v1/", s.whenReady(s.opts.Loki))
	}
	mux.Handle("/api/v1/", s.whenReady(s.opts.PromAPI))
	mux.Handle("/federate", s.whenReady(s.opts.PromAPI))
	if s.opts.Version != nil {
		mux.Handle("GET /version", s.opts.Version)
	}
	mux.Handle("/api/v2/", s.whenReady(s.opts.Alertmanager))
	mux.Handle("/alertmanager/", s.whenReady(s.opts.Alertmanager))
	mux.HandleFunc("/", s.page) // "GET /" would conflict with the prefixes above
	return mux
}

func (s *server) methodRefused(allow string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		s.fail(w, r, &Error{Kind: KindMethod, Message: r.Method + " is not served here; want " + allow})
	}
}

func (s *server) unknownPath(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, &Error{Kind: KindNotFound, Message: "nothing is served at " + quoted(r.URL.Path) + "; GET /api/v1/tocsin/openapi.json lists what is"})
}

func quoted(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.Quote(s)
}
