package promapi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"
)

// Rules lists what the rule engine runs now. Both calls are made per request.
type Rules interface {
	RuleGroups() []*rules.Group
	AlertingRules() []*rules.AlertingRule
}

// Build is what /api/v1/status/buildinfo tells. Clients choose features by
// Version, which should therefore be the one of the Prometheus that is built in.
type Build struct {
	Version, Revision, Branch, User, Date, GoVersion string
}

// Options are what the API serves.
type Options struct {
	Engine   promql.QueryEngine
	Storage  storage.SampleAndChunkQueryable
	Rules    Rules                 // nil is none
	Registry prometheus.Registerer // for the API's own metrics; nil keeps none
	Now      func() time.Time      // time of instant queries that name none; nil is time.Now
	Build    Build
	Logger   *slog.Logger
	Flags    map[string]string // for /api/v1/status/flags
	Lookback time.Duration     // of the engine
	Timeout  time.Duration     // of the engine
	Parser   parser.Parser     // of the engine; nil is PromQL without experimental functions
	// Ready says whether samples can be read yet; nil is always. Until then
	// every request is answered with 503.
	Ready func() bool
}

// prefix is where the API is mounted, which is part of its links.
const prefix = "/api/v1"

// New returns the handler of all paths below /api/v1/. It answers unknown
// paths with 404, other methods with 405 and bodies other than forms with
// 415, all in Prometheus' JSON. Requests from other origins get no CORS
// headers. It is safe for concurrent use.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Ready == nil {
		o.Ready = func() bool { return true }
	}
	if o.Rules == nil {
		o.Rules = noRules{}
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	router := route.New().WithPrefix(prefix)
	newAPI(o).Register(router)
	return &handler{next: router, now: o.Now, ready: o.Ready, log: o.Logger}
}

// newAPI fills in the arguments of Prometheus' constructor; those for what is
// not mounted are empty.
func newAPI(o Options) *apiv1.API {
	return apiv1.NewAPI(
		o.Engine,
		o.Storage,
		nil, // appendable: writing has its own handler
		noExemplars{},
		nil, // scrape pools
		func(context.Context) apiv1.TargetRetriever { return noTargets{} },
		nil, // Alertmanagers
		func() config.Config { return config.DefaultConfig },
		o.Flags,
		apiv1.GlobalURLOptions{},
		func(f http.HandlerFunc) http.HandlerFunc { return f }, // handler asks Ready
		nil, "", // the TSDB's statistics and folder
		false,    // administration
		false, 0, // search
		o.Logger,
		func(context.Context) apiv1.RulesRetriever { return o.Rules },
		0, 0, 0, // limits of remote read
		false, // agent
		nil,   // origins: the header never gets this far
		nil,   // runtime information
		&apiv1.PrometheusVersion{
			Version: o.Build.Version, Revision: o.Build.Revision, Branch: o.Build.Branch,
			BuildUser: o.Build.User, BuildDate: o.Build.Date, GoVersion: o.Build.GoVersion,
		},
		nil, nil, // notifications
		nil, // gatherer, for the API's view of its own metrics
		o.Registry,
		nil,        // statistics of queries: as they are
		false, nil, // remote write and its messages
		false, false, false, // OTLP
		o.Lookback,
		false, false, // type and unit labels, metadata
		nil, // status codes: as they are
		nil, // features
		apiv1.OpenAPIOptions{},
		o.Parser,
		false, // cost of queries
		o.Timeout,
	)
}

// handler lets through what is mounted.
type handler struct {
	next  http.Handler
	now   func() time.Time
	ready func() bool
	log   *slog.Logger
}

// endpoints are the paths that are mounted and whether they take POST.
var endpoints = map[string]bool{
	"/query": true, "/query_range": true, "/query_exemplars": true,
	"/format_query": true, "/parse_query": true,
	"/labels": true, "/series": true,
	"/metadata": false, "/rules": false, "/alerts": false,
	"/status/buildinfo": false, "/status/flags": false,
}

var labelValues = regexp.MustCompile(`^/label/[^/]+/values$`)

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, prefix)
	posts, ok := endpoints[path]
	switch {
	case !ok && !labelValues.MatchString(path):
		h.refuse(w, http.StatusNotFound, "not_found", "no such path: "+r.URL.Path)
		return
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
	case r.Method != http.MethodPost || !posts:
		allow := "GET, HEAD"
		if posts {
			allow += ", POST"
		}
		w.Header().Set("Allow", allow)
		h.refuse(w, http.StatusMethodNotAllowed, "bad_data", fmt.Sprintf("method %s is not allowed here, want %s", r.Method, allow))
		return
	}
	if t := r.Header.Get("Content-Type"); r.Method == http.MethodPost && t != "" {
		if media, _, err := mime.ParseMediaType(t); err != nil || media != "application/x-www-form-urlencoded" {
			h.refuse(w, http.StatusUnsupportedMediaType, "bad_data", fmt.Sprintf("Content-Type %q is not accepted, want application/x-www-form-urlencoded", t))
			return
		}
	}
	if !h.ready() {
		w.Header().Set("Retry-After", "5")
		h.refuse(w, http.StatusServiceUnavailable, "unavailable", "the store is not open yet; try again")
		return
	}
	r = r.Clone(r.Context())
	r.Header.Del("Origin")
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet // the router knows no HEAD; the server drops the body
	}
	if path == "/query" {
		if err := h.stamp(w, r); err != nil {
			h.refuse(w, http.StatusBadRequest, "bad_data", "read form: "+err.Error())
			return
		}
	}
	h.next.ServeHTTP(w, r)
}

// maxForm bounds the body of a POST form; queries are far smaller.
const maxForm = 4 << 20

// stamp gives an instant query that names no time the present one, so that
// the API knows no other clock than ours.
func (h *handler) stamp(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return err
	}
	if r.Form.Get("time") == "" {
		r.Form.Set("time", strconv.FormatFloat(float64(h.now().UnixMilli())/1000, 'f', 3, 64))
	}
	return nil
}

// refuse answers in the form of Prometheus' own errors.
func (h *handler) refuse(w http.ResponseWriter, code int, kind, text string) {
	body, err := json.Marshal(map[string]string{"status": "error", "errorType": kind, "error": text})
	if err != nil {
		h.log.Error("three strings do not marshal", "err", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if _, err := w.Write(body); err != nil {
		h.log.Debug("answer was not read", "err", err)
	}
}

// noRules is the rule engine of a daemon without rules.
type noRules struct{}

func (noRules) RuleGroups() []*rules.Group           { return nil }
func (noRules) AlertingRules() []*rules.AlertingRule { return nil }

// noTargets says that nothing is scraped. /api/v1/metadata asks the targets,
// and so has nothing to tell.
type noTargets struct{}

func (noTargets) TargetsActive() map[string][]*scrape.Target  { return nil }
func (noTargets) TargetsDropped() map[string][]*scrape.Target { return nil }
func (noTargets) TargetsDroppedCounts() map[string]int        { return nil }
func (noTargets) ScrapePoolConfig(pool string) (*config.ScrapeConfig, error) {
	return nil, fmt.Errorf("no scrape pool %q: nothing is scraped", pool)
}

// noExemplars answers exemplar queries with nothing, since none are stored.
type noExemplars struct{}

func (noExemplars) ExemplarQuerier(context.Context) (storage.ExemplarQuerier, error) {
	return noExemplars{}, nil
}

func (noExemplars) Select(int64, int64, ...[]*labels.Matcher) ([]exemplar.QueryResult, error) {
	return []exemplar.QueryResult{}, nil
}
