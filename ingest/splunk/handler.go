package splunk

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Prefix is the path that all others stand behind.
const Prefix = "/services/collector"

// Handler answers clients of the collector. It is safe for concurrent use.
type Handler struct {
	*ingest.LogReceiver
	next atomic.Int64 // the id of the next acknowledgement
}

// NewHandler returns the handler of everything below Prefix.
func NewHandler(o ingest.LogOptions) *Handler {
	h := &Handler{LogReceiver: ingest.NewLogReceiver("splunk_hec", o)}
	// Ids go on from the clock, so that those of an earlier process are smaller than
	// all of this one. What had one was stored before it was told.
	h.next.Store(h.Now().UnixMicro())
	return h
}

// reply is the body of an answer.
type reply struct {
	Text    string `json:"text"`
	Code    int    `json:"code"`
	Invalid *int   `json:"invalid-event-number,omitempty"`
	AckID   *int64 `json:"ackId,omitempty"`
}

// ServeHTTP answers 200 with code 0 when all events were stored; 400 with the code of the first
// bad event and its number (the good ones are stored), 401 with code 2, 403 with
// code 4, and 503 with code 9 when nothing could be stored now. Health is answered 200 with code 17.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimRight(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	switch strings.TrimSuffix(path, "/1.0") {
	case "/health":
		write(w, http.StatusOK, reply{Text: "HEC is healthy", Code: codeHealthy})
	case "/ack":
		h.Do(w, r, func() { h.acks(w, r) })
	case "", "/event", "/raw":
		h.Do(w, r, func() { h.collect(w, r, strings.HasPrefix(path, "/raw")) })
	default:
		http.Error(w, fmt.Sprintf("nothing is served at %.80q; send events to %s/event", r.URL.Path, Prefix), http.StatusNotFound)
	}
}

// collect answers events and raw lines.
func (h *Handler) collect(w http.ResponseWriter, r *http.Request, raw bool) {
	var b ingest.Body
	defer h.Release(&b)
	body, f := h.Receive(w, r, &b)
	if f != nil {
		h.refuse(w, r, f)
		return
	}
	d := &decoder{}
	if raw {
		d.query(r)
	}
	at, _ := logline.ParseTime([]byte(r.URL.Query().Get("time"))) // 0, the arrival, if it is none
	report := h.Take(r.Context(), ingest.LogTake{
		Source: ingest.Source(r, h.Config().SourceHeader), Size: len(body), Join: raw,
		Decode: func(s *logline.Sheet) {
			d.sheet = s
			if raw {
				d.raw(body, at)
			} else {
				d.decode(body)
			}
		},
	})
	switch f := report.Refusal(); {
	case report.Err != nil || f != nil && f.Code != http.StatusBadRequest:
		h.refuse(w, r, f)
		return
	case report.Entries == 0:
		h.Answered(http.StatusBadRequest)
		write(w, http.StatusBadRequest, reply{Text: "No data", Code: codeNoData})
		return
	case f != nil:
		h.Answered(http.StatusBadRequest)
		if d.out.code == codeSuccess { // the sink refused
			d.out = outcome{code: codeBadFormat, event: report.Rejected[0].Record, text: "Invalid data format: " + report.Rejected[0].Message}
		}
		write(w, http.StatusBadRequest, reply{Text: strings.ToValidUTF8(d.out.text, "\uFFFD"), Code: d.out.code, Invalid: &d.out.event})
		return
	}
	answer := reply{Text: "Success"}
	if channel(r) != "" {
		id := h.next.Add(1) - 1
		answer.AckID = &id
	}
	h.Answered(http.StatusOK)
	write(w, http.StatusOK, answer)
}

// query takes the labels of raw lines from the address.
func (d *decoder) query(r *http.Request) {
	q := r.URL.Query()
	for _, name := range []string{"host", "source", "sourcetype", "index", "service"} {
		if v := q.Get(name); v != "" {
			d.common = append(d.common, telemetry.Pair{Name: []byte(name), Value: []byte(v)})
		}
	}
}

// channel returns the channel of a request, empty if it names none.
func channel(r *http.Request) string {
	if c := r.Header.Get("X-Splunk-Request-Channel"); c != "" {
		return c
	}
	return r.URL.Query().Get("channel")
}

// acks answers whether requests are stored: all that had an id are.
func (h *Handler) acks(w http.ResponseWriter, r *http.Request) {
	var b ingest.Body
	defer h.Release(&b)
	body, f := h.Receive(w, r, &b)
	if f != nil {
		h.refuse(w, r, f)
		return
	}
	if channel(r) == "" {
		h.Answered(http.StatusBadRequest)
		write(w, http.StatusBadRequest, reply{Text: "Data channel is missing", Code: codeNoChannel})
		return
	}
	var asked struct {
		Acks []int64 `json:"acks"`
	}
	if err := json.Unmarshal(body, &asked); err != nil || len(asked.Acks) > 100_000 {
		h.Answered(http.StatusBadRequest)
		write(w, http.StatusBadRequest, reply{Text: `Invalid data format: want {"acks":[1,2,3]}`, Code: codeBadFormat})
		return
	}
	told := make(map[string]bool, len(asked.Acks))
	for _, id := range asked.Acks {
		told[strconv.FormatInt(id, 10)] = id < h.next.Load()
	}
	h.Answered(http.StatusOK)
	write(w, http.StatusOK, map[string]any{"acks": told})
}

// refuse answers a refusal in the codes of the protocol.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, f *ingest.Refusal) {
	h.RefuseHeaders(w, r, f, http.MethodPost)
	a := reply{Text: f.Text, Code: codeBadFormat}
	switch f.Code {
	case http.StatusUnauthorized:
		a = reply{Text: "Token is required", Code: codeNoToken}
	case http.StatusForbidden:
		a = reply{Text: "Invalid token", Code: codeBadToken}
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		a = reply{Text: "Server is busy: " + f.Text, Code: codeBusy}
	}
	write(w, f.Code, a)
}

func write(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the sender went away
}
