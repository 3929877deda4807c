package datadog_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/datadog"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/logtest"
)

type rig struct {
	sink    *logtest.Sink
	options ingest.LogOptions
	handler http.Handler
}

func newRig(change func(*ingest.LogOptions)) *rig {
	r := &rig{sink: new(logtest.Sink)}
	r.options = logtest.Options(r.sink)
	if change != nil {
		change(&r.options)
	}
	r.handler = datadog.NewHandler(r.options)
	return r
}

func (r *rig) do(method, target, body string, headers ...string) (int, string) {
	w := logtest.Send(r.handler, method, target, body, append([]string{"Content-Type", "application/json"}, headers...)...)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestHandler_TenRecords(t *testing.T) {
	var entries []map[string]any
	for _, l := range logtest.Ten() {
		e := map[string]any{"timestamp": l.Time.UnixMilli(), "message": l.Text, "hostname": l.Host, "service": l.Service, "ddsource": "go", "ddtags": "env:prod,version:7,canary"}
		for name, v := range map[string]string{"status": l.Level, "trace_id": l.Trace, "span_id": l.Span} {
			if v != "" {
				e[name] = v
			}
		}
		entries = append(entries, e)
	}
	text, _ := json.Marshal(entries)
	z, _ := zstd.NewWriter(nil)
	for name, send := range map[string]func(r *rig) (int, string){
		"v2": func(r *rig) (int, string) { return r.do("POST", "/api/v2/logs", string(text)) },
		"v2, zstd": func(r *rig) (int, string) {
			return r.do("POST", "/api/v2/logs", string(z.EncodeAll(text, nil)), "Content-Encoding", "zstd")
		},
		"v1":      func(r *rig) (int, string) { return r.do("POST", "/v1/input", string(text)) },
		"v1, key": func(r *rig) (int, string) { return r.do("POST", "/v1/input/abcdef", string(text)) },
	} {
		r := newRig(nil)
		want := 202
		if strings.HasPrefix(name, "v1") {
			want = 200
		}
		if code, body := send(r); code != want || body != "{}" {
			t.Errorf("%s: got %d %s", name, code, body)
		}
		logtest.CheckTen(t, r.sink.Records(), nil)
		got := r.sink.Records()
		if v, _ := logtest.Get(got[0].Stream, "env"); v != "prod" {
			t.Errorf("%s: env=%q in %s", name, v, logtest.Show(&got[0]))
		}
		if v, _ := logtest.Get(got[0].Attributes, "canary"); v != "true" {
			t.Errorf("%s: canary=%q", name, v)
		}
	}
}

func TestHandler_OddBodies(t *testing.T) {
	for _, tt := range []struct {
		body   string
		code   int
		want   string
		stored string
	}{
		{"", 202, "{}", ""}, {"{}", 202, "{}", ""}, {"[]", 202, "{}", ""}, {"[{}]", 202, "{}", ""},
		{`{"message":"one"}`, 202, "{}", "one"},
		{`[{"message":"a"},7,{"message":"b"}]`, 400, "record 2: want an object, got a number", "a b"},
		{`[{"message":"a"},{"message"]`, 400, "malformed at byte", "a"},
		{`[{"message":{"message":"inner","level":"error","nested":{"a":1}},"service":"x"}]`, 202, "{}", "inner"},
		{`[{"message":{"a":1}}]`, 202, "{}", `{"a":1}`},
		{`[{"service":"x","n":1}]`, 202, "{}", `{"service":"x","n":1}`},
		{`[{"message":"a","timestamp":"never"},{"message":"b","timestamp":-5},{"message":"c","timestamp":99999999999999999999}]`, 202, "{}", "a b c"},
		{"[{\"message\":\"a\xff\x00\"}]", 202, "{}", "a\xff\x00"},
		{`no json`, 400, "malformed", ""},
		{strings.Repeat(`[`, 100_000), 400, "at most 64 brackets", ""},
	} {
		r := newRig(nil)
		code, body := r.do("POST", "/api/v2/logs", tt.body)
		if code != tt.code || !strings.Contains(body, tt.want) || !json.Valid([]byte(body)) {
			t.Errorf("%.60q: got %d %s, want %d %s", tt.body, code, body, tt.code, tt.want)
		}
		if got := strings.Join(r.sink.Bodies(), " "); got != tt.stored {
			t.Errorf("%.60q: stored %q, want %q", tt.body, got, tt.stored)
		}
	}
}

func TestHandler_Keys_AndPlainText(t *testing.T) {
	r := newRig(func(o *ingest.LogOptions) { o.Config.Logs.Tokens = append(o.Config.Logs.Tokens, "0123456789abcdef") })
	for _, tt := range []struct {
		method, target string
		headers        []string
		code           int
	}{
		{"GET", "/api/v1/validate", nil, 403},
		{"GET", "/api/v1/validate", []string{"DD-API-KEY", "wrong"}, 403},
		{"GET", "/api/v1/validate", []string{"DD-API-KEY", "0123456789abcdef"}, 200},
		{"GET", "/api/v1/validate?dd-api-key=0123456789abcdef", nil, 200},
		{"POST", "/api/v2/logs", nil, 403},
		{"POST", "/v1/input/0123456789abcdef", nil, 200},
		{"POST", "/v1/input/wrong", nil, 403},
		{"POST", "/v1/input/?dd-api-key=0123456789abcdef&service=cart&hostname=h1&ddtags=env:x", []string{"Content-Type", "text/plain"}, 200},
		{"PUT", "/api/v2/logs", []string{"DD-API-KEY", "0123456789abcdef"}, 405},
	} {
		if code, body := r.do(tt.method, tt.target, `{"message":"m"}`, tt.headers...); code != tt.code {
			t.Errorf("%s %s %v: got %d %s, want %d", tt.method, tt.target, tt.headers, code, body, tt.code)
		}
	}
	got := r.sink.Records()
	if len(got) != 2 || string(got[1].Body) != `{"message":"m"}` || got[1].Service != "cart" {
		t.Errorf("got %d records, the last %s", len(got), logtest.Show(&got[len(got)-1]))
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`[{"ddsource":"nginx","ddtags":"env:staging","hostname":"i-1","message":"x","service":"payment","status":"warn","timestamp":1795420579983}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		logtest.CheckDecode(t, func(s *logline.Sheet) { _ = datadog.Decode(body, s) })
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 1000
	var entries []string
	for i := range n {
		entries = append(entries, fmt.Sprintf(`{"ddsource":"go","ddtags":"env:prod,version:7","hostname":"h1","message":"order %d of customer 42 with 7 items was placed after 320 ms","service":"cart","status":"info","timestamp":%d}`, i, logtest.Now.UnixMilli()))
	}
	body := []byte("[" + strings.Join(entries, ",") + "]")
	s := new(logline.Sheet)
	b.ReportAllocs()
	for b.Loop() {
		s.Clear()
		if err := datadog.Decode(body, s); err != nil || len(s.Records) != n {
			b.Fatal(err, len(s.Records))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
}
