package otlp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// TraceService takes exports of traces, whichever way they came. It is safe for
// concurrent use.
type TraceService struct {
	*ingest.Receiver
	sink    ingest.SpanSink
	batches sync.Pool // of *telemetry.SpanBatch
}

// NewTraceService returns a service over a sink of spans. It starts nothing.
func NewTraceService(o ingest.Options, sink ingest.SpanSink) *TraceService {
	return &TraceService{Receiver: ingest.NewReceiver("otlp_traces", o), sink: sink}
}

// TraceHandler answers POST of an ExportTraceServiceRequest in protobuf or JSON, as
// /v1/traces of OpenTelemetry does. It is safe for concurrent use.
type TraceHandler struct{ *TraceService }

// ServeHTTP answers 200 when the export was read, also when some or all of its spans
// were refused, which the partial success then says; 400, 405, 408, 413 and 415 for a
// request that cannot be read (the spans before the fault were taken), and 503 with
// Retry-After when there is no memory for it now. Errors are a google.rpc.Status in the
// encoding of the request.
func (h TraceHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Do(w, r, func() {
		var b ingest.Body
		defer h.Release(&b)
		encoding, refusal := acceptable(r)
		if refusal == nil {
			var response ptraceotlp.ExportResponse
			if response, refusal = h.receive(w, r, encoding, &b); refusal == nil {
				respond(h, w, encoding, response)
				return
			}
		}
		h.RefuseHeaders(w, r, refusal, http.MethodPost)
		answerStatus(w, encoding, refusal)
	})
}

// receive reads, decodes and hands on.
func (h TraceHandler) receive(w http.ResponseWriter, r *http.Request, encoding string, b *ingest.Body) (ptraceotlp.ExportResponse, *ingest.Refusal) {
	none := ptraceotlp.ExportResponse{}
	body, f := h.Read(w, r, b)
	if f != nil {
		return none, f
	}
	decoded, f := h.Inflate(body, strings.Join(r.Header.Values("Content-Encoding"), ", "), b)
	if f != nil {
		return none, f
	}
	h.Took(len(body), len(decoded))
	return h.take(decoded, encoding, b, ingest.Source(r, h.Config().SourceHeader))
}

// take decodes an export, hands its spans on and returns the response.
func (s *TraceService) take(body []byte, encoding string, b *ingest.Body, from string) (ptraceotlp.ExportResponse, *ingest.Refusal) {
	response := ptraceotlp.NewExportResponse()
	if f := refuseMistaken(body, encoding); f != nil {
		return response, f
	}
	if encoding == typeJSON {
		packed, f := s.pack(body, b)
		if f != nil {
			return response, f
		}
		body = packed
	}
	result, err := s.decode(body)
	for reason, n := range result.Refused {
		s.Rejected(reason, n)
	}
	told := ""
	if n := result.RefusedTotal(); n > 0 {
		told = fmt.Sprintf("took %d of %d spans; %s", result.Taken, result.Taken+n, strings.ToValidUTF8(result.First, "\uFFFD"))
	}
	if err != nil {
		return response, ingest.Refuse(http.StatusBadRequest, "malformed", "decode ExportTraceServiceRequest of %d bytes: %s; the %d spans before that were taken", len(body), err, result.Taken)
	}
	if told != "" {
		response.PartialSuccess().SetRejectedSpans(int64(result.RefusedTotal()))
		response.PartialSuccess().SetErrorMessage(told)
		s.Warn(told, from)
	}
	return response, nil
}

// decode hands on the spans of an export in protobuf.
func (s *TraceService) decode(body []byte) (telemetry.SpanResult, error) {
	batch, ok := s.batches.Get().(*telemetry.SpanBatch)
	if !ok {
		batch = new(telemetry.SpanBatch)
	}
	var result telemetry.SpanResult
	err := DecodeSpans(body, batch, &result, func() {
		s.sink.TakeSpans(batch, &result)
		batch.Reset()
	})
	batch.Reset()
	s.batches.Put(batch) // not after a panic: then it may still be in use
	return result, err
}

// pack turns JSON into protobuf, so that one decoder decides. What both take in memory
// is claimed before.
func (s *TraceService) pack(body []byte, b *ingest.Body) ([]byte, *ingest.Refusal) {
	entries, err := shallowJSON(body)
	if errors.Is(err, errTooManyEntries) {
		return nil, ingest.Refuse(http.StatusRequestEntityTooLarge, "too_many_entries", "more than %d spans, attributes and values in one export; send them in smaller ones", maxEntries)
	}
	if err == nil {
		limits := s.Config()
		left := int64(limits.MaxInFlight - limits.MaxBody - limits.MaxDecoded)
		if f := s.Reserve(b, max(0, min(int64(entries)*entryBytes+int64(len(body)), left))); f != nil {
			return nil, f
		}
		var packed []byte
		if packed, err = packSpans(body); err == nil {
			return packed, nil
		}
		err = faultOfJSON(body, err)
	}
	return nil, ingest.Refuse(http.StatusBadRequest, "malformed", "decode ExportTraceServiceRequest of %d bytes of JSON: %s", len(body), err)
}

// packSpans returns an ExportTraceServiceRequest that came in JSON as protobuf.
func packSpans(body []byte) ([]byte, error) {
	request := ptraceotlp.NewExportRequest()
	if err := request.UnmarshalJSON(body); err != nil {
		return nil, err
	}
	return request.MarshalProto()
}

// export takes a message that came by gRPC and returns the response, encoded.
func (s *TraceService) export(_ context.Context, message []byte, b *ingest.Body, from string) ([]byte, *ingest.Refusal, error) {
	if f := s.Reserve(b, int64(len(message))); f != nil {
		return nil, f, nil
	}
	s.Took(len(message), len(message))
	response, f := s.take(message, typeProtobuf, b, ingest.Host(from))
	if f != nil {
		return nil, f, nil
	}
	body, err := response.MarshalProto()
	if err != nil {
		return nil, nil, fmt.Errorf("marshal ExportTraceServiceResponse: %w", err)
	}
	return body, nil, nil
}
