package ingest

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Receiver is what the receivers of all protocols share: limits of bodies,
// counters by protocol, and a log that a storm of bad requests does not fill. It
// is safe for concurrent use.
type Receiver struct {
	config   Config
	log      *slog.Logger
	now      func() time.Time
	counters *counters
	memory   *Memory
	badInput throttle
	faults   throttle
	gzips    sync.Pool // of *gzip.Reader
	zstds    sync.Pool // of *zstd.Decoder
}

// NewReceiver returns the shared part of a receiver. protocol is its word in
// metrics and in the log. Of the options the sink is not used.
func NewReceiver(protocol string, o Options) *Receiver { return newReceiver(protocol, o, false) }

func newReceiver(protocol string, o Options, logs bool) *Receiver {
	r := &Receiver{config: o.Config, log: o.Logger, now: o.Now, counters: newCounters(protocol, o.Metrics, logs), memory: o.Memory}
	if r.now == nil {
		r.now = time.Now
	}
	if r.memory == nil {
		r.memory = new(Memory)
	}
	return r
}

// Config returns the limits.
func (h *Receiver) Config() Config { return h.config }

// Now returns the time of the receiver's clock.
func (h *Receiver) Now() time.Time { return h.now() }

// Do runs the handling of one request: it is counted and timed, and a panic is
// answered with 500 and a number found in the log.
func (h *Receiver) Do(w http.ResponseWriter, r *http.Request, serve func()) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p) // the server's own word for closing the connection
			}
			http.Error(w, h.Recovered(p, r.RemoteAddr), http.StatusInternalServerError)
		}
	}()
	h.Timed(serve)
}

// Timed counts and times the handling of one request.
func (h *Receiver) Timed(serve func()) {
	begin := h.now()
	h.counters.requests.Add(1)
	defer func() {
		h.counters.requests.Add(-1)
		h.counters.duration.Update(h.now().Sub(begin).Seconds())
	}()
	serve()
}

// Recovered logs and counts a panic of a request and returns what its sender is
// told: a number found in the log.
func (h *Receiver) Recovered(p any, from string) string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	id := hex.EncodeToString(b[:])
	h.counters.panics.Inc()
	h.counters.answered(http.StatusInternalServerError)
	h.log.Error("receiving panicked", "protocol", h.counters.protocol, "id", id, "from", from, "panic", p, "stack", string(debug.Stack()))
	return "internal error " + id + "; the log tells more under this number"
}

// Answered counts a request that was taken, by the status it got.
func (h *Receiver) Answered(code int) { h.counters.answered(code) }

// Refused counts a refusal and tells the log, at most once per second.
func (h *Receiver) Refused(f *Refusal, from string) {
	h.counters.answered(f.Code)
	h.counters.refused(f.Reason)
	limit, message := &h.badInput, "request refused"
	if f.Code >= http.StatusInternalServerError {
		limit, message = &h.faults, "request put off"
	}
	if hidden, ok := limit.allow(h.now()); ok {
		first, _, _ := strings.Cut(f.Text, "\n")
		h.log.Warn(message, "protocol", h.counters.protocol, "code", f.Code, "reason", f.Reason, "from", from, "err", first, "not_logged", hidden)
	}
}

// Warn logs what was wrong with a part of a request that was taken, at most once per
// second together with the refusals.
func (h *Receiver) Warn(text, from string) {
	if hidden, ok := h.badInput.allow(h.now()); ok {
		h.log.Warn("request taken in part", "protocol", h.counters.protocol, "from", from, "err", text, "not_logged", hidden)
	}
}

// Took counts the bytes of a body as it came and after decompression.
func (h *Receiver) Took(body, decoded int) {
	h.counters.bytes.Add(body)
	h.counters.decoded.Add(decoded)
}

// Stored counts what became of the samples of a batch.
func (h *Receiver) Stored(r *telemetry.WriteResult) { h.counters.stored(r) }

// DroppedExemplars counts n exemplars of points that the receiver itself refused.
func (h *Receiver) DroppedExemplars(reason string, n int) { h.counters.droppedExemplars(reason, n) }

// Rejected counts n samples or points that the receiver itself refused.
func (h *Receiver) Rejected(reason string, n int) { h.counters.rejected(reason, n) }
