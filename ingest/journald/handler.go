package journald

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
)

// Path is where systemd-journal-upload posts to.
const Path = "/upload"

// Bounds of uploads.
const (
	maxUploads = 64
	chunkBytes = 64 << 10
	idle       = time.Hour // a quiet machine sends nothing for long
	dueEvery   = 250 * time.Millisecond
	lastWithin = 5 * time.Second // what is held at the end is stored, unless the store refuses it
)

// Handler takes uploads of the journal. It is safe for concurrent use.
type Handler struct {
	*ingest.LogReceiver
	joiner *logline.Joiner

	mu    sync.Mutex
	open  map[*http.ResponseController]bool
	ended bool
}

// NewHandler returns the handler of Path. It starts nothing; see Run.
func NewHandler(o ingest.LogOptions) *Handler {
	return &Handler{LogReceiver: ingest.NewLogReceiver("journald", o), joiner: logline.NewJoiner(), open: map[*http.ResponseController]bool{}}
}

// Run lets go what is held back for a second, until ctx ends. Then it ends the
// uploads under way, which would go on for ever, and stores what they held.
func (h *Handler) Run(ctx context.Context) error {
	tick := time.NewTicker(dueEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.Due(ctx, h.joiner, "journald", h.Now(), false)
			continue
		case <-ctx.Done():
		}
		break
	}
	h.mu.Lock()
	h.ended = true
	for c := range h.open {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // a recorder has none
	}
	h.mu.Unlock()
	h.letGo(ctx, "journald")
	return nil
}

// letGo stores at the end all that is held back.
func (h *Handler) letGo(ctx context.Context, source string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
	defer cancel()
	h.Due(ctx, h.joiner, source, h.Now(), true)
}

// ServeHTTP stores entries as they come and answers 202 when the body has ended, 401, 403,
// 405, 408 and 415 for what HTTP has a status for, and 503 when there are too many uploads or
// the daemon stops. All that came before is stored.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Do(w, r, func() {
		if f := h.upload(w, r); f != nil {
			h.RefuseHeaders(w, r, f, http.MethodPost)
			http.Error(w, f.Text, f.Code)
			return
		}
		h.Answered(http.StatusAccepted)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "OK.\n") // the sender went away
	})
}

func (h *Handler) upload(w http.ResponseWriter, r *http.Request) *ingest.Refusal {
	if r.Method != http.MethodPost {
		return ingest.Refuse(http.StatusMethodNotAllowed, "method", "want POST, got %s", r.Method)
	}
	if f := h.Authorize(r); f != nil {
		return f
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/vnd.fdo.journal" {
		return ingest.Refuse(http.StatusUnsupportedMediaType, "content_type", "Content-Type %q is not accepted; send application/vnd.fdo.journal", r.Header.Get("Content-Type"))
	}
	if e := strings.Join(r.Header.Values("Content-Encoding"), ", "); e != "" && !strings.EqualFold(e, "identity") {
		return ingest.Refuse(http.StatusUnsupportedMediaType, "content_encoding", "Content-Encoding %q is not accepted; send the journal as it is", e)
	}
	var b ingest.Body
	if f := h.Reserve(&b, maxField); f != nil {
		return f
	}
	defer h.Release(&b)
	control := http.NewResponseController(w)
	if f := h.enter(control); f != nil {
		return f
	}
	defer h.leave(control)
	f := h.read(r, control)
	if h.stopping() { // Run lets nothing go any more
		h.letGo(r.Context(), ingest.Source(r, h.Config().SourceHeader))
	}
	return f
}

func (h *Handler) enter(c *http.ResponseController) *ingest.Refusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ended:
		return ingest.Refuse(http.StatusServiceUnavailable, "stopping", "the daemon is stopping; try again").After(5 * time.Second)
	case len(h.open) >= maxUploads:
		return ingest.Refuse(http.StatusServiceUnavailable, "too_many_uploads", "%d uploads are under way already", len(h.open)).After(time.Minute)
	}
	h.open[c] = true
	return nil
}

func (h *Handler) leave(c *http.ResponseController) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, c)
	_ = c.SetReadDeadline(time.Time{}) // for what comes on the connection next
}

// read stores what comes, piece by piece.
func (h *Handler) read(r *http.Request, control *http.ResponseController) *ingest.Refusal {
	source := ingest.Source(r, h.Config().SourceHeader)
	d := new(Decoder)
	buf := make([]byte, chunkBytes)
	for {
		wait := idle
		if d.Partial() {
			wait = h.Config().BodyTimeout.Std()
		}
		h.mu.Lock()
		if !h.ended {
			_ = control.SetReadDeadline(h.Now().Add(wait)) // a recorder has none
		}
		h.mu.Unlock()
		n, err := r.Body.Read(buf)
		if n > 0 || err != nil {
			if f := h.store(r.Context(), d, buf[:n], err != nil, source); f != nil {
				return f
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			h.Due(r.Context(), h.joiner, source, h.Now(), true)
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded) && h.stopping():
			return ingest.Refuse(http.StatusServiceUnavailable, "stopping", "the daemon is stopping; try again").After(5 * time.Second)
		case errors.Is(err, os.ErrDeadlineExceeded):
			return ingest.Refuse(http.StatusRequestTimeout, "body_too_slow", "nothing came for %s", wait)
		case err != nil:
			return ingest.Refuse(http.StatusBadRequest, "body_incomplete", "read body: %s", err)
		}
	}
}

func (h *Handler) stopping() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended
}

// store writes the entries that a piece completes.
func (h *Handler) store(ctx context.Context, d *Decoder, piece []byte, end bool, source string) *ingest.Refusal {
	h.Took(len(piece), len(piece))
	before := d.Skipped()
	report := h.Take(ctx, ingest.LogTake{Source: source, Size: len(piece), Joiner: h.joiner, Patient: true, Decode: func(s *logline.Sheet) {
		d.Feed(piece, s)
		if end {
			d.End(s)
		}
	}})
	if n := d.Skipped() - before; n > 0 {
		h.Rejected("field_too_large", n)
	}
	if report.Err != nil {
		return report.Refusal()
	}
	return nil
}
