package jsonline_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/jsonline"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/logtest"
)

type rig struct {
	sink    *logtest.Sink
	options ingest.LogOptions
	handler http.Handler
}

func newRig() *rig {
	r := &rig{sink: new(logtest.Sink)}
	r.options = logtest.Options(r.sink)
	r.handler = jsonline.NewHandler(r.options)
	return r
}

type answer struct {
	Stored, Rejected int
	Errors           []struct {
		Line          int
		Reason, Error string
	}
	Error string
}

func (r *rig) post(t testing.TB, target, contentType, body string) (int, answer) {
	t.Helper()
	q := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	q.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, q)
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v in %s", target, err, w.Body)
	}
	return w.Code, a
}

func TestHandler_TenRecords_LinesAndArray(t *testing.T) {
	var lines []string
	for _, l := range logtest.Ten() {
		m := map[string]any{"ts": l.Time.UnixMilli(), "msg": l.Text, "service": l.Service, "host": l.Host}
		for name, v := range map[string]string{"level": l.Level, "traceId": l.Trace, "spanId": l.Span} {
			if v != "" {
				m[name] = v
			}
		}
		text, _ := json.Marshal(m)
		lines = append(lines, string(text))
	}
	for _, tt := range []struct{ target, contentType, body string }{
		{jsonline.Path, "application/x-ndjson", strings.Join(lines, "\n")},
		{jsonline.Path, "application/json", "[" + strings.Join(lines, ",\n") + "]"},
		{jsonline.Path, "", strings.Join(lines, "\r\n") + "\r\n"},
		{jsonline.Alias + "?_stream_fields=pod&_msg_field=none", "application/stream+json", strings.Join(lines, "\n")},
		{jsonline.Path, "text/plain", strings.Join(lines, "\n")},
		{jsonline.Path, "application/json", strings.Join(lines, " ")},
	} {
		r := newRig()
		if code, a := r.post(t, tt.target, tt.contentType, tt.body); code != 200 || a.Stored != 10 || a.Rejected != 0 {
			t.Errorf("%s %s: got %d %+v", tt.target, tt.contentType, code, a)
		}
		logtest.CheckTen(t, r.sink.Records(), nil)
	}
}

func TestHandler_BadLines_AreNamedAndCostNoOther(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, body string
		code                    int
		stored                  string
		wrong                   string
	}{
		{"bad in the middle", "application/x-ndjson", "{\"msg\":\"a\"}\n{\"msg\":\n{\"msg\":\"b\"}\nword\n\n{\"msg\":\"c\"} x\n", 200, "a b c", "2 4 6"},
		{"all bad", "application/x-ndjson", "x\ny", 400, "", "1 2"},
		{"bad in an array", "application/json", `[{"msg":"a"},7,{"msg":"b"},{"msg":}]`, 200, "a b", "2 4"},
		{"array cut off", "application/json", `[{"msg":"a"},{"msg":"b"`, 200, "a", "2"},
		{"empty", "application/json", "", 200, "", ""},
		{"pretty", "application/json", "{\n \"msg\": \"a\"\n}\n{\n \"msg\": \"b\"\n}\n", 200, "a b", ""},
		{"text", "text/plain", "one\n\ntwo\r\n{\"msg\":\"three\"}\n{broken\n", 200, "one two three {broken", ""},
		{"text by its look", "", "one\ntwo", 200, "one two", ""},
		{"deep", "application/json", "{\"msg\":\"a\"}\n" + strings.Repeat(`{"a":`, 100_000), 200, "a", "2"},
		{"NUL and broken UTF-8", "text/plain", "a\x00b\xff", 200, "a\x00b\xff", ""},
		{"absurd times", "application/json", `[{"msg":"a","ts":0},{"msg":"b","ts":-1},{"msg":"c","ts":"never"},{"msg":"d","ts":99999999999999999999},{"msg":"e","time":"1677-01-01T00:00:00Z"}]`, 200, "a b c d e", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig()
			code, a := r.post(t, jsonline.Path, tt.contentType, tt.body)
			var wrong []string
			for _, e := range a.Errors {
				wrong = append(wrong, fmt.Sprint(e.Line))
			}
			if code != tt.code || strings.Join(wrong, " ") != tt.wrong || a.Rejected != len(wrong) {
				t.Errorf("got %d %+v, want %d and lines %s", code, a, tt.code, tt.wrong)
			}
			if got := strings.Join(r.sink.Bodies(), " "); got != tt.stored {
				t.Errorf("stored %q, want %q", got, tt.stored)
			}
		})
	}
}

func TestHandler_Parameters_NameFields(t *testing.T) {
	r := newRig()
	code, _ := r.post(t, jsonline.Path+"?service=batch&host=h9&time_field=when&message_field=what&stream_fields=queue", "application/json",
		`{"when":"2026-05-04T12:00:00Z","what":"done","queue":"q1","n":1}`)
	got := r.sink.Records()
	if code != 200 || len(got) != 1 {
		t.Fatalf("got %d, %d records", code, len(got))
	}
	want := `2026-05-04T12:00:00Z 0 "batch" host="h9" service.name="batch" queue="q1" | n="1" | "done"`
	if s := logtest.Show(&got[0]); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if code, a := r.post(t, jsonline.Path+"?sevrice=x", "text/plain", "x"); code != 400 || !strings.Contains(a.Error, `"sevrice" is not known`) {
		t.Errorf("got %d %+v", code, a)
	}
}

func TestHandler_StackTraces_AreJoined(t *testing.T) {
	r := newRig()
	r.post(t, jsonline.Path+"?service=a", "text/plain", "ERROR boom\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)\nINFO next\n")
	if got := r.sink.Bodies(); len(got) != 2 || got[0] != "ERROR boom\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)" {
		t.Errorf("got %q", got)
	}
	if n := logtest.Counter(r.options, `tocsin_ingest_repaired_log_records_total{protocol="jsonline",kind="joined"}`); n != "2" {
		t.Errorf("counted %s joined", n)
	}
}

func TestHandler_MoreThanASheet_ComesInBatches(t *testing.T) {
	var b strings.Builder
	const n = 20_000
	for i := range n {
		fmt.Fprintf(&b, "{\"msg\":\"record \\u0041 %d\",\"n\":%d}\n", i, i)
	}
	r := newRig()
	if code, a := r.post(t, jsonline.Path, "application/json", b.String()); code != 200 || a.Stored != n {
		t.Errorf("got %d %+v", code, a)
	}
	for i, body := range r.sink.Bodies() {
		if body != fmt.Sprintf("record A %d", i) {
			t.Fatalf("record %d is %q", i, body)
		}
	}
}

func TestHandler_HostileBodies_TakeLittleMemory(t *testing.T) {
	r := &rig{options: logtest.Options(logtest.Discard())}
	r.handler = jsonline.NewHandler(r.options)
	for name, body := range map[string]string{
		"half a million empty objects": strings.Repeat("{}", 500_000),
		"one object of a million keys": "{" + strings.Repeat(`"k":1,`, 1_000_000) + `"msg":"x"}`,
		"an endless line":              strings.Repeat("x", 15<<20),
	} {
		code, a := r.post(t, jsonline.Path, "", body)
		if code != 200 || a.Stored == 0 {
			t.Errorf("%s: got %d %+v", name, code, a)
		}
	}
	if n := logtest.Counter(r.options, `tocsin_ingest_repaired_log_records_total{protocol="jsonline",kind="cut"}`); n != "1" {
		t.Errorf("counted %s cut", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("{\"msg\":\"a\",\"level\":30,\"x\":{\"y\":[1]}}\n{\"log\":\"b\"}\nword"))
	f.Add([]byte(`[{"@timestamp":"2026-05-04T12:00:00Z","message":"\u0000"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, decode := range []func([]byte, jsonline.Naming, *logline.Sheet){jsonline.DecodeJSON, jsonline.DecodeText} {
			logtest.CheckDecode(t, func(s *logline.Sheet) {
				decode(body, jsonline.Naming{Service: "a", Names: logline.Names{Time: "when"}}, s)
			})
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 1000
	var text, plain strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "{\"ts\":%d,\"level\":\"info\",\"msg\":\"order %d of customer 42 with 7 items was placed after 320 ms\",\"service\":\"cart\",\"host\":\"h1\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"order\":%d}\n", logtest.Now.UnixMilli(), i, i)
		fmt.Fprintf(&plain, "2026-05-04 12:00:00,%03d INFO [main] orders.Service - order %d of customer 42 with 7 items was placed after 320 ms\n", i%1000, i)
	}
	for name, decode := range map[string]func(s *logline.Sheet){
		"json": func(s *logline.Sheet) { jsonline.DecodeJSON([]byte(text.String()), jsonline.Naming{}, s) },
		"text": func(s *logline.Sheet) { jsonline.DecodeText([]byte(plain.String()), jsonline.Naming{}, s) },
	} {
		b.Run(name, func(b *testing.B) {
			s := new(logline.Sheet)
			b.ReportAllocs()
			for b.Loop() {
				s.Clear()
				if decode(s); len(s.Records) != n {
					b.Fatal(len(s.Records))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
		})
	}
}
