package jsonline

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
)

// Path is ours, Alias that of VictoriaLogs.
const (
	Path  = "/api/v1/tocsin/logs"
	Alias = "/insert/jsonline"
)

// Handler answers posts of lines. It is safe for concurrent use.
type Handler struct{ *ingest.LogReceiver }

// NewHandler returns the handler of Path and Alias.
func NewHandler(o ingest.LogOptions) *Handler {
	return &Handler{ingest.NewLogReceiver("jsonline", o)}
}

// Params are the query parameters that Path knows, in the order of its description.
func Params() []string {
	return []string{"service", "host", "time_field", "message_field", "stream_fields"}
}

// answer is the body of an answer.
type answer struct {
	Stored   int       `json:"stored"`
	Rejected int       `json:"rejected"`
	Errors   []problem `json:"errors,omitempty"` // of the first ones rejected
}

type problem struct {
	Line   int    `json:"line"` // that is not blank, or element of the array, from 1
	Reason string `json:"reason"`
	Error  string `json:"error"`
}

// ServeHTTP answers 200 with what became of the lines if any was stored or there were none, 400 if
// all were refused, and as the other receivers for requests that cannot be read.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Do(w, r, func() {
		var b ingest.Body
		defer h.Release(&b)
		body, f := h.Receive(w, r, &b)
		if f == nil {
			var n Naming
			if n, f = naming(r); f == nil {
				f = h.take(w, r, body, n)
			}
		}
		if f != nil {
			h.RefuseHeaders(w, r, f, http.MethodPost)
			write(w, f.Code, map[string]string{"error": f.Text, "code": f.Reason})
		}
	})
}

// naming reads the query parameters. At Alias there are others of VictoriaLogs,
// which make no difference here.
func naming(r *http.Request) (Naming, *ingest.Refusal) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Naming{}, ingest.Refuse(http.StatusBadRequest, "bad_query", "query parameters: %s", err)
	}
	prefix := ""
	if r.URL.Path != Path {
		prefix = "_"
	}
	n := Naming{Service: q.Get("service"), Host: q.Get("host"), Names: logline.Names{Time: q.Get(prefix + "time_field"), Stream: list(q.Get(prefix + "stream_fields"))}}
	if n.Message = q.Get(prefix + "message_field"); prefix != "" {
		n.Message = q.Get("_msg_field")
	}
	if prefix == "" {
		for name := range q {
			if !slices.Contains(Params(), name) {
				return n, ingest.Refuse(http.StatusBadRequest, "bad_query", "query parameter %.40q is not known; want %s", name, strings.Join(Params(), ", "))
			}
		}
	}
	return n, nil
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func (h *Handler) take(w http.ResponseWriter, r *http.Request, body []byte, n Naming) *ingest.Refusal {
	decode := DecodeText
	if isJSON(r.Header.Get("Content-Type"), body) {
		decode = DecodeJSON
	}
	report := h.Take(r.Context(), ingest.LogTake{
		Source: ingest.Source(r, h.Config().SourceHeader), Size: len(body), Join: true,
		Decode: func(s *logline.Sheet) { decode(body, n, s) },
	})
	f := report.Refusal()
	if f != nil && f.Code != http.StatusBadRequest {
		return f
	}
	code := http.StatusOK
	if f != nil && report.Stored == 0 {
		code = http.StatusBadRequest
	}
	a := answer{Stored: report.Stored, Rejected: report.RefusedTotal()}
	for _, x := range report.Rejected {
		a.Errors = append(a.Errors, problem{Line: x.Record + 1, Reason: x.Reason, Error: strings.ToValidUTF8(x.Message, "\uFFFD")})
	}
	h.Answered(code)
	write(w, code, a)
	return nil
}

// isJSON tells lines of JSON from plain ones, by the type of content or, for a type
// that says nothing, by the first sign.
func isJSON(contentType string, body []byte) bool {
	switch media, _, _ := mime.ParseMediaType(contentType); media { // what cannot be read says nothing
	case "text/plain":
		return false
	case "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/stream+json", "application/json-lines":
		return true
	}
	text := bytes.TrimLeft(body, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[' && len(text) > 1 && (text[1] == '{' || text[1] == ']'))
}

func write(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the sender went away
}
