package otlp

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tocsinhq/tocsin/ingest"
)

// Types of content.
const (
	typeProtobuf = "application/x-protobuf"
	typeJSON     = "application/json"
)

// Handler answers POST of an ExportMetricsServiceRequest in protobuf or JSON, as
// /v1/metrics of OpenTelemetry does. It is safe for concurrent use.
type Handler struct{ *Service }

// ServeHTTP answers 200 when the export was taken, also when some or all of its
// points were refused, which the partial success then says; 400, 405, 408, 413 and
// 415 for a request that cannot be read, and 503 with Retry-After when nothing could
// be stored now. Errors are a google.rpc.Status in the encoding of the request.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Do(w, r, func() {
		var b ingest.Body
		defer h.Release(&b)
		encoding, refusal := acceptable(r)
		if refusal == nil {
			var response pmetricotlp.ExportResponse
			response, refusal = h.receive(w, r, encoding, &b)
			if refusal == nil {
				respond(h, w, encoding, response)
				return
			}
		}
		h.refuse(w, r, encoding, refusal)
	})
}

// acceptable returns the encoding of the request, or refuses what the headers alone
// show to be wrong.
func acceptable(r *http.Request) (encoding string, f *ingest.Refusal) {
	t := r.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(t)
	switch {
	case r.Method != http.MethodPost:
		return "", ingest.Refuse(http.StatusMethodNotAllowed, "method", "want POST, got %s", r.Method)
	case err == nil && (media == typeProtobuf || media == typeJSON):
		return media, nil
	}
	return "", ingest.Refuse(http.StatusUnsupportedMediaType, "content_type", "Content-Type %q is not accepted; send %s or %s", t, typeProtobuf, typeJSON)
}

// receive reads, decodes and stores.
func (h Handler) receive(w http.ResponseWriter, r *http.Request, encoding string, b *ingest.Body) (pmetricotlp.ExportResponse, *ingest.Refusal) {
	none := pmetricotlp.ExportResponse{}
	body, f := h.Read(w, r, b)
	if f != nil {
		return none, f
	}
	decoded, f := h.Inflate(body, strings.Join(r.Header.Values("Content-Encoding"), ", "), b)
	if f != nil {
		return none, f
	}
	h.Took(len(body), len(decoded))
	request, f := h.decode(decoded, encoding, b)
	if f != nil {
		return none, f
	}
	return h.Take(r.Context(), request, ingest.Source(r, h.Config().SourceHeader))
}

// decode reads an export request. What it takes in memory is claimed before.
func (s *Service) decode(body []byte, encoding string, b *ingest.Body) (pmetricotlp.ExportRequest, *ingest.Refusal) {
	request := pmetricotlp.NewExportRequest()
	text := trimmed(body)
	switch {
	case encoding == typeProtobuf:
		if f := refuseMistaken(body, encoding); f != nil {
			return request, f
		}
		entries, err := shallow(body)
		return request, s.unmarshal(body, b, entries, err, request.UnmarshalProto)
	case len(text) == 0:
		return request, ingest.Refuse(http.StatusBadRequest, "malformed", "body is empty, want a JSON object such as {}")
	case text[0] != '{':
		return request, ingest.Refuse(http.StatusBadRequest, "malformed", "want a JSON object, got %d bytes that begin with %q", len(body), text[:1])
	default:
		entries, err := shallowJSON(body)
		return request, s.unmarshal(body, b, entries, err, func(body []byte) error {
			return faultOfJSON(body, request.UnmarshalJSON(body))
		})
	}
}

// unmarshal decodes a body of so many entries, unless the look at it gave an error.
func (s *Service) unmarshal(body []byte, b *ingest.Body, entries int, err error, decode func([]byte) error) *ingest.Refusal {
	if errors.Is(err, errTooManyEntries) {
		return ingest.Refuse(http.StatusRequestEntityTooLarge, "too_many_entries", "%s", err)
	}
	if err == nil {
		// No more than is left beside the largest body, or it could never pass.
		limits := s.Config()
		left := int64(limits.MaxInFlight - limits.MaxBody - limits.MaxDecoded)
		if f := s.Reserve(b, max(0, min(int64(entries)*entryBytes, left))); f != nil {
			return f
		}
		if err = decode(body); err == nil {
			return nil
		}
	}
	return ingest.Refuse(http.StatusBadRequest, "malformed", "decode ExportMetricsServiceRequest of %d bytes: %s", len(body), err)
}

// response is what an export is answered with, of metrics, logs or spans.
type response interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// counter counts answers, as an ingest.Receiver does.
type counter interface{ Answered(code int) }

// respond sends the response in the encoding of the request.
func respond(h counter, w http.ResponseWriter, encoding string, r response) {
	marshal := r.MarshalProto
	if encoding == typeJSON {
		marshal = r.MarshalJSON
	}
	body, err := marshal()
	if err != nil {
		panic(fmt.Sprintf("marshal %T: %s", r, err))
	}
	h.Answered(http.StatusOK)
	send(w, http.StatusOK, encoding, body)
}

// refuse sends an error in the encoding of the request, or as text if that is the
// fault.
func (h Handler) refuse(w http.ResponseWriter, r *http.Request, encoding string, f *ingest.Refusal) {
	h.RefuseHeaders(w, r, f, http.MethodPost)
	answerStatus(w, encoding, f)
}

// answerStatus sends a refusal in the encoding of the request, or as text if there is
// none.
func answerStatus(w http.ResponseWriter, encoding string, f *ingest.Refusal) {
	body, err := encodeStatus(statusOf(f), encoding)
	if encoding == "" || err != nil {
		http.Error(w, f.Text, f.Code)
		return
	}
	send(w, f.Code, encoding, body)
}

// encodeStatus returns a google.rpc.Status.
func encodeStatus(st *status.Status, encoding string) ([]byte, error) {
	if encoding == typeJSON {
		return protojson.Marshal(st.Proto())
	}
	return proto.Marshal(st.Proto())
}

func send(w http.ResponseWriter, code int, encoding string, body []byte) {
	w.Header().Set("Content-Type", encoding)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // the sender went away
}
