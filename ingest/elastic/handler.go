package elastic

import (
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Prefix is where Handler is served beside the paths that Wants tells.
const Prefix = "/elasticsearch"

// Handler answers Elasticsearch's clients. It is safe for concurrent use.
type Handler struct{ *ingest.LogReceiver }

// NewHandler returns the handler of everything that Wants tells.
func NewHandler(o ingest.LogOptions) *Handler {
	return &Handler{ingest.NewLogReceiver("elasticsearch", o)}
}

// Wants reports whether a request is one that a client of Elasticsearch sends:
// anything below Prefix, a path that begins with an underscore, one of an index with an
// underscore behind it, such as /logs/_bulk, and the first question, GET /, if its headers are those of such a client.
func Wants(r *http.Request) bool {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, Prefix); ok {
		return rest == "" || rest[0] == '/'
	}
	switch {
	case strings.HasPrefix(path, "/_"):
		return true
	case path == "/":
		return isClient(r)
	}
	index, rest, _ := strings.Cut(path[1:], "/")
	return strings.HasPrefix(rest, "_") && index != "api" || strings.HasSuffix(path, "/_bulk") && index != "api"
}

// isClient tells a client of Elasticsearch from a browser.
func isClient(r *http.Request) bool {
	if strings.Contains(r.Header.Get("Accept"), "application/vnd.elasticsearch+") || r.Header.Get("X-Elastic-Client-Meta") != "" {
		return true
	}
	agent := strings.ToLower(r.UserAgent())
	return slices.ContainsFunc([]string{"elastic", "filebeat", "metricbeat", "winlogbeat", "libbeat", "logstash", "vector/", "go-elasticsearch", "fluent"},
		func(word string) bool { return strings.HasPrefix(agent, word) })
}

// ServeHTTP answers a bulk request 200 with an item for each action, in order; 400
// when a line is no action, 401, 403, 406, 413 and 503 with Retry-After as HTTP has it, always
// in the form that Elasticsearch has for errors. Questions of the handshake are answered as by
// an empty cluster; searches are refused.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimRight(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	index, single, writes := target(path)
	if (!writes || r.Method != http.MethodPost && r.Method != http.MethodPut) && handshake(w, r, path) {
		return
	}
	h.Do(w, r, func() {
		var b ingest.Body
		defer h.Release(&b)
		var f *ingest.Refusal
		switch {
		case !writes:
			f = ingest.Refuse(http.StatusBadRequest, "not_a_search_engine", "%s is not served: this is no search engine, it takes _bulk requests", path)
		case single:
			f = h.one(w, r, &b, index)
		default:
			f = h.many(w, r, &b, index)
		}
		if f != nil {
			h.RefuseHeaders(w, r, f, "POST, PUT")
			send(w, r, f.Code, refusal(f))
		}
	})
}

// target takes a path apart: /_bulk, /INDEX/_bulk, /INDEX/TYPE/_bulk of old, and single documents
// at /INDEX/_doc[/ID] and /INDEX/_create/ID.
func target(path string) (index string, single, writes bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	last := parts[len(parts)-1]
	switch {
	case last == "_bulk" && len(parts) == 1:
		return "", false, true
	case last == "_bulk" && len(parts) <= 3:
		return parts[0], false, true
	case len(parts) >= 2 && len(parts) <= 3 && (parts[1] == "_doc" || parts[1] == "_create"):
		return parts[0], true, true
	}
	return "", false, false
}

// receive reads a body whose type is one of JSON.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, b *ingest.Body) ([]byte, *ingest.Refusal) {
	if t := r.Header.Get("Content-Type"); t != "" {
		media, _, err := mime.ParseMediaType(t)
		if err != nil || !slices.Contains([]string{"application/json", "application/x-ndjson", "application/vnd.elasticsearch+json", "application/vnd.elasticsearch+x-ndjson"}, media) {
			return nil, ingest.Refuse(http.StatusNotAcceptable, "content_type", "Content-Type header [%s] is not supported", t)
		}
	}
	body, f := h.Receive(w, r, b, http.MethodPost, http.MethodPut)
	if f == nil && len(strings.TrimSpace(string(body[:min(len(body), 64)]))) == 0 {
		f = ingest.Refuse(http.StatusBadRequest, "empty_body", "request body is required")
	}
	return body, f
}

// many answers a bulk request.
func (h *Handler) many(w http.ResponseWriter, r *http.Request, b *ingest.Body, index string) *ingest.Refusal {
	begun := h.Now()
	body, f := h.receive(w, r, b)
	if f != nil {
		return f
	}
	items, report, err := h.bulk(r, body, index)
	switch {
	case errors.Is(err, errTooMany):
		return ingest.Refuse(http.StatusRequestEntityTooLarge, "too_many_actions", "%s; %s", err, report.Text())
	case err != nil:
		return ingest.Refuse(http.StatusBadRequest, "malformed", "%s; %s", err, report.Text())
	case report.Err != nil && report.Stored == 0:
		return report.Refusal() // the whole of it may come again
	}
	h.Answered(http.StatusOK)
	send(w, r, http.StatusOK, bulk(items, h.Now().Sub(begun).Milliseconds()))
	return nil
}

// bulk stores a bulk request and returns what became of each action.
func (h *Handler) bulk(r *http.Request, body []byte, index string) ([]item, *ingest.LogReport, error) {
	d := &decoder{index: index}
	var malformed error
	settled := 0 // actions whose records were given to the sink
	report := h.Take(r.Context(), ingest.LogTake{
		Source: ingest.Source(r, h.Config().SourceHeader), Size: len(body), Join: true,
		Rejected: func(entry int, reason, message string) { d.rejected(entry, reason, message) },
		Decode: func(s *logline.Sheet) {
			d.sheet = s
			store := s.Store
			s.Store = func() {
				store()
				if !s.Stopped() {
					settled = len(d.items)
				}
			}
			malformed = d.Decode(body)
		},
	})
	if report.Err != nil {
		for i := settled; i < len(d.items); i++ {
			if it := &d.items[i]; it.status == 201 {
				it.status, it.kind, it.reason = http.StatusServiceUnavailable, "unavailable", report.Err.Error()
			}
		}
	}
	return d.items, report, malformed
}

// rejected notes what the sink did not take. What the decoder refused is noted
// already.
func (d *decoder) rejected(entry int, reason, message string) {
	if entry >= len(d.items) || d.items[entry].status != 201 {
		return
	}
	it := &d.items[entry]
	it.status, it.kind, it.reason = http.StatusBadRequest, parsingFailed, message+" ["+reason+"]"
	if reason == telemetry.ReasonLogsFull {
		it.status, it.kind = http.StatusTooManyRequests, "es_rejected_execution_exception"
	}
}

// one answers the request to add a single document.
func (h *Handler) one(w http.ResponseWriter, r *http.Request, b *ingest.Body, index string) *ingest.Refusal {
	body, f := h.receive(w, r, b)
	if f != nil {
		return f
	}
	d := &decoder{index: index}
	report := h.Take(r.Context(), ingest.LogTake{
		Source: ingest.Source(r, h.Config().SourceHeader), Size: len(body),
		Rejected: func(entry int, reason, message string) { d.rejected(entry, reason, message) },
		Decode: func(s *logline.Sheet) {
			d.sheet = s
			d.document(item{verb: verbIndex, status: 201, index: []byte(index)}, body)
		},
	})
	if report.Err != nil {
		return report.Refusal()
	}
	if it := d.items[0]; it.status != 201 {
		return ingest.Refuse(int(it.status), it.kind, "%s", it.reason)
	}
	h.Answered(http.StatusCreated)
	send(w, r, http.StatusCreated, `{"_index":`+string(appendString(nil, index))+`,"_id":"","_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1}`)
	return nil
}
