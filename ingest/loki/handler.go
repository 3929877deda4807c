package loki

import (
	"mime"
	"net/http"
	"strings"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
)

// Paths are those that Handler serves.
func Paths() []string {
	return []string{"/loki/api/v1/push", "/api/prom/push", "/ready"}
}

// Handler answers Loki's clients. It is safe for concurrent use.
type Handler struct{ *ingest.LogReceiver }

// NewHandler returns the handler of Paths.
func NewHandler(o ingest.LogOptions) *Handler {
	return &Handler{ingest.NewLogReceiver("loki", o)}
}

// ServeHTTP answers a push 204 when everything was stored, 400 when the body cannot be read or
// entries were refused, which the text names (what is good is stored), 401, 403,
// 405, 408, 413 and 415 for what HTTP has a status for, 422 for a push without streams, and
// 429 or 503 with Retry-After when it may be sent again. GET /ready is answered "ready".
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ready" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ready\n")) // the asker went away
		return
	}
	h.Do(w, r, func() {
		var b ingest.Body
		defer h.Release(&b)
		if f := h.push(w, r, &b); f != nil {
			h.RefuseHeaders(w, r, f, http.MethodPost)
			http.Error(w, f.Text, f.Code)
			return
		}
		h.Answered(http.StatusNoContent)
		w.WriteHeader(http.StatusNoContent)
	})
}

func (h *Handler) push(w http.ResponseWriter, r *http.Request, b *ingest.Body) *ingest.Refusal {
	if r.URL.Path == "/api/prom/push" {
		return ingest.Refuse(http.StatusNotFound, "old_path", "send to /loki/api/v1/push; /api/prom/push is gone from Loki as well")
	}
	if r.Method != http.MethodPost {
		return ingest.Refuse(http.StatusMethodNotAllowed, "method", "want POST, got %s", r.Method)
	}
	decode, f := decoderOf(r)
	if f != nil {
		return f
	}
	// Protobuf is always in snappy's block format, which some clients name as the
	// encoding and others do not.
	if strings.EqualFold(strings.TrimSpace(r.Header.Get("Content-Encoding")), "snappy") {
		r.Header.Del("Content-Encoding")
	}
	body, f := h.Receive(w, r, b)
	if f != nil {
		return f
	}
	if len(body) == 0 {
		return ingest.Refuse(http.StatusBadRequest, "empty_body", "body is empty, want a push of streams")
	}
	if decode == protobuf {
		if body, f = h.Unsnap(body, b); f != nil {
			return f
		}
	}
	var malformed error
	report := h.Take(r.Context(), ingest.LogTake{
		Source: ingest.Source(r, h.Config().SourceHeader), Size: len(body), Join: true,
		Decode: func(s *logline.Sheet) {
			if decode == protobuf {
				malformed = Decode(body, s)
			} else {
				malformed = DecodeJSON(body, s)
			}
		},
	})
	switch {
	case report.Err != nil:
		return report.Refusal()
	case malformed != nil:
		return ingest.Refuse(http.StatusBadRequest, "malformed", "%s; the body of %d bytes is malformed at %s", report.Text(), len(body), malformed)
	case report.Entries == 0:
		return ingest.Refuse(http.StatusUnprocessableEntity, "no_streams", "at least one stream with entries is wanted for a push")
	}
	return report.Refusal()
}

// form is how a push is written.
type form bool

const (
	protobuf form = false
	asJSON   form = true
)

// decoderOf tells the form from the type of content.
func decoderOf(r *http.Request) (form, *ingest.Refusal) {
	t := r.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(t)
	switch {
	case err == nil && media == "application/json":
		return asJSON, nil
	case err == nil && (media == "application/x-protobuf" || media == "application/protobuf"):
		return protobuf, nil
	}
	return protobuf, ingest.Refuse(http.StatusUnsupportedMediaType, "content_type", "Content-Type %q is not accepted; send application/x-protobuf (snappy) or application/json", t)
}
