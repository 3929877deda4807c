package ingest

import (
	"net/http"
	"strconv"
	"strings"
)

// Receive checks, reads and unpacks the body of a POST (or another method that is
// named) by its Content-Encoding. The bytes are good until b is released.
func (h *LogReceiver) Receive(w http.ResponseWriter, r *http.Request, b *Body, methods ...string) ([]byte, *Refusal) {
	if f := wants(r, methods); f != nil {
		return nil, f
	}
	if f := h.Authorize(r); f != nil {
		return nil, f
	}
	body, f := h.Read(w, r, b)
	if f != nil {
		return nil, f
	}
	decoded, f := h.Inflate(body, strings.Join(r.Header.Values("Content-Encoding"), ", "), b)
	if f != nil {
		return nil, f
	}
	h.Took(len(body), len(decoded))
	return decoded, nil
}

func wants(r *http.Request, methods []string) *Refusal {
	if len(methods) == 0 {
		methods = []string{http.MethodPost}
	}
	for _, m := range methods {
		if r.Method == m {
			return nil
		}
	}
	return Refuse(http.StatusMethodNotAllowed, "method", "want %s, got %s", strings.Join(methods, " or "), r.Method)
}

// RefuseHeaders counts a refusal and sets the headers that go with its status.
func (h *Receiver) RefuseHeaders(w http.ResponseWriter, r *http.Request, f *Refusal, allow string) {
	h.Refused(f, r.RemoteAddr)
	header := w.Header()
	switch f.Code {
	case http.StatusMethodNotAllowed:
		header.Set("Allow", allow)
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", `Bearer realm="tocsin"`)
	case http.StatusRequestEntityTooLarge, http.StatusRequestTimeout:
		header.Set("Connection", "close") // the rest of the body is not wanted
	}
	if f.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter.Seconds())))
	}
}
