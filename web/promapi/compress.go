package promapi

import (
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// compressFrom is how many bytes of an answer are compressed: fewer fit into one packet
// as they are.
const compressFrom = 1400

// compressor compresses answers. Prometheus' handler makes a compressor of 800 kB for each
// answer, which takes longer than a small query itself; these are used again.
type compressor struct{ writers sync.Pool }

func newCompressor() *compressor {
	return &compressor{sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // an error is that of a wrong level
		return w
	}}}
}

// serve answers with next, compressed for those who take that. r belongs to the caller
// and is changed: next is not to compress again.
func (c *compressor) serve(w http.ResponseWriter, r *http.Request, next func(http.ResponseWriter, *http.Request)) {
	if !takesGzip(r.Header.Values("Accept-Encoding")) {
		next(w, r)
		return
	}
	r.Header.Del("Accept-Encoding")
	z := &compressed{ResponseWriter: w, of: c}
	next(z, r)
	z.end() // not after a panic, whose answer is another's
}

// takesGzip reports whether one of the encodings listed is gzip.
func takesGzip(accepted []string) bool {
	for _, list := range accepted {
		for one := range strings.SplitSeq(list, ",") {
			name, weight, weighed := strings.Cut(one, ";")
			if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
				continue
			}
			if !weighed {
				return true
			}
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return err == nil && q > 0
		}
	}
	return false
}

// compressed is an answer that is held back until it is long enough to be compressed, or
// at its end.
type compressed struct {
	http.ResponseWriter
	of     *compressor
	status int
	held   []byte
	zip    *gzip.Writer // not nil: what comes is compressed
}

// WriteHeader notes the status, which is sent with the body.
func (z *compressed) WriteHeader(code int) {
	if z.status == 0 {
		z.status = code
	}
}

// Write takes a part of the body.
func (z *compressed) Write(p []byte) (int, error) {
	if z.zip != nil {
		return z.zip.Write(p)
	}
	if len(z.held)+len(p) < compressFrom {
		z.held = append(z.held, p...)
		return len(p), nil
	}
	h := z.Header()
	h.Set("Content-Encoding", "gzip")
	h.Del("Content-Length")
	z.ResponseWriter.WriteHeader(max(z.status, http.StatusOK))
	z.zip = z.of.writers.Get().(*gzip.Writer)
	z.zip.Reset(z.ResponseWriter)
	if _, err := z.zip.Write(z.held); err != nil {
		return 0, err
	}
	return z.zip.Write(p)
}

// end sends what is left. Errors are those of the connection: nobody is left to be told.
func (z *compressed) end() {
	if z.zip != nil {
		_ = z.zip.Close()
		z.of.writers.Put(z.zip)
		return
	}
	if z.status != 0 {
		z.ResponseWriter.WriteHeader(z.status)
	}
	if len(z.held) > 0 {
		_, _ = z.ResponseWriter.Write(z.held)
	}
}
