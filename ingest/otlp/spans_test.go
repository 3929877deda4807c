package otlp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/telemetry"
)

// spanLog writes down every span that it is given.
type spanLog struct{ lines []string }

func (l *spanLog) TakeSpans(b *telemetry.SpanBatch, r *telemetry.SpanResult) {
	for _, s := range b.Spans {
		l.lines = append(l.lines, fmt.Sprintf("%s/%s %s %s %dms failed=%t trace=%x parent=%x host=%s %s %s system=%s:%s %t peer=%s",
			s.Service, s.Name, s.Kind, time.Unix(0, s.Start).UTC().Format(time.TimeOnly), s.Duration()/1e6, s.Failed, s.TraceID[:2], s.ParentID[6:], s.Host, s.Method, s.Route, s.System, s.Target, s.Messaging, s.Peer))
		r.Taken++
	}
}

type traceRig struct {
	service *otlp.TraceService
	log     spanLog
	set     *metrics.Set
}

func newTraceRig() *traceRig {
	r := &traceRig{set: metrics.NewSet()}
	r.service = otlp.NewTraceService(ingest.Options{Config: ingest.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Metrics: r.set, Now: func() time.Time { return start }}, &r.log)
	return r
}

// someTraces is a request with two spans of a service and one of another.
func someTraces() ptrace.Traces {
	td := ptrace.NewTraces()
	add := func(service string, n byte, parent byte, name string, kind ptrace.SpanKind, attributes ...string) ptrace.Span {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", service)
		rs.Resource().Attributes().PutStr("host.name", "box1")
		rs.Resource().Attributes().PutInt("process.pid", 7)
		s := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetTraceID([16]byte{1, 2})
		s.SetSpanID([8]byte{7: n})
		s.SetParentSpanID([8]byte{7: parent})
		s.SetName(name)
		s.SetKind(kind)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(n) * time.Millisecond)))
		for i := 0; i < len(attributes); i += 2 {
			s.Attributes().PutStr(attributes[i], attributes[i+1])
		}
		return s
	}
	add("web", 3, 0, "GET", ptrace.SpanKindServer, "http.request.method", "GET", "http.route", "/cart", "server.address", "me").Status().SetCode(ptrace.StatusCodeError)
	add("web", 2, 3, "SELECT", ptrace.SpanKindClient, "db.system.name", "postgresql", "db.namespace", "orders", "server.address", "db1").Attributes().PutEmptySlice("x").AppendEmpty().SetInt(1)
	add("", 1, 3, "send", ptrace.SpanKindProducer, "messaging.system", "kafka", "messaging.destination.name", "mails")
	add("cart", 4, 2, "call", ptrace.SpanKindClient, "peer.service", "pay", "net.peer.name", "10.1.1.1").Status().SetCode(ptrace.StatusCodeOk)
	return td
}

const someTracesRead = `web/GET server 12:00:00 3ms failed=true trace=0102 parent=0000 host=box1 GET /cart system=: false peer=
web/SELECT client 12:00:00 2ms failed=false trace=0102 parent=0003 host=box1   system=postgresql:orders false peer=db1
unknown_service/send producer 12:00:00 1ms failed=false trace=0102 parent=0003 host=box1   system=kafka:mails true peer=
cart/call client 12:00:00 4ms failed=false trace=0102 parent=0002 host=box1   system=: false peer=pay`

func TestTraceHandler_BothEncodings_GiveTheSame(t *testing.T) {
	request := ptraceotlp.NewExportRequestFromTraces(someTraces())
	packed, err := request.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	text, err := request.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	for kind, body := range map[string][]byte{"application/x-protobuf": packed, "application/json": text} {
		r := newTraceRig()
		res := r.post(kind, body)
		if got := strings.Join(r.log.lines, "\n"); res.Code != 200 || got != someTracesRead {
			t.Errorf("%s: %d %s\ngot\n%s", kind, res.Code, res.Body, got)
		}
		response := ptraceotlp.NewExportResponse()
		unmarshal := response.UnmarshalProto
		if kind == "application/json" {
			unmarshal = response.UnmarshalJSON
		}
		if err := unmarshal(res.Body.Bytes()); err != nil || response.PartialSuccess().ErrorMessage() != "" {
			t.Errorf("%s: got %v %s", kind, err, response.PartialSuccess().ErrorMessage())
		}
	}
}

func (r *traceRig) post(kind string, body []byte) *httptest.ResponseRecorder {
	req := httptest.NewRequest("POST", "/v1/traces", bytes.NewReader(body))
	req.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	otlp.TraceHandler{TraceService: r.service}.ServeHTTP(w, req)
	return w
}

func TestTraceHandler_BadSpans_CostNoOther(t *testing.T) {
	td := someTraces()
	spans := func(i int) ptrace.Span { return td.ResourceSpans().At(i).ScopeSpans().At(0).Spans().At(0) }
	spans(0).SetTraceID(pcommon.NewTraceIDEmpty())
	spans(1).SetEndTimestamp(1)
	spans(2).SetSpanID(pcommon.NewSpanIDEmpty())
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	r := newTraceRig()
	res := r.post("application/x-protobuf", body)
	response := ptraceotlp.NewExportResponse()
	if err := response.UnmarshalProto(res.Body.Bytes()); err != nil || res.Code != 200 {
		t.Fatalf("got %d %v", res.Code, err)
	}
	p := response.PartialSuccess()
	if p.RejectedSpans() != 3 || !strings.HasPrefix(p.ErrorMessage(), `took 1 of 4 spans; span "GET" of service "web": want a trace id of 16 bytes`) || len(r.log.lines) != 1 {
		t.Errorf("got %d %q %q", p.RejectedSpans(), p.ErrorMessage(), r.log.lines)
	}
	var b bytes.Buffer
	r.set.WritePrometheus(&b)
	for _, want := range []string{`tocsin_ingest_rejected_total{protocol="otlp_traces",reason="bad_span_id"} 2`, `tocsin_ingest_rejected_total{protocol="otlp_traces",reason="bad_span_time"} 1`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("want %s in\n%s", want, b.String())
		}
	}
}

func TestTraceHandler_Unreadable_IsRefused(t *testing.T) {
	f := func(kind, body string, code int, want string) {
		t.Helper()
		r := newTraceRig()
		if res := r.post(kind, []byte(body)); res.Code != code || !strings.Contains(res.Body.String(), want) {
			t.Errorf("%s %.20q: got %d %q, want %d %q", kind, body, res.Code, res.Body, code, want)
		}
	}
	f("text/plain", "x", 415, "is not accepted")
	f("application/json", "", 400, "want a JSON object")
	f("application/json", "[]", 400, "want a JSON object")
	f("application/json", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}`, 400, "decode ExportTraceServiceRequest")
	f("application/json", strings.Repeat(`{"resourceSpans":[`, 200), 400, "deeper than")
	f("application/json", "{"+strings.Repeat("{},", 1_100_000)+"}", 413, "spans, attributes and values")
	f("application/x-protobuf", "{}", 400, "looks like JSON")
	f("application/x-protobuf", "\x0a\xff", 400, "the 0 spans before that were taken")
}

func TestTraces_ByGRPC(t *testing.T) {
	r := newTraceRig()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	m := newRig(t, nil)
	go func() { done <- otlp.NewServer(m.service, nil, r.service).Serve(ctx, l) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	response, err := ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequestFromTraces(someTraces()))
	if err != nil || response.PartialSuccess().ErrorMessage() != "" {
		t.Fatalf("got %v %s", err, response.PartialSuccess().ErrorMessage())
	}
	if got := strings.Join(r.log.lines, "\n"); got != someTracesRead {
		t.Errorf("got\n%s", got)
	}
}

// A body of many spans is handed on in parts.
func TestDecodeSpans_ManySpans_InParts(t *testing.T) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range 3000 {
		s := spans.AppendEmpty()
		s.SetTraceID([16]byte{1})
		var id [8]byte
		binary.BigEndian.PutUint64(id[:], uint64(i+1))
		s.SetSpanID(id)
		s.SetStartTimestamp(1)
		s.SetEndTimestamp(2)
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	var b telemetry.SpanBatch
	var res telemetry.SpanResult
	var parts []int
	if err := otlp.DecodeSpans(body, &b, &res, func() { parts = append(parts, len(b.Spans)); b.Reset() }); err != nil || fmt.Sprint(parts) != "[1024 1024 952]" {
		t.Errorf("got %v %v", parts, err)
	}
}

func FuzzDecodeSpans(f *testing.F) {
	request := ptraceotlp.NewExportRequestFromTraces(someTraces())
	packed, err := request.MarshalProto()
	if err != nil {
		f.Fatal(err)
	}
	text, err := request.MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Add(packed[:len(packed)/2])
	f.Add(text)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var b telemetry.SpanBatch
		var res telemetry.SpanResult
		spans := 0
		_ = otlp.DecodeSpans(body, &b, &res, func() {
			for _, s := range b.Spans {
				if s.End < s.Start || s.Start <= 0 || len(s.Service) == 0 || s.TraceID == [16]byte{} || s.SpanID == [8]byte{} {
					t.Fatalf("got %+v", s)
				}
			}
			spans += len(b.Spans)
			b.Reset()
		})
		if spans > len(body) || len(b.Spans) > 0 {
			t.Fatalf("%d spans of %d bytes, %d left", spans, len(body), len(b.Spans))
		}
		r := newTraceRig()
		for _, kind := range []string{"application/x-protobuf", "application/json"} {
			if res := r.post(kind, body); res.Code != http.StatusOK && res.Code != http.StatusBadRequest && res.Code != http.StatusRequestEntityTooLarge {
				t.Fatalf("%s: got %d %s", kind, res.Code, res.Body)
			}
		}
	})
}
