package ingest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Sink takes a decoded batch. It stores what is good, durably, before it
// returns and names the rest in the result; an error means that nothing was
// stored for a reason that is not the sender's. It may reorder the samples of
// a series but keeps no part of the batch, whose memory is used again, and is
// called by many goroutines at once.
type Sink interface {
	Write(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error)
}

// Options are what a Handler is made of.
type Options struct {
	Sink    Sink
	Config  Config // see Config.Validate
	Logger  *slog.Logger
	Metrics *metrics.Set
	Now     func() time.Time // nil is time.Now
}

// Waits named in Retry-After.
const (
	overloadRetry    = time.Second
	unavailableRetry = 5 * time.Second
)

// Handler receives Prometheus remote write 1.0. It is safe for concurrent use.
type Handler struct {
	sink     Sink
	config   Config
	log      *slog.Logger
	now      func() time.Time
	counters *counters
	badInput throttle
	faults   throttle
	pool     sync.Pool // of *scratch
}

// NewHandler returns the handler of POST /api/v1/write.
func NewHandler(o Options) http.Handler {
	h := &Handler{sink: o.Sink, config: o.Config, log: o.Logger, now: o.Now, counters: newCounters(o.Metrics)}
	if h.now == nil {
		h.now = time.Now
	}
	return h
}

// ServeHTTP answers 204 when all was stored, 400 when the request is at fault
// in whole or in part (what is good in it is stored), 405, 408, 413 and 415
// for what HTTP has a status for, and 503 with Retry-After when nothing could
// be stored now. A panic is answered with 500 and a number found in the log.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := h.now()
	h.counters.requests.Add(1)
	defer func() {
		if p := recover(); p != nil {
			h.recovered(w, r, p)
		}
		h.counters.requests.Add(-1)
		h.counters.duration.Update(h.now().Sub(begin).Seconds())
	}()
	f := h.receive(w, r)
	if f == nil {
		h.counters.answered(http.StatusNoContent)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.answer(w, r, f)
}

// receive does the work and returns nil when all was stored.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request) *refusal {
	if f := acceptable(r); f != nil {
		return f
	}
	s := h.acquire()
	healthy := false
	defer func() {
		if !healthy { // a panic: the memory may still be in use somewhere
			h.counters.inFlight.Add(-s.reserved)
		}
	}()
	f := h.store(w, r, s)
	healthy = true
	h.release(s)
	return f
}

func (h *Handler) store(w http.ResponseWriter, r *http.Request, s *scratch) *refusal {
	body, f := h.read(w, r, s)
	if f != nil {
		return f
	}
	h.counters.bytes.Add(len(body))
	if len(body) == 0 {
		return refuse(http.StatusBadRequest, "empty_body", "body is empty, want a snappy-compressed prometheus.WriteRequest")
	}
	decoded, f := h.uncompress(body, s)
	if f != nil {
		return f
	}
	h.counters.decoded.Add(len(decoded))
	if err := remotewrite.Decode(decoded, &s.batch); err != nil {
		return refuse(http.StatusBadRequest, "malformed_protobuf", "decode prometheus.WriteRequest of %d bytes: %s", len(decoded), err)
	}
	samples := s.batch.Len()
	if len(s.batch.Series) == 0 {
		h.counters.stored(&s.batch, &telemetry.WriteResult{})
		return nil
	}
	result, err := h.sink.Write(r.Context(), &s.batch)
	if err != nil {
		return refuse(http.StatusServiceUnavailable, "unavailable", "nothing was stored: %s", err).after(unavailableRetry)
	}
	h.counters.stored(&s.batch, &result)
	if result.RefusedTotal() > 0 {
		return refuse(http.StatusBadRequest, "partly_refused", "%s", partly(&result, samples))
	}
	return nil
}

// accepted is what a sender must send, for the sentences that refuse it.
const accepted = "send Content-Type application/x-protobuf (remote write 1.0, proto=prometheus.WriteRequest) with Content-Encoding snappy"

// acceptable refuses what the headers alone show to be wrong.
func acceptable(r *http.Request) *refusal {
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "method", "want POST, got %s", r.Method)
	}
	if t := r.Header.Get("Content-Type"); t != "" {
		media, params, err := mime.ParseMediaType(t)
		if err != nil {
			return refuse(http.StatusUnsupportedMediaType, "content_type", "Content-Type %q: %s; %s", t, err, accepted)
		}
		if media != "application/x-protobuf" {
			return refuse(http.StatusUnsupportedMediaType, "content_type", "Content-Type %q is not accepted; %s", t, accepted)
		}
		if p := params["proto"]; p != "" && p != "prometheus.WriteRequest" {
			return refuse(http.StatusUnsupportedMediaType, "content_type", "message %q is not accepted; %s", p, accepted)
		}
	}
	// Old senders name no encoding and mean snappy.
	if e := strings.Join(r.Header.Values("Content-Encoding"), ", "); e != "" && !strings.EqualFold(e, "snappy") {
		return refuse(http.StatusUnsupportedMediaType, "content_encoding", "Content-Encoding %q is not accepted; %s", e, accepted)
	}
	return nil
}

// answer sends a refusal and tells the log, at most once per second.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, f *refusal) {
	h.counters.answered(f.code)
	h.counters.refused(f.reason)
	header := w.Header()
	switch f.code {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", http.MethodPost)
	case http.StatusRequestEntityTooLarge, http.StatusRequestTimeout:
		header.Set("Connection", "close") // the rest of the body is not wanted
	}
	if f.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(f.retryAfter.Seconds())))
	}
	http.Error(w, f.text, f.code)
	limit, message := &h.badInput, "request refused"
	if f.code >= http.StatusInternalServerError {
		limit, message = &h.faults, "request put off"
	}
	if hidden, ok := limit.allow(h.now()); ok {
		first, _, _ := strings.Cut(f.text, "\n")
		h.log.Warn(message, "protocol", protocol, "code", f.code, "reason", f.reason, "from", r.RemoteAddr, "err", first, "not_logged", hidden)
	}
}

// recovered answers a request whose handling panicked.
func (h *Handler) recovered(w http.ResponseWriter, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		panic(p) // the server's own word for closing the connection
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	id := hex.EncodeToString(b[:])
	h.counters.panics.Inc()
	h.counters.answered(http.StatusInternalServerError)
	h.log.Error("receiving panicked", "protocol", protocol, "id", id, "from", r.RemoteAddr, "panic", p, "stack", string(debug.Stack()))
	http.Error(w, "internal error "+id+"; the log tells more under this number", http.StatusInternalServerError)
}

func sizeText(n int64) string { return yamldoc.Bytes(n).String() }
