package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/telemetry"
)

// scratch is the memory of one remote write request under way.
type scratch struct {
	Body
	v1    remotewrite.Decoder
	v2    remotewrite.DecoderV2
	batch telemetry.Batch
}

// Body is the memory of one request under way: what came and what it was
// unpacked to. The zero value is ready for use; it may be used again after
// Receiver.Release. It is owned by one goroutine.
type Body struct {
	body, decoded []byte
	reserved      int64
}

// Buffers and batches above these sizes are not kept for the next request, so
// that one giant does not hold its memory for ever.
const (
	maxKeptBytes  = 8 << 20
	maxKeptSeries = 1 << 16
)

func (h *Handler) acquire() *scratch {
	if s, ok := h.pool.Get().(*scratch); ok {
		return s
	}
	return &scratch{v1: remotewrite.Decoder{Known: h.known}}
}

func (h *Handler) release(s *scratch) {
	h.Release(&s.Body)
	if cap(s.batch.Series) > maxKeptSeries {
		return
	}
	s.batch.Reset()
	s.v2.Release()
	h.pool.Put(s)
}

// Reserve claims memory for a body until it is released, or refuses with 503.
func (h *Receiver) Reserve(s *Body, n int64) *Refusal {
	if !h.memory.reserve(n, int64(h.config.MaxInFlight)) {
		return h.overloaded()
	}
	h.counters.inFlight.Add(n)
	s.reserved += n
	return nil
}

func (h *Receiver) overloaded() *Refusal {
	return Refuse(http.StatusServiceUnavailable, "overloaded", "requests under way hold %s already, want at most %s; try again",
		sizeText(h.memory.used.Load()), h.config.MaxInFlight).After(overloadRetry)
}

// Release gives back what was claimed for a body. Its bytes must not be used
// any more.
func (h *Receiver) Release(s *Body) {
	h.memory.used.Add(-s.reserved)
	h.counters.inFlight.Add(-s.reserved)
	s.reserved = 0
	if cap(s.body) > maxKeptBytes {
		s.body = nil
	}
	if cap(s.decoded) > maxKeptBytes {
		s.decoded = nil
	}
}

// Read takes in the body of a request as it comes, within its limits of size and
// time. The bytes are good until the body is released.
func (h *Receiver) Read(w http.ResponseWriter, r *http.Request, s *Body) ([]byte, *Refusal) {
	if r.ContentLength > int64(h.config.MaxBody) {
		return nil, Refuse(http.StatusRequestEntityTooLarge, "body_too_large", "body has %s, want at most %s", sizeText(r.ContentLength), h.config.MaxBody)
	}
	if r.ContentLength > 0 && !h.memory.fits(r.ContentLength, int64(h.config.MaxInFlight)) {
		return nil, h.overloaded() // at once, rather than when half of it has come
	}
	// The deadline is of the connection. It is lifted once the body is whole,
	// or it would end the request while we store; after a body that is not, it
	// stays and ends the server's attempt to read the rest. Recorders have none.
	control := http.NewResponseController(w)
	timed := control.SetReadDeadline(h.now().Add(h.config.BodyTimeout.Std())) == nil
	buf := s.body[:0]
	claimed := int64(0)
	for {
		want := claim(int64(len(buf)), r.ContentLength)
		if f := h.Reserve(s, max(0, want-claimed)); f != nil {
			return nil, f
		}
		claimed = max(claimed, want)
		switch {
		case len(buf) < cap(buf):
		case r.ContentLength < 0:
			buf = append(buf, 0)[:len(buf)]
		default:
			buf = append(make([]byte, 0, claimed+1), buf...) // one more, to see the end without growing
		}
		n, err := r.Body.Read(buf[len(buf):min(cap(buf), int(claimed)+1)])
		buf = buf[:len(buf)+n]
		s.body = buf
		if len(buf) > int(h.config.MaxBody) {
			return nil, Refuse(http.StatusRequestEntityTooLarge, "body_too_large", "body is larger than %s", h.config.MaxBody)
		}
		switch {
		case errors.Is(err, io.EOF):
			if timed {
				_ = control.SetReadDeadline(time.Time{}) // cannot fail after it was set
			}
			return buf, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, Refuse(http.StatusRequestTimeout, "body_too_slow", "body did not arrive within %s, got %d bytes", h.config.BodyTimeout, len(buf))
		case err != nil:
			return nil, Refuse(http.StatusBadRequest, "body_incomplete", "read body: %s after %d bytes", err, len(buf))
		}
	}
}

// firstClaim is claimed before anything of a body has come.
const firstClaim = 64 << 10

// claim returns how much memory a body claims of which some has come, and whose length is
// as said or -1. It is twice what has come, and not the whole at once: who sends the
// beginnings of a few large bodies, and then hardly anything, keeps no one else out.
func claim(came, length int64) int64 {
	want := max(firstClaim, 2*came)
	if length >= 0 {
		want = min(want, length)
	}
	return want
}

// Unsnap undoes snappy's block format. The declared size is checked before any
// memory is taken for it. The bytes are good until s is released.
func (h *Receiver) Unsnap(body []byte, s *Body) ([]byte, *Refusal) {
	corrupt := func() *Refusal {
		return Refuse(http.StatusBadRequest, "corrupt_snappy", "body is not snappy block format: %s", looksLike(body))
	}
	n, err := s2.DecodedLen(body)
	if err != nil {
		return nil, corrupt()
	}
	if int64(n) > int64(h.config.MaxDecoded) {
		// Text read as snappy declares a size at random.
		if what := known(body); what != "" {
			return nil, corrupt()
		}
		return nil, Refuse(http.StatusRequestEntityTooLarge, "decoded_too_large", "body declares %s after decompression, want at most %s", sizeText(int64(n)), h.config.MaxDecoded)
	}
	if f := h.Reserve(s, int64(n)); f != nil {
		return nil, f
	}
	if cap(s.decoded) < n {
		s.decoded = make([]byte, n)
	}
	out, err := s2.Decode(s.decoded[:cap(s.decoded)], body)
	if err != nil {
		return nil, corrupt()
	}
	s.decoded = out
	return out, nil
}

// known names the format of a body that begins like one of those that are
// sent by mistake, or returns nothing.
func known(body []byte) string {
	for _, f := range []struct{ prefix, name string }{
		{"\xff\x06\x00\x00sNaPpY", "it is snappy's framed (stream) format; send the block format"},
		{"\x1f\x8b", "it looks like gzip"},
		{"\x28\xb5\x2f\xfd", "it looks like zstd"},
		{"{", "it looks like JSON"},
		{"# HELP ", "it looks like the text format of a scrape"},
		{"# TYPE ", "it looks like the text format of a scrape"},
	} {
		if bytes.HasPrefix(body, []byte(f.prefix)) {
			return f.name
		}
	}
	return ""
}

func looksLike(body []byte) string {
	if what := known(body); what != "" {
		return what
	}
	return fmt.Sprintf("its %d bytes are corrupt or truncated", len(body))
}
