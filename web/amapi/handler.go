package amapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	apiv2 "github.com/prometheus/alertmanager/api/v2"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/notify/alertmanager"
	"github.com/tocsinhq/tocsin/notify/silence"
)

// Options are what a Handler stands on.
type Options struct {
	Router   *alertmanager.Router
	Silences *silence.Store
	Config   alertmanager.Config
	Registry prometheus.Registerer // of Alertmanager's own figures; nil: one of its own
	Metrics  *metrics.Set
	Logger   *slog.Logger
	Version  string // of this program
	Now      func() time.Time
	// Changed is called after silences have changed: what they held back may be
	// told now. Nil: nobody waits for it.
	Changed func(ctx context.Context)
}

// Handler serves /api/v2/... and the same below /alertmanager. It is safe for
// concurrent use.
type Handler struct {
	o     Options
	am    *apiv2.API
	mux   *http.ServeMux
	posts *posts
	// silencing is held over a change of silences, so that what Save writes is
	// what the answer is about.
	silencing sync.Mutex
}

// New returns a handler over the present plan of the router; call Update after
// each change of it.
func New(o Options) (*Handler, error) {
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	am, err := apiv2.NewAPI(alerts{o.Router, o.Now}, o.Router.Groups, o.Router.GroupMuted, o.Silences.Alertmanager(), nil,
		o.Logger.With("component", "amapi"), o.Registry)
	if err != nil {
		return nil, fmt.Errorf("make Alertmanager's API: %w", err)
	}
	h := &Handler{o: o, am: am, mux: http.NewServeMux()}
	h.posts = newPosts(o)
	h.Update()
	h.mux.Handle("/api/v2/", am.Handler)
	h.mux.Handle("POST /api/v2/alerts", h.posts)
	h.mux.HandleFunc("GET /api/v2/status", h.status)
	h.mux.HandleFunc("POST /api/v2/silences", h.saved)
	h.mux.HandleFunc("DELETE /api/v2/silence/{id}", h.saved)
	for _, path := range []string{"/-/healthy", "/-/ready"} {
		h.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "OK") })
	}
	return h, nil
}

// Update makes the router's present configuration the one that is shown.
func (h *Handler) Update() {
	h.am.Update(h.o.Router.Plan().Config(), func(ctx context.Context, lset model.LabelSet) { h.o.Router.Mark(ctx, lset) })
}

// Prefix is the path below which the same is served again, for clients that
// expect Alertmanager to have a place of its own.
const Prefix = "/alertmanager"

// ServeHTTP answers requests for the API with and without Prefix.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, Prefix+"/") {
		http.StripPrefix(Prefix, h.mux).ServeHTTP(w, r)
		return
	}
	h.mux.ServeHTTP(w, r)
}

// saved lets Alertmanager change silences and passes its answer on when the
// change is on disk.
func (h *Handler) saved(w http.ResponseWriter, r *http.Request) {
	h.silencing.Lock()
	defer h.silencing.Unlock()
	r.Body = http.MaxBytesReader(w, r.Body, 2*silence.MaxSilenceBytes)
	answer := &buffered{header: http.Header{}, code: http.StatusOK}
	h.am.Handler.ServeHTTP(answer, r)
	if err := h.o.Silences.Save(r.Context()); err != nil {
		h.o.Logger.Error("a silence is not on disk", "component", "amapi", "error", err)
		reply(w, http.StatusInternalServerError, "the silence is in force but could not be stored, and a restart would forget it: "+err.Error())
		return
	}
	if h.o.Changed != nil {
		h.o.Changed(r.Context())
	}
	answer.send(w)
}

// status is Alertmanager's, with its version, which nothing in the process has, and
// with the configuration as it was written.
func (h *Handler) status(w http.ResponseWriter, r *http.Request) {
	answer := &buffered{header: http.Header{}, code: http.StatusOK}
	h.am.Handler.ServeHTTP(answer, r)
	var s models.AlertmanagerStatus
	if answer.code != http.StatusOK || json.Unmarshal(answer.body.Bytes(), &s) != nil || s.VersionInfo == nil || s.Config == nil {
		answer.send(w)
		return
	}
	version, revision, shown := Version, "tocsin-"+h.o.Version, h.o.Router.Plan().Shown()
	s.VersionInfo.Version, s.VersionInfo.Revision, s.Config.Original = &version, &revision, &shown
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(s) //nolint:errcheck // the caller went away
}

// Version is the release of Alertmanager whose API is served; clients compare it
// with their own.
const Version = "0.34.2"

// buffered keeps an answer.
type buffered struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func (b *buffered) Header() http.Header         { return b.header }
func (b *buffered) Write(p []byte) (int, error) { return b.body.Write(p) }
func (b *buffered) WriteHeader(code int)        { b.code = code }

// send passes the answer on.
func (b *buffered) send(w http.ResponseWriter) {
	for n, v := range b.header {
		w.Header()[n] = v
	}
	w.WriteHeader(b.code)
	w.Write(b.body.Bytes()) //nolint:errcheck // the caller went away
}
