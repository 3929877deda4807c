package otlp_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/telemetry"
)

type logRig struct {
	sink    *logtest.Sink
	options ingest.LogOptions
	service *otlp.LogService
}

func newLogRig(change func(*ingest.LogOptions)) *logRig {
	r := &logRig{sink: new(logtest.Sink)}
	r.options = logtest.Options(r.sink)
	if change != nil {
		change(&r.options)
	}
	r.service = otlp.NewLogService(r.options)
	return r
}

func (r *logRig) post(contentType string, body []byte, headers ...string) *httptest.ResponseRecorder {
	q := httptest.NewRequest(http.MethodPost, "/v1/logs", bytes.NewReader(body))
	q.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	otlp.LogHandler{LogService: r.service}.ServeHTTP(w, q)
	return w
}

// tenLogs are the ten records as an SDK sends them: a resource for each service.
func tenLogs() plog.Logs {
	ld := plog.NewLogs()
	var records plog.LogRecordSlice
	last := ""
	for _, l := range logtest.Ten() {
		if l.Service != last {
			last = l.Service
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", l.Service)
			rl.Resource().Attributes().PutStr("host.name", l.Host)
			rl.ScopeLogs().AppendEmpty().Scope().SetName("test")
			records = rl.ScopeLogs().At(0).LogRecords()
		}
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(l.Time))
		r.SetSeverityText(l.Level)
		if l.Level == "error" {
			r.SetSeverityNumber(plog.SeverityNumberError)
		}
		r.Body().SetStr(l.Text)
		r.Attributes().PutInt("n", 7)
		if l.Trace != "" {
			var id [16]byte
			hex.Decode(id[:], []byte(l.Trace)) //nolint:errcheck // a constant
			r.SetTraceID(id)
		}
		if l.Span != "" {
			var id [8]byte
			hex.Decode(id[:], []byte(l.Span)) //nolint:errcheck // a constant
			r.SetSpanID(id)
		}
	}
	return ld
}

func TestLogs_TenRecords_HTTPAndGRPC(t *testing.T) {
	request := plogotlp.NewExportRequestFromLogs(tenLogs())
	proto, err := request.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	text, err := request.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, r *logRig) {
		t.Helper()
		logtest.CheckTen(t, r.sink.Records(), nil)
		got := r.sink.Records()[0]
		if v, _ := logtest.Get(got.Attributes, "n"); v != "7" {
			t.Errorf("got %s", logtest.Show(&got))
		}
		if v, _ := logtest.Get(got.Attributes, "otel.scope.name"); v != "test" {
			t.Errorf("got %s", logtest.Show(&got))
		}
	}
	for _, tt := range []struct {
		contentType string
		body        []byte
	}{{"application/x-protobuf", proto}, {"application/json", text}, {"application/json; charset=utf-8", text}} {
		r := newLogRig(nil)
		w := r.post(tt.contentType, tt.body)
		if w.Code != 200 || w.Header().Get("Content-Type") != strings.Split(tt.contentType, ";")[0] {
			t.Errorf("%s: got %d %s %s", tt.contentType, w.Code, w.Header(), w.Body)
		}
		check(t, r)
	}
	r := newLogRig(nil)
	response, err := plogotlp.NewGRPCClient(dialBoth(t, newRig(t, nil), r.service)).Export(t.Context(), request)
	if err != nil || response.PartialSuccess().RejectedLogRecords() != 0 {
		t.Errorf("gRPC: got %v, %v", response, err)
	}
	check(t, r)
}

func TestLogs_RecordedRequest_OfJavaScript(t *testing.T) {
	r := newLogRig(nil)
	w := r.post("application/json", []byte(`{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"unknown_service:node"}}],"droppedAttributesCount":0},"scopeLogs":[{"scope":{"name":"l"},"logRecords":[{"timeUnixNano":"1795420613772000000","observedTimeUnixNano":"1795420613772000000","severityNumber":17,"severityText":"ERROR","body":{"stringValue":"otel boom"},"attributes":[{"key":"a","value":{"intValue":1}}],"droppedAttributesCount":0}]}]}]}`))
	got := r.sink.Records()
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"partialSuccess":{}`) || len(got) != 1 || logtest.Show(&got[0]) != `2026-11-23T07:56:53.772Z 17 "unknown_service:node" service.name="unknown_service:node" | otel.scope.name="l" a="1" | "otel boom"` {
		t.Errorf("got %d %s, %s", w.Code, w.Body, logtest.Show(&got[0]))
	}
}

// both decodes logs by protobuf and JSON, which must give the same, and returns the
// first record.
func both(t *testing.T, fill func(plog.LogRecord)) *telemetry.LogRecord {
	t.Helper()
	ld := plog.NewLogs()
	fill(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	request := plogotlp.NewExportRequestFromLogs(ld)
	proto, _ := request.MarshalProto()
	text, _ := request.MarshalJSON()
	a, b := new(logline.Sheet), new(logline.Sheet)
	if err := otlp.DecodeLogs(proto, a); err != nil {
		t.Fatal(err)
	}
	if err := otlp.DecodeLogsJSON(text, b); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if len(a.Records) != 1 || len(b.Records) != 1 {
		t.Fatalf("%d and %d records of %s", len(a.Records), len(b.Records), text)
	}
	if x, y := logtest.Show(&a.Records[0]), logtest.Show(&b.Records[0]); x != y {
		t.Errorf("protobuf %s\nJSON     %s", x, y)
	}
	return &a.Records[0]
}

func TestLogs_ValuesOfAllKinds_BecomeText(t *testing.T) {
	r := both(t, func(r plog.LogRecord) {
		r.Body().SetStr("x")
		m := r.Attributes()
		m.PutBool("bool", true)
		m.PutInt("int", -7)
		m.PutDouble("double", 1.5)
		m.PutEmptyBytes("bytes").FromRaw([]byte{1, 2, 255})
		l := m.PutEmptySlice("list")
		l.AppendEmpty().SetStr(`a"b`)
		l.AppendEmpty().SetInt(1)
		l.AppendEmpty().SetEmptyMap().PutStr("k", "v")
		l.AppendEmpty().SetEmptySlice()
		l.AppendEmpty()
		m.PutEmptyMap("map").PutEmptyMap("inner").PutInt("n", 1)
		m.PutEmpty("none")
		m.PutStr("", "no name")
	})
	var got []string
	for _, p := range r.Attributes {
		got = append(got, string(p.Name)+"="+string(p.Value))
	}
	want := `bool=true int=-7 double=1.5 bytes=AQL/ list=["a\"b",1,{"k":"v"},[],null] map={"inner":{"n":1}} none= =no name`
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestLogs_BodyOfAMap_ExceptionsAndTimes(t *testing.T) {
	r := both(t, func(r plog.LogRecord) {
		m := r.Body().SetEmptyMap()
		m.PutStr("message", "from a map")
		m.PutStr("level", "warn")
		m.PutInt("n", 1)
	})
	if string(r.Body) != "from a map" || r.Severity != telemetry.SeverityWarn || len(r.Attributes) != 1 {
		t.Errorf("got %s", logtest.Show(r))
	}
	r = both(t, func(r plog.LogRecord) { r.Body().SetEmptyMap().PutInt("n", 1) })
	if !strings.Contains(string(r.Body), `"n"`) {
		t.Errorf("got %s", logtest.Show(r))
	}
	const stack = "java.io.IOException: closed\n\tat a.B.c(B.java:1)"
	for text, want := range map[string]string{"": stack, "order failed": "order failed\n" + stack, "order failed\n" + stack: "order failed\n" + stack} {
		r = both(t, func(r plog.LogRecord) {
			if text != "" {
				r.Body().SetStr(text)
			}
			r.Attributes().PutStr("exception.type", "java.io.IOException")
			r.Attributes().PutStr("exception.message", "closed")
			r.Attributes().PutStr("exception.stacktrace", stack)
		})
		if string(r.Body) != want || len(r.Attributes) != 2 {
			t.Errorf("%q: got %s", text, logtest.Show(r))
		}
	}
	r = both(t, func(r plog.LogRecord) {
		r.SetObservedTimestamp(5)
		r.SetSeverityNumber(99)
		r.SetEventName("order.placed")
		r.Attributes().PutStr("message_template", "order {id}")
	})
	if r.Time != 0 || r.Observed != 5 || r.Severity != 0 || string(r.Template) != "order {id}" {
		t.Errorf("got %s", logtest.Show(r))
	}
	if v, _ := logtest.Get(r.Attributes, "event.name"); v != "order.placed" {
		t.Errorf("got %s", logtest.Show(r))
	}
}

func TestLogs_BadInput_IsAnsweredAndCostsNothingElse(t *testing.T) {
	wrap := func(records string) string {
		return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[` + records + `]}]}]}`
	}
	const good = `{"body":{"stringValue":"good"}}`
	for _, tt := range []struct {
		name, body string
		code       int
		want       string
		stored     string
	}{
		{"nothing", `{}`, 200, "{}", ""},
		{"unknown fields", `{"x":1,"resourceLogs":null}`, 200, "{}", ""},
		{"array", `[]`, 400, `"code":3`, ""}, {"empty", ``, 400, `"code":3`, ""},
		{"cut off", wrap(good)[:70], 400, "decode ExportLogsServiceRequest of 70 bytes", ""},
		{"id is no hex", wrap(`{"traceId":"zz","body":{"stringValue":"bad"}},` + good), 200, `"rejectedLogRecords":"1"`, "good"},
		{"time is a word", wrap(`{"timeUnixNano":"abc"},` + good), 200, "timeUnixNano: want nanoseconds", "good"},
		{"times are absurd", wrap(`{"timeUnixNano":"18446744073709551615","body":{"stringValue":"a"}},{"timeUnixNano":"99999999999999999999","body":{"stringValue":"b"}},{"timeUnixNano":1.7e18,"body":{"stringValue":"c"}},{"timeUnixNano":0,"body":{"stringValue":"d"}}`), 200, "{}", "a b c d"},
		{"snake case", `{"resource_logs":[{"scope_logs":[{"log_records":[{"time_unix_nano":"1","severity_number":"SEVERITY_NUMBER_WARN2","body":{"string_value":"x"}}]}]}]}`, 200, "{}", "x"},
		{"record is a number", wrap(`7,` + good), 200, `"rejectedLogRecords":"1"`, "good"},
		{"deep", wrap(`{"body":` + strings.Repeat(`{"kvlistValue":{"values":[{"key":"a","value":`, 50_000)), 400, "brackets", ""},
		{"broken UTF-8 and NUL", wrap("{\"body\":{\"stringValue\":\"a\xff\x00\"}}"), 200, "{}", "a\xff\x00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newLogRig(nil)
			w := r.post("application/json", []byte(tt.body))
			if w.Code != tt.code || !strings.Contains(strings.ReplaceAll(w.Body.String(), `": `, `":`), tt.want) {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, tt.code, tt.want)
			}
			if got := strings.Join(r.sink.Bodies(), " "); got != tt.stored {
				t.Errorf("stored %q, want %q", got, tt.stored)
			}
		})
	}
	r := newLogRig(nil)
	proto, _ := plogotlp.NewExportRequestFromLogs(tenLogs()).MarshalProto()
	if w := r.post("application/x-protobuf", proto[:len(proto)-3]); w.Code != 400 || len(r.sink.Records()) == 0 {
		t.Errorf("protobuf cut off: got %d, %d stored", w.Code, len(r.sink.Records()))
	}
	if w := r.post("application/x-protobuf", []byte(wrap(good))); w.Code != 400 || !strings.Contains(w.Body.String(), "looks like JSON") {
		t.Errorf("JSON as protobuf: got %d %q", w.Code, w.Body)
	}
	if w := r.post("text/plain", nil); w.Code != 415 {
		t.Errorf("text: got %d", w.Code)
	}
	r.sink.Fail = fmt.Errorf("disk full")
	if w := r.post("application/json", []byte(wrap(good))); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("unavailable: got %d", w.Code)
	}
}

func TestLogs_GRPC_KeysAndStatus(t *testing.T) {
	r := newLogRig(func(o *ingest.LogOptions) { o.Config.Logs.Tokens = append(o.Config.Logs.Tokens, "secret-token") })
	client := plogotlp.NewGRPCClient(dialBoth(t, newRig(t, nil), r.service))
	request := plogotlp.NewExportRequestFromLogs(tenLogs())
	for key, want := range map[string]codes.Code{"": codes.Unauthenticated, "Bearer wrong-token": codes.PermissionDenied, "Bearer secret-token": codes.OK} {
		ctx := context.Background()
		if key != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", key)
		}
		if _, err := client.Export(ctx, request); status.Code(err) != want {
			t.Errorf("%q: got %v, want %s", key, err, want)
		}
	}
}

func FuzzDecodeLogs(f *testing.F) {
	request := plogotlp.NewExportRequestFromLogs(tenLogs())
	proto, _ := request.MarshalProto()
	text, _ := request.MarshalJSON()
	f.Add(proto)
	f.Add(text)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, decode := range []func([]byte, *logline.Sheet) error{otlp.DecodeLogs, otlp.DecodeLogsJSON} {
			s := &logline.Sheet{Limits: logline.Limits{Attributes: 100, Value: 1000}}
			refused := 0
			s.OnReject = func(int, string, string) { refused++ }
			_ = decode(body, s)
			if len(s.Records)+refused != s.Entries() {
				t.Errorf("%d records and %d refused of %d entries", len(s.Records), refused, s.Entries())
			}
		}
	})
}

func BenchmarkDecodeLogs(b *testing.B) {
	const n = 1000
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	for name, v := range map[string]string{"service.name": "cart", "host.name": "h1", "k8s.pod.name": "cart-7d", "k8s.namespace.name": "shop"} {
		rl.Resource().Attributes().PutStr(name, v)
	}
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(logtest.Now))
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		r.Body().SetStr(fmt.Sprintf("order %d of customer 42 with 7 items was placed after 320 ms", i))
		r.Attributes().PutInt("order", int64(i))
		r.Attributes().PutStr("customer", "42")
	}
	request := plogotlp.NewExportRequestFromLogs(ld)
	proto, _ := request.MarshalProto()
	text, _ := request.MarshalJSON()
	for name, decode := range map[string]func(s *logline.Sheet) error{
		"protobuf": func(s *logline.Sheet) error { return otlp.DecodeLogs(proto, s) },
		"json":     func(s *logline.Sheet) error { return otlp.DecodeLogsJSON(text, s) },
	} {
		b.Run(name, func(b *testing.B) {
			s := new(logline.Sheet)
			b.ReportAllocs()
			for b.Loop() {
				s.Clear()
				if err := decode(s); err != nil || len(s.Records) != n {
					b.Fatal(err, len(s.Records))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
		})
	}
}
