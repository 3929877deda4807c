package promapi

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// handler lets through what is mounted.
type handler struct {
	next    http.Handler
	own     map[string]http.HandlerFunc // what Prometheus' API does not know as we do
	opts    Options
	gate    gate
	zip     *compressor
	refused *refusals
}

// endpoint says how a path is asked.
type endpoint struct {
	methods string // for Allow
	heavy   bool   // reads samples or labels, and so waits for a place
	store   bool   // needs Options.TSDB
}

const (
	reads = "GET, HEAD"
	asks  = "GET, HEAD, POST" // by a form
)

var endpoints = map[string]endpoint{
	"/query":                 {methods: asks, heavy: true},
	"/query_range":           {methods: asks, heavy: true},
	"/query_exemplars":       {methods: asks, heavy: true},
	"/series":                {methods: asks, heavy: true},
	"/labels":                {methods: asks, heavy: true},
	"/format_query":          {methods: asks},
	"/parse_query":           {methods: asks},
	"/read":                  {methods: "POST", heavy: true},
	"/metadata":              {methods: reads},
	"/rules":                 {methods: reads},
	"/alerts":                {methods: reads},
	"/alertmanagers":         {methods: reads},
	"/targets":               {methods: reads},
	"/targets/metadata":      {methods: reads},
	"/targets/relabel_steps": {methods: reads},
	"/scrape_pools":          {methods: reads},
	"/scrape_pools/config":   {methods: reads},
	"/features":              {methods: reads},
	"/notifications":         {methods: reads},
	"/notifications/live":    {methods: reads},
	"/status/buildinfo":      {methods: reads},
	"/status/config":         {methods: reads},
	"/status/flags":          {methods: reads},
	"/status/runtimeinfo":    {methods: reads},
	"/status/walreplay":      {methods: reads},
	"/status/tsdb":           {methods: reads, heavy: true, store: true},
	"/status/tsdb/blocks":    {methods: reads, store: true},
	federate:                 {methods: reads, heavy: true},
}

var labelValues = regexp.MustCompile(`^/label/[^/]+/values$`)

func (h *handler) find(path string) (endpoint, bool) {
	e, ok := endpoints[path]
	if !ok && labelValues.MatchString(path) {
		return endpoint{methods: reads, heavy: true}, true
	}
	return e, ok && (!e.store || h.opts.TSDB != nil)
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, prefix)
	if path == FederatePath && path == r.URL.Path {
		path = federate
	}
	e, ok := h.find(path)
	switch {
	case strings.HasPrefix(path, "/admin/"):
		h.refuse(w, forbidden, "administration of the store is not served; storage.retention and storage.retention_size say what is kept")
		return
	case !ok:
		h.refuse(w, notFound, "no such path: "+r.URL.Path)
		return
	case !slices.Contains(strings.Split(e.methods, ", "), r.Method):
		w.Header().Set("Allow", e.methods)
		h.refuse(w, badMethod, fmt.Sprintf("method %s is not allowed here, want %s", r.Method, e.methods))
		return
	}
	if want := bodyType(path); r.Method == http.MethodPost && !isType(r, want) {
		h.refuse(w, badType, fmt.Sprintf("Content-Type %q is not accepted, want %s", r.Header.Get("Content-Type"), want))
		return
	}
	if !h.opts.Ready() {
		w.Header().Set("Retry-After", "5")
		h.refuse(w, notReady, "the store is not open yet; try again")
		return
	}
	r = r.Clone(r.Context())
	r.Header.Del("Origin")
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet // the router knows no HEAD; the server drops the body
	}
	u := newUnstalled(w, h.opts.Limits.Stall)
	if r.Method == http.MethodPost {
		u.await()
	}
	if why, err := h.check(w, r, path); err != nil {
		if why == tooSlow {
			w.Header().Set("Connection", "close") // the rest of the body is not wanted
		}
		h.refuse(w, why, err.Error())
		return
	}
	if e.heavy {
		leave, err := h.gate.enter(r.Context())
		switch {
		case errors.Is(err, errBusy):
			w.Header().Set("Retry-After", "5")
			h.refuse(w, busy, err.Error())
			return
		case err != nil:
			h.refuse(w, canceled, "the client went away while the query waited for its turn")
			return
		}
		defer leave()
		defer u.end()
		w = u
	}
	switch own := h.own[path]; {
	case path == "/read":
		h.next.ServeHTTP(readWriter{w}, r)
	case path == "/notifications/live": // is never complete
		h.next.ServeHTTP(w, r)
	case own != nil:
		w.Header().Add("Vary", "Accept-Encoding")
		h.zip.serve(w, r, own)
	default:
		h.zip.serve(w, r, h.next.ServeHTTP) // which adds Vary
	}
}

// readWriter suits Prometheus' remote read to us.
type readWriter struct{ http.ResponseWriter }

// Flush sends what there is while chunks are streamed; whoever counts answers may
// have hidden the way to do so.
func (w readWriter) Flush() {
	// An error is that of the connection, which the next write meets too.
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// WriteHeader answers what a store refuses to read with 422, as the query API
// does, and not as a fault of ours.
func (w readWriter) WriteHeader(code int) {
	if code == http.StatusInternalServerError {
		code = http.StatusUnprocessableEntity
	}
	w.ResponseWriter.WriteHeader(code)
}

const (
	formType = "application/x-www-form-urlencoded"
	readType = "application/x-protobuf"
)

func bodyType(path string) string {
	if path == "/read" {
		return readType
	}
	return formType
}

// isType reports whether the body is of a type or says nothing of its type.
func isType(r *http.Request, want string) bool {
	t := r.Header.Get("Content-Type")
	if t == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(t)
	return err == nil && media == want
}

// maxForm bounds the body of a POST form and of a remote read; queries are far smaller.
const maxForm = 4 << 20

// check reads the form and refuses what is wrong in it and Prometheus would take.
// Queries that name no time get the present one, so that the API knows no other
// clock than ours.
func (h *handler) check(w http.ResponseWriter, r *http.Request, path string) (reason, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if path == "/read" {
		return badRequest, nil // the body is Prometheus' to read, and bounded
	}
	if err := r.ParseForm(); err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			return tooLarge, fmt.Errorf("the form has more than %d bytes [body_too_large]", long.Limit)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return tooSlow, fmt.Errorf("the form did not arrive within %s [body_too_slow]", h.opts.Limits.Stall)
		}
		return badRequest, fmt.Errorf("read form: %w", err)
	}
	if err := checkTimes(r.Form); err != nil {
		return badRequest, err
	}
	for _, q := range append(r.Form["query"], r.Form["match[]"]...) {
		if err := h.opts.Limits.checkQuery(q); err != nil {
			return badRequest, err
		}
	}
	if path == "/query" && r.Form.Get("time") == "" {
		r.Form.Set("time", strconv.FormatFloat(float64(h.opts.Now().UnixMilli())/1000, 'f', 3, 64))
	}
	return badRequest, nil
}
