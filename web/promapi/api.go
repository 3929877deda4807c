package promapi

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/features"
	"github.com/prometheus/prometheus/util/notifications"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"
)

// prefix is where the API is mounted, which is part of its links.
const prefix = "/api/v1"

// Limits of remote read that nobody has needed to set.
const (
	readConcurrent = 1 << 20 // the handler's own gate counts them
	readFrameBytes = 1 << 20
)

// New returns the handler of all paths below /api/v1/, and of FederatePath. It answers unknown
// paths with 404, other methods with 405 and bodies other than forms with
// 415, all in Prometheus' JSON. Requests from other origins get no CORS
// headers. It is safe for concurrent use and starts no goroutines.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Ready == nil {
		o.Ready = func() bool { return true }
	}
	if o.Parser == nil {
		o.Parser = parser.NewParser(parser.Options{})
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Gatherer == nil {
		o.Gatherer = prometheus.NewRegistry()
	}
	o.fillWithNone()
	o.Limits = o.Limits.orDefault()
	router := route.New().WithPrefix(prefix)
	newAPI(o).Register(router)
	h := &handler{next: router, opts: o, refused: newRefusals(o.Metrics), gate: newGate(o.Limits), zip: newCompressor()}
	h.own = map[string]http.HandlerFunc{"/metadata": h.metadata, "/status/config": h.config, federate: h.federate}
	return h
}

// newAPI fills in the arguments of Prometheus' constructor; those for what is
// not mounted are empty.
func newAPI(o Options) *apiv1.API {
	return apiv1.NewAPI(
		timedEngine{o.Engine},
		o.Storage,
		nil, // appendable: writing has its own handler
		o.Exemplars,
		func(context.Context) apiv1.ScrapePoolsRetriever { return scrapePools(o.ScrapePools) },
		func(context.Context) apiv1.TargetRetriever { return o.Targets },
		func(context.Context) apiv1.AlertmanagerRetriever { return noAlertmanagers{} },
		func() config.Config { return config.DefaultConfig }, // of external labels, of which there are none
		o.Flags,
		globalURL(o),
		func(f http.HandlerFunc) http.HandlerFunc { return f }, // handler asks Ready
		tsdbStatus{db: o.TSDB, replay: o.WALReplay}, "",
		false,    // administration
		false, 0, // search
		o.Logger,
		func(context.Context) apiv1.RulesRetriever { return o.Rules },
		o.Limits.ReadSamples, readConcurrent, readFrameBytes,
		false, // agent
		nil,   // origins: the header never gets this far
		o.Runtime,
		o.Build.prometheus(),
		func() []notifications.Notification { return []notifications.Notification{} },
		func() (<-chan notifications.Notification, func(), bool) { return nil, nil, false },
		o.Gatherer,
		o.Registry,
		nil,        // statistics of queries: as they are
		false, nil, // remote write and its messages
		false, false, false, // OTLP
		o.Lookback,
		false, false, // type and unit labels, metadata
		nil, // status codes: as they are
		featuresOf(o),
		apiv1.OpenAPIOptions{},
		o.Parser,
		false, // cost of queries
		o.Timeout,
	)
}

// globalURL says how targets on this machine are reached from outside. Without a host and
// a port the API would have an error for each of them.
func globalURL(o Options) apiv1.GlobalURLOptions {
	out := apiv1.GlobalURLOptions{ListenAddress: o.ListenAddress, Host: "localhost", Scheme: "http"}
	if _, _, err := net.SplitHostPort(out.ListenAddress); err != nil {
		out.ListenAddress = "localhost:0" // which no target has
	}
	if u, err := url.Parse(o.ExternalURL); err == nil && u.Host != "" {
		out.Host, out.Scheme = u.Host, u.Scheme
	}
	return out
}

// featuresOf says what this API can do in the names that Prometheus gives it.
func featuresOf(o Options) features.Collector {
	f := features.NewRegistry()
	for _, name := range []string{
		"label_values_match", "query_warnings", "query_stats", "time_range_series", "time_range_labels", "exclude_alerts",
		"remote_write_receiver",
	} {
		f.Enable(features.API, name)
	}
	for _, name := range []string{"admin", "lifecycle", "query_cost", "search"} {
		f.Disable(features.API, name)
	}
	f.Set(features.TSDB, "exemplar_storage", o.Exemplars != noExemplars{})
	o.Parser.RegisterFeatures(f)
	return f
}
