package ingest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
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

// Knower is a Sink that knows series by the bytes of their labels, which saves the
// decoder of remote write 1.0 a look into them; see remotewrite.Decoder.Known. It may be
// called by many goroutines at once.
type Knower interface {
	Known(series []telemetry.Series, known []bool)
}

// Options are what a Handler is made of.
type Options struct {
	Sink    Sink   // may be a Knower
	Config  Config // see Config.Validate
	Logger  *slog.Logger
	Metrics *metrics.Set
	Now     func() time.Time // nil is time.Now
	// Memory is what the bodies of all receivers together may hold, by
	// Config.MaxInFlight; nil gives the receiver one for itself.
	Memory *Memory
}

// Waits named in Retry-After.
const (
	overloadRetry    = time.Second
	unavailableRetry = 5 * time.Second
)

// Handler receives Prometheus remote write 1.0 and 2.0. It is safe for concurrent use.
type Handler struct {
	*Receiver
	sink     Sink
	known    func([]telemetry.Series, []bool)       // nil if the sink is no Knower
	versions [len(messageVersions)]*metrics.Counter // requests by message
	pool     sync.Pool                              // of *scratch
}

// NewHandler returns the handler of POST /api/v1/write.
func NewHandler(o Options) http.Handler {
	h := &Handler{Receiver: NewReceiver("remote_write", o), sink: o.Sink}
	if k, ok := o.Sink.(Knower); ok {
		h.known = k.Known
	}
	for m, version := range messageVersions {
		h.versions[m] = o.Metrics.NewCounter(`tocsin_ingest_requests_by_version_total{protocol="remote_write",version="` + version + `"}`)
	}
	return h
}

// ServeHTTP answers 204 when all was stored, 400 when the request is at fault
// in whole or in part (what is good in it is stored), 405, 408, 413 and 415
// for what HTTP has a status for, and 503 with Retry-After when nothing could
// be stored now. A panic is answered with 500 and a number found in the log.
// Every answer to a request of 2.0 tells how much was written.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Do(w, r, func() { h.serve(w, r) })
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) {
	m, f := acceptable(r)
	h.versions[m].Inc()
	if m == messageV2 {
		setWritten(w.Header(), telemetry.WriteResult{})
	}
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
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, m message) *Refusal {
	s := h.acquire()
	healthy := false
	defer func() {
		if !healthy { // a panic: the memory may still be in use somewhere
			h.Release(&Body{reserved: s.reserved})
		}
	}()
	f := h.store(w, r, s, m)
	healthy = true
	h.release(s)
	return f
}

func (h *Handler) store(w http.ResponseWriter, r *http.Request, s *scratch, m message) *Refusal {
	body, f := h.Read(w, r, &s.Body)
	if f != nil {
		return f
	}
	h.counters.bytes.Add(len(body))
	if len(body) == 0 {
		return Refuse(http.StatusBadRequest, "empty_body", "body is empty, want a snappy-compressed %s", m)
	}
	decoded, f := h.Unsnap(body, &s.Body)
	if f != nil {
		return f
	}
	h.counters.decoded.Add(len(decoded))
	if err := s.decode(m, decoded); err != nil {
		var e *remotewrite.Error
		if errors.As(err, &e) && e.TooMany {
			return Refuse(http.StatusRequestEntityTooLarge, "too_many_entries", "decode %s of %d bytes: %s", m, len(decoded), err)
		}
		return Refuse(http.StatusBadRequest, "malformed_protobuf", "decode %s of %d bytes: %s", m, len(decoded), err)
	}
	samples := s.batch.Len()
	var left telemetry.WriteResult // out by the decoder
	if m == messageV2 {
		var lost int
		left, lost = s.v2.Refused()
		samples += lost
	}
	if len(s.batch.Series)+len(s.batch.Metadata) == 0 {
		h.counters.stored(&left)
		return PartlyRefused(&left, samples)
	}
	s.batch.Source = Source(r, h.config.SourceHeader)
	var mixed telemetry.WriteResult
	if m == messageV2 {
		mixed = withoutMixed(&s.batch)
	}
	result, err := h.sink.Write(r.Context(), &s.batch)
	if err != nil {
		return Unavailable(err)
	}
	result.Merge(mixed)
	result.MergeLeftOut(left)
	h.counters.stored(&result)
	if m == messageV2 {
		setWritten(w.Header(), result)
	}
	return PartlyRefused(&result, samples)
}

// answer sends a refusal.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, f *Refusal) {
	h.Refused(f, r.RemoteAddr)
	header := w.Header()
	switch f.Code {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", http.MethodPost)
	case http.StatusRequestEntityTooLarge, http.StatusRequestTimeout:
		header.Set("Connection", "close") // the rest of the body is not wanted
	}
	if f.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
	http.Error(w, f.Text, f.Code)
}

func sizeText(n int64) string { return yamldoc.Bytes(n).String() }
