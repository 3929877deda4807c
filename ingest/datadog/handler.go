package datadog

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
)

// Paths are those that Handler serves; those that end in a slash with all below.
func Paths() []string {
	return []string{"/api/v2/logs", "/v1/input", "/v1/input/", "/api/v1/validate"}
}

// Handler answers clients of Datadog's intake. It is safe for concurrent use.
type Handler struct{ *ingest.LogReceiver }

// NewHandler returns the handler of Paths.
func NewHandler(o ingest.LogOptions) *Handler {
	return &Handler{ingest.NewLogReceiver("datadog", o)}
}

// ServeHTTP answers 202 to version 2 and 200 to version 1 when the body could be
// read, 400 when it could not or entries were refused (what is good is stored), 403 for a wrong key, 408,
// 413 and 415 for what HTTP has a status for, 429 and 503 when it may be sent again.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Do(w, r, func() {
		if r.URL.Path == "/api/v1/validate" {
			h.validate(w, r)
			return
		}
		var b ingest.Body
		defer h.Release(&b)
		code := http.StatusOK
		if r.URL.Path == "/api/v2/logs" {
			code = http.StatusAccepted
		} else if key, ok := strings.CutPrefix(r.URL.Path, "/v1/input/"); ok && key != "" && r.Header.Get("DD-API-KEY") == "" {
			r.Header.Set("DD-API-KEY", key)
		}
		if f := h.take(w, r, &b); f != nil {
			h.refuse(w, r, f)
			return
		}
		h.Answered(code)
		write(w, code, struct{}{})
	})
}

func (h *Handler) validate(w http.ResponseWriter, r *http.Request) {
	if !h.Allowed(ingest.Token(r)) {
		h.refuse(w, r, ingest.Refuse(http.StatusForbidden, "wrong_token", "Forbidden"))
		return
	}
	h.Answered(http.StatusOK)
	write(w, http.StatusOK, map[string]bool{"valid": true})
}

func (h *Handler) take(w http.ResponseWriter, r *http.Request, b *ingest.Body) *ingest.Refusal {
	body, f := h.Receive(w, r, b)
	if f != nil {
		return f
	}
	q := r.URL.Query()
	d := &decoder{service: []byte(q.Get("service")), host: []byte(q.Get("hostname")), source: []byte(q.Get("ddsource")), tags: []byte(q.Get("ddtags"))}
	var malformed error
	report := h.Take(r.Context(), ingest.LogTake{
		Source: ingest.Source(r, h.Config().SourceHeader), Size: len(body), Join: true,
		Decode: func(s *logline.Sheet) {
			d.sheet = s
			if strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
				d.lines(body)
				return
			}
			malformed = d.decode(body)
		},
	})
	if malformed != nil && report.Err == nil {
		return ingest.Refuse(http.StatusBadRequest, "malformed", "%s; the body of %d bytes is malformed at %s", report.Text(), len(body), malformed)
	}
	return report.Refusal()
}

// lines writes a body of plain text, each line as a record.
func (d *decoder) lines(body []byte) {
	for line := range strings.Lines(string(body)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || d.sheet.Stopped() {
			continue
		}
		r := d.sheet.Begin()
		d.fields.Begin(d.sheet, r)
		d.fields.SetBody(d.sheet.CopyString(line))
		if len(d.host) > 0 {
			d.fields.Label([]byte("host"), d.host)
		}
		d.defaults(r, nil)
		d.sheet.End()
	}
}

// refuse answers with the errors of the API.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, f *ingest.Refusal) {
	if f.Code == http.StatusUnauthorized {
		f.Code = http.StatusForbidden // as Datadog answers
	}
	h.RefuseHeaders(w, r, f, http.MethodPost)
	write(w, f.Code, map[string]any{"errors": []map[string]string{{"status": strconv.Itoa(f.Code), "title": http.StatusText(f.Code), "detail": f.Text}}})
}

func write(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the sender went away
}
