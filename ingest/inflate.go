package ingest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Encodings are the values of Content-Encoding that Inflate undoes, for the
// sentences that refuse others.
const Encodings = "gzip, zstd, deflate or identity"

// maxZstdWindow bounds what a zstd frame may ask to be kept for references.
const maxZstdWindow = 8 << 20

// Inflate undoes the compression that a Content-Encoding names. The limit of
// size holds while the body is unpacked, so a small body cannot become a large
// one; the checksum at its end is verified. The bytes are good until s is
// released.
func (h *Receiver) Inflate(body []byte, encoding string, s *Body) ([]byte, *Refusal) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return h.notLarger(body)
	case "gzip", "x-gzip":
		return h.gunzip(body, s)
	case "zstd":
		return h.unzstd(body, s)
	case "deflate":
		return h.undeflate(body, s)
	}
	return nil, Refuse(http.StatusUnsupportedMediaType, "content_encoding", "Content-Encoding %q is not accepted; send %s", encoding, Encodings)
}

// notLarger holds plain bodies to the limit of unpacked ones.
func (h *Receiver) notLarger(body []byte) ([]byte, *Refusal) {
	if int64(len(body)) > int64(h.config.MaxDecoded) {
		return nil, Refuse(http.StatusRequestEntityTooLarge, "decoded_too_large", "body has %s, want at most %s", sizeText(int64(len(body))), h.config.MaxDecoded)
	}
	return body, nil
}

func (h *Receiver) gunzip(body []byte, s *Body) ([]byte, *Refusal) {
	z, ok := h.gzips.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	defer h.gzips.Put(z)
	if err := z.Reset(bytes.NewReader(body)); err != nil {
		return nil, corrupt("gzip", body, err)
	}
	return h.unpack("gzip", z, body, s)
}

func (h *Receiver) unzstd(body []byte, s *Body) ([]byte, *Refusal) {
	z, ok := h.zstds.Get().(*zstd.Decoder)
	if !ok {
		// One at a time decodes without goroutines, so nothing must be closed.
		var err error
		z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, Refuse(http.StatusUnsupportedMediaType, "content_encoding", "make zstd decoder: %s; send gzip", err)
		}
	}
	defer h.zstds.Put(z)
	if err := z.Reset(bytes.NewReader(body)); err != nil {
		return nil, corrupt("zstd", body, err)
	}
	return h.unpack("zstd", z, body, s)
}

// undeflate undoes what HTTP calls deflate, which is zlib's format, and the bare
// format without its header, which some senders mean.
func (h *Receiver) undeflate(body []byte, s *Body) ([]byte, *Refusal) {
	if len(body) >= 2 && body[0]&0x0f == 8 && (int(body[0])<<8|int(body[1]))%31 == 0 {
		z, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, corrupt("deflate", body, err)
		}
		return h.unpack("deflate", z, body, s)
	}
	return h.unpack("deflate", flate.NewReader(bytes.NewReader(body)), body, s)
}

// firstUnpacked is how much memory an unpacked body is given at first; it is
// doubled as need be.
const firstUnpacked = 64 << 10

// unpack reads a decompressor to its end. Each step is claimed before it is taken.
func (h *Receiver) unpack(format string, from io.Reader, body []byte, s *Body) ([]byte, *Refusal) {
	limit := int(h.config.MaxDecoded)
	buf := s.decoded[:0]
	if f := h.Reserve(s, int64(cap(buf))); f != nil {
		return nil, f
	}
	for {
		if len(buf) == cap(buf) {
			grown := min(max(firstUnpacked, 2*cap(buf)), limit+1)
			if f := h.Reserve(s, int64(grown-cap(buf))); f != nil {
				return nil, f
			}
			buf = append(make([]byte, 0, grown), buf...)
			s.decoded = buf
		}
		n, err := from.Read(buf[len(buf):min(cap(buf), limit+1)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return nil, Refuse(http.StatusRequestEntityTooLarge, "decoded_too_large", "body of %s has more than %s after decompression", sizeText(int64(len(body))), h.config.MaxDecoded)
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, corrupt(format, body, err)
		}
	}
}

func corrupt(format string, body []byte, err error) *Refusal {
	what := ""
	if k := known(body); k != "" && !strings.Contains(k, format) {
		what = "; " + k
	}
	return Refuse(http.StatusBadRequest, "corrupt_"+format, "body of %d bytes is not whole %s: %s%s", len(body), format, err, what)
}
