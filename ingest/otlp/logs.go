package otlp

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc/metadata"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
)

// LogService takes exports of logs, whichever way they came. It is safe for
// concurrent use.
type LogService struct{ *ingest.LogReceiver }

// NewLogService returns a service. It starts nothing.
func NewLogService(o ingest.LogOptions) *LogService {
	return &LogService{ingest.NewLogReceiver("otlp_logs", o)}
}

// LogHandler answers POST of an ExportLogsServiceRequest in protobuf or JSON, as
// /v1/logs of OpenTelemetry does. It is safe for concurrent use.
type LogHandler struct{ *LogService }

// ServeHTTP answers 200 when the export was read, also when some or all of its records
// were refused, which the partial success then says; 400, 401, 403, 405, 408, 413 and 415
// for a request that cannot be read (the records before the fault are stored), and 503
// with Retry-After when nothing could be stored now. Errors are a google.rpc.Status in
// the encoding of the request.
func (h LogHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.Do(w, r, func() {
		var b ingest.Body
		defer h.Release(&b)
		encoding, refusal := acceptable(r)
		if refusal == nil {
			var body []byte
			if body, refusal = h.Receive(w, r, &b); refusal == nil {
				var response plogotlp.ExportResponse
				if response, refusal = h.take(r.Context(), body, encoding, ingest.Source(r, h.Config().SourceHeader)); refusal == nil {
					respond(h, w, encoding, response)
					return
				}
			}
		}
		h.RefuseHeaders(w, r, refusal, http.MethodPost)
		answerStatus(w, encoding, refusal)
	})
}

// take decodes and stores an export and returns the response.
func (s *LogService) take(ctx context.Context, body []byte, encoding, from string) (plogotlp.ExportResponse, *ingest.Refusal) {
	response := plogotlp.NewExportResponse()
	decode := DecodeLogs
	if f := refuseMistaken(body, encoding); f != nil {
		return response, f
	}
	if encoding == typeJSON {
		decode = DecodeLogsJSON
	}
	var malformed error
	report := s.Take(ctx, ingest.LogTake{Source: from, Size: len(body), Decode: func(sheet *logline.Sheet) { malformed = decode(body, sheet) }})
	switch f := report.Refusal(); {
	case report.Err != nil || f != nil && f.Code == http.StatusTooManyRequests:
		return response, f
	case malformed != nil:
		return response, ingest.Refuse(http.StatusBadRequest, "malformed", "decode ExportLogsServiceRequest of %d bytes: %s; %s", len(body), malformed, report.Text())
	case f != nil:
		response.PartialSuccess().SetRejectedLogRecords(int64(report.RefusedTotal()))
		response.PartialSuccess().SetErrorMessage(f.Text)
	}
	return response, nil
}

// export takes a message that came by gRPC and returns the response, encoded.
func (s *LogService) export(ctx context.Context, message []byte, b *ingest.Body, from string) ([]byte, *ingest.Refusal, error) {
	if f := s.Authorize(shown(ctx)); f != nil {
		return nil, f, nil
	}
	if f := s.Reserve(b, int64(len(message))); f != nil {
		return nil, f, nil
	}
	s.Took(len(message), len(message))
	response, f := s.take(ctx, message, typeProtobuf, ingest.Host(from))
	if f != nil {
		return nil, f, nil
	}
	body, err := response.MarshalProto()
	if err != nil {
		return nil, nil, errors.New("marshal ExportLogsServiceResponse: " + err.Error())
	}
	return body, nil, nil
}

// shown is a request with the headers of a call by gRPC, in which keys are looked for.
func shown(ctx context.Context) *http.Request {
	r := &http.Request{Header: http.Header{}, URL: new(url.URL)}
	md, _ := metadata.FromIncomingContext(ctx) // none without
	for _, name := range []string{"Authorization", "X-Api-Key", "DD-API-KEY"} {
		for _, v := range md.Get(name) {
			r.Header.Add(name, v)
		}
	}
	return r
}
