package otlp_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tocsinhq/tocsin/ingest/otlp"
)

// sized lengthens a name until the first resource of an export has so many bytes, whose
// number is that of a bracket and stands behind a line feed, the mark of the resource.
func sized(t *testing.T, size byte, export func(name string) ([]byte, error)) []byte {
	t.Helper()
	for n := 1; n < int(size); n++ {
		body, err := export(strings.Repeat("n", n))
		if err != nil {
			t.Fatal(err)
		}
		if body[0] == '\n' && body[1] == size {
			return body
		}
	}
	t.Fatalf("no export has a resource of %d bytes", size)
	return nil
}

// whole is a response with an empty partial success.
const whole = "\n\x00"

// Each kind of export, over HTTP, in the sizes that look like a line feed and a bracket.
func TestHandlers_ExportThatBeginsLikeJSON_IsTaken(t *testing.T) {
	for _, size := range []byte{'[', '{'} {
		r := newRig(t, nil)
		body := sized(t, size, func(name string) ([]byte, error) {
			e := newExport(start)
			e.gauge(name, 1)
			return pmetricotlp.NewExportRequestFromMetrics(e.Metrics).MarshalProto()
		})
		if w := r.post(body); w.Code != 200 || w.Body.String() != whole {
			t.Errorf("metrics of %d bytes: got %d %q", size, w.Code, w.Body)
		}
		r.expect(`count({job="unknown_service"})`, `{} 1`)

		logs := newLogRig(nil)
		body = sized(t, size, func(text string) ([]byte, error) {
			ld := plog.NewLogs()
			ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(text)
			return plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
		})
		if w := logs.post("application/x-protobuf", body); w.Code != 200 || w.Body.String() != whole {
			t.Errorf("logs of %d bytes: got %d %q", size, w.Code, w.Body)
		}

		traces := newTraceRig()
		body = sized(t, size, func(name string) ([]byte, error) {
			td := someTraces()
			td.ResourceSpans().At(2).MoveTo(td.ResourceSpans().At(0))
			td.ResourceSpans().At(0).Resource().Attributes().Clear()
			s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
			s.Attributes().Clear()
			s.SetName(name)
			return ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
		})
		q := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/v1/traces", bytes.NewReader(body))
		q.Header.Set("Content-Type", "application/x-protobuf")
		w := httptest.NewRecorder()
		otlp.TraceHandler{TraceService: traces.service}.ServeHTTP(w, q)
		if w.Code != 200 || len(traces.log.lines) == 0 {
			t.Errorf("traces of %d bytes: got %d %q and %d spans", size, w.Code, w.Body, len(traces.log.lines))
		}
	}
}

func TestHandler_JSONAfterSpace_SentAsProtobuf_IsNamed(t *testing.T) {
	r := newRig(t, nil)
	for _, text := range []string{"{}", `{"resourceMetrics":[`, "\n {}", "\r\n[]"} {
		if w := r.post([]byte(text)); w.Code != 400 || !strings.Contains(w.Body.String(), "looks like JSON") {
			t.Errorf("%q: got %d %s", text, w.Code, w.Body)
		}
	}
}
