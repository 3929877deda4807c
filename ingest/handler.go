package ingest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
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

// Handler receives Prometheus remote write 1.0 and 2.0. It is safe for concurrent use.
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
// Every answer to a request of 2.0 tells how much was written.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := h.now()
	h.counters.requests.Add(1)
	m, f := acceptable(r)
	h.counters.spoken(m)
	if m == messageV2 {
		setWritten(w.Header(), telemetry.WriteResult{})
	}
	defer func() {
		if p := recover(); p != nil {
			h.recovered(w, r, p)
		}
		h.counters.requests.Add(-1)
		h.counters.duration.Update(h.now().Sub(begin).Seconds())
	}()
	if f == nil {
		f = h.receive(w, r, m)
	}
	if f == nil {
		h.counters.answered(http.StatusNoContent)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.answer(w, r, f)
}

// receive does the work and returns nil when all was stored.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, m message) *refusal {
	s := h.acquire()
	healthy := false
	defer func() {
		if !healthy { // a panic: the memory may still be in use somewhere
			h.counters.inFlight.Add(-s.reserved)
		}
	}()
	f := h.store(w, r, s, m)
	healthy = true
	h.release(s)
	return f
}

func (h *Handler) store(w http.ResponseWriter, r *http.Request, s *scratch, m message) *refusal {
	body, f := h.read(w, r, s)
	if f != nil {
		return f
	}
	h.counters.bytes.Add(len(body))
	if len(body) == 0 {
		return refuse(http.StatusBadRequest, "empty_body", "body is empty, want a snappy-compressed %s", m)
	}
	decoded, f := h.uncompress(body, s)
	if f != nil {
		return f
	}
	h.counters.decoded.Add(len(decoded))
	if err := s.decode(m, decoded); err != nil {
		var e *remotewrite.Error
		if errors.As(err, &e) && e.TooMany {
			return refuse(http.StatusRequestEntityTooLarge, "too_many_entries", "decode %s of %d bytes: %s", m, len(decoded), err)
		}
		return refuse(http.StatusBadRequest, "malformed_protobuf", "decode %s of %d bytes: %s", m, len(decoded), err)
	}
	samples := s.batch.Len()
	if len(s.batch.Series)+len(s.batch.Metadata) == 0 {
		return nil
	}
	s.batch.Source = Source(r, h.config.SourceHeader)
	var mixed telemetry.WriteResult
	if m == messageV2 {
		mixed = withoutMixed(&s.batch)
	}
	result, err := h.sink.Write(r.Context(), &s.batch)
	if err != nil {
		return refuse(http.StatusServiceUnavailable, "unavailable", "nothing was stored: %s", err).after(unavailableRetry)
	}
	result.Merge(mixed)
	h.counters.stored(&result)
	if m == messageV2 {
		setWritten(w.Header(), result)
	}
	if result.RefusedTotal() > 0 {
		return refusedPart(&result, samples)
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
