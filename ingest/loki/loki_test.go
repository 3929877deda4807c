package loki_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/ingest/loki"
	"github.com/tocsinhq/tocsin/telemetry"
)

// rig is a handler over a sink in memory.
type rig struct {
	t       *testing.T
	sink    *logtest.Sink
	options ingest.LogOptions
	handler http.Handler
}

func newRig(t *testing.T, change func(*ingest.LogOptions)) *rig {
	r := &rig{t: t, sink: new(logtest.Sink)}
	r.options = logtest.Options(r.sink)
	if change != nil {
		change(&r.options)
	}
	r.handler = loki.NewHandler(r.options)
	return r
}

func (r *rig) push(body []byte, headers ...string) (int, string) {
	w := logtest.Send(r.handler, http.MethodPost, "/loki/api/v1/push", string(body), headers...)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func (r *rig) json(body string) (int, string) {
	return r.push([]byte(body), "Content-Type", "application/json")
}

func bytesField(to []byte, n protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, n, protowire.BytesType), v)
}

// stream is a StreamAdapter with one entry for each time and line.
func stream(labels string, entries ...[]byte) []byte {
	b := bytesField(nil, 1, []byte(labels))
	for _, e := range entries {
		b = bytesField(b, 2, e)
	}
	return b
}

func entry(at time.Time, line string, metadata ...string) []byte {
	stamp := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(at.Unix()))
	stamp = protowire.AppendVarint(protowire.AppendTag(stamp, 2, protowire.VarintType), uint64(at.Nanosecond()))
	b := bytesField(bytesField(nil, 1, stamp), 2, []byte(line))
	for i := 0; i+1 < len(metadata); i += 2 {
		b = bytesField(b, 3, bytesField(bytesField(nil, 1, []byte(metadata[i])), 2, []byte(metadata[i+1])))
	}
	return b
}

func request(streams ...[]byte) []byte {
	var b []byte
	for _, s := range streams {
		b = bytesField(b, 1, s)
	}
	return b
}

func metadata(l logtest.Line) []string {
	var m []string
	for _, p := range [][2]string{{"trace_id", l.Trace}, {"span_id", l.Span}, {"detected_level", l.Level}} {
		if p[1] != "" {
			m = append(m, p[0], p[1])
		}
	}
	return m
}

func TestHandler_TenRecords_ProtobufAndJSON(t *testing.T) {
	var streams [][]byte
	var asJSON []any
	for _, l := range logtest.Ten() {
		streams = append(streams, stream(fmt.Sprintf("{host=%q, service_name=%q}", l.Host, l.Service), entry(l.Time, l.Text, metadata(l)...)))
		m := map[string]string{}
		for i, list := 0, metadata(l); i < len(list); i += 2 {
			m[list[i]] = list[i+1]
		}
		asJSON = append(asJSON, map[string]any{"stream": map[string]string{"host": l.Host, "service_name": l.Service}, "values": [][]any{{fmt.Sprint(l.Time.UnixNano()), l.Text, m}}})
	}
	text, _ := json.Marshal(map[string]any{"streams": asJSON})
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(text)
	z.Close()
	for name, send := range map[string]func(r *rig) (int, string){
		"protobuf": func(r *rig) (int, string) {
			return r.push(s2.EncodeSnappy(nil, request(streams...)), "Content-Type", "application/x-protobuf")
		},
		"protobuf, named snappy": func(r *rig) (int, string) {
			return r.push(s2.EncodeSnappy(nil, request(streams...)), "Content-Type", "application/x-protobuf", "Content-Encoding", "snappy")
		},
		"JSON": func(r *rig) (int, string) { return r.json(string(text)) },
		"JSON, gzip, with charset": func(r *rig) (int, string) {
			return r.push(zipped.Bytes(), "Content-Type", "application/json; charset=utf-8", "Content-Encoding", "gzip")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			if code, body := send(r); code != 204 || body != "" {
				t.Errorf("got %d %s", code, body)
			}
			logtest.CheckTen(t, r.sink.Records(), nil)
			if n := logtest.Counter(r.options, `tocsin_ingest_log_records_total{protocol="loki"}`); n != "10" {
				t.Errorf("counted %s", n)
			}
		})
	}
}

func TestHandler_RecordedPushes(t *testing.T) {
	// winston-loki: snappy without Content-Encoding; pino-loki: the record as JSON in the line.
	r := newRig(t, nil)
	at := time.Unix(1795420579, 301e6)
	if code, body := r.push(s2.EncodeSnappy(nil, request(stream(`{level="warn",app="w"}`, entry(at, `winston line {"level":"warn"}`)))), "Content-Type", "application/x-protobuf"); code != 204 {
		t.Errorf("winston: %d %s", code, body)
	}
	if code, body := r.json(`{"streams":[{"stream":{"level":"error","hostname":"vm","app":"x"},"values":[["1795420569901000000","{\"level\":50,\"time\":1795420569901,\"pid\":3967,\"user\":1,\"msg\":\"boom\"}"]]}]}`); code != 204 {
		t.Errorf("pino: %d %s", code, body)
	}
	got := r.sink.Records()
	if len(got) != 2 || got[0].Severity.String() != "warn" || got[0].Service != "w" || got[1].Service != "x" || got[1].Severity.String() != "error" || !strings.Contains(string(got[1].Body), `"pid":3967`) {
		t.Errorf("got %s", logtest.Show(&got[0]))
	}
}

func TestHandler_BadInput_IsAnsweredAndCostsNothingElse(t *testing.T) {
	const good = `{"stream":{"app":"a"},"values":[["1795420569901000000","good"]]}`
	ns := fmt.Sprint(logtest.Now.UnixNano())
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"l%d":"v",`, i)
		}
		return `{"stream":{` + b.String() + `"z":"z"},"values":[["` + ns + `","x"]]}`
	}
	for _, tt := range []struct {
		name, body string
		code       int
		want       string
		stored     string
	}{
		{"empty", ``, 400, "body is empty", ""},
		{"no streams", `{}`, 422, "at least one stream", ""},
		{"empty list", `{"streams":[]}`, 422, "at least one stream", ""},
		{"no JSON", `{"streams":[` + good + `,{]`, 400, "stored 1 of 1 records; the body of 79 bytes is malformed at byte", "good"},
		{"array", `[]`, 400, "want an object", ""},
		{"streams is a string", `{"streams":"x"}`, 400, "want an array", ""},
		{"no labels", `{"streams":[{"values":[["` + ns + `","x"]]},` + good + `]}`, 400, `record 1: want "stream" with an object of labels`, "good"},
		{"label is an object", `{"streams":[{"stream":{"a":{}},"values":[["` + ns + `","x"]]},` + good + `]}`, 400, "label \"a\": want a string, got an object", "good"},
		{"label's name", `{"streams":[{"stream":{"a b":"c"},"values":[["` + ns + `","x"]]},` + good + `]}`, 400, `"a b" is not a label's name`, "good"},
		{"no values", `{"streams":[{"stream":{"a":"b"}},` + good + `]}`, 400, "has no values", "good"},
		{"no entries", `{"streams":[{"stream":{"a":"b"},"values":[]},` + good + `]}`, 204, "", "good"},
		{"time is a word", `{"streams":[{"stream":{"a":"b"},"values":[["abc","x"],["` + ns + `","y"]]},` + good + `]}`, 400, `time stamp "abc": want nanoseconds`, "y good"},
		{"time in seconds", `{"streams":[{"stream":{"a":"b"},"values":[["1795420569","x"]]}]}`, 204, "", "x"},
		{"time is a number", `{"streams":[{"stream":{"a":"b"},"values":[[1795420569901000000,"x"]]}]}`, 204, "", "x"},
		{"absurd times", `{"streams":[{"stream":{"a":"b"},"values":[["0","a"],["-9223372036854775808","b"],["9223372036854775807","c"],["99999999999999999999","d"],["7","e"]]}]}`, 204, "", "a b c d e"},
		{"line is a number", `{"streams":[{"stream":{"a":"b"},"values":[["` + ns + `",5]]},` + good + `]}`, 400, "want a line that is a string", "good"},
		{"pair of one", `{"streams":[{"stream":{"a":"b"},"values":[["` + ns + `"]]},` + good + `]}`, 400, "want a line that is a string", "good"},
		{"pair of four", `{"streams":[{"stream":{"a":"b"},"values":[["` + ns + `","x",{},1]]},` + good + `]}`, 400, "at most three members", "good"},
		{"metadata is a list", `{"streams":[{"stream":{"a":"b"},"values":[["` + ns + `","x",[]]]},` + good + `]}`, 400, "want an object of metadata", "good"},
		{"a thousand labels", `{"streams":[` + many(1000) + "," + good + `]}`, 400, "more than 128 labels [too_many_fields]", "good"},
		{"a hundred thousand labels", `{"streams":[` + many(100_000) + "," + good + `]}`, 400, "more than 128 labels", "good"},
		{"broken UTF-8 and NUL", "{\"streams\":[{\"stream\":{\"a\":\"b\"},\"values\":[[\"" + ns + "\",\"a\xff\x00b\"]]}]}", 204, "", "a\xff\x00b"},
		{"empty line", `{"streams":[{"stream":{"a":"b"},"values":[["` + ns + `",""]]}]}`, 204, "", ""},
		{"deep", `{"streams":[{"stream":{"a":"b"},"values":[["` + ns + `","x",` + strings.Repeat(`{"a":`, 100_000) + `1`, 400, "brackets", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, nil)
			code, body := r.json(tt.body)
			if code != tt.code || !strings.Contains(body, tt.want) {
				t.Errorf("got %d %.300s, want %d %s", code, body, tt.code, tt.want)
			}
			if got := strings.Join(r.sink.Bodies(), " "); got != tt.stored {
				t.Errorf("stored %q, want %q", got, tt.stored)
			}
		})
	}
}

func TestHandler_Protobuf_BadInput(t *testing.T) {
	good := stream(`{app="a"}`, entry(logtest.Now, "good"))
	for _, tt := range []struct {
		name   string
		body   []byte
		code   int
		want   string
		stored string
	}{
		{"no snappy", []byte("garbage"), 400, "not snappy", ""},
		{"declares 4 GiB", append(protowire.AppendVarint(nil, 1<<32-1), 0), 413, "after decompression", ""},
		{"cut off", s2.EncodeSnappy(nil, request(good, good)[:60]), 400, "malformed at byte", "good"},
		{"unbalanced labels", s2.EncodeSnappy(nil, request(stream(`{a="b`, entry(logtest.Now, "x")), good)), 400, `labels "{a=\"b"`, "good"},
		{"no braces", s2.EncodeSnappy(nil, request(stream(`a="b"`, entry(logtest.Now, "x")), good)), 400, "want {name=", "good"},
		{"label twice", s2.EncodeSnappy(nil, request(stream(`{a="b", a="c"}`, entry(logtest.Now, "x")), good)), 400, "a stands twice", "good"},
		{"escapes", s2.EncodeSnappy(nil, request(stream(`{a="b\"\n{}", c=`+"`d`"+`}`, entry(logtest.Now, "x")))), 204, "", "x"},
		{"negative nanoseconds", s2.EncodeSnappy(nil, request(stream(`{a="b"}`, bytesField(bytesField(nil, 1, protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), ^uint64(0))), 2, []byte("x"))), good)), 400, "nanoseconds beside", "good"},
		{"year 292277026596", s2.EncodeSnappy(nil, request(stream(`{a="b"}`, entry(time.Unix(1<<62, 0), "x")))), 204, "", "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, nil)
			code, body := r.push(tt.body, "Content-Type", "application/x-protobuf")
			if code != tt.code || !strings.Contains(body, tt.want) {
				t.Errorf("got %d %.300s, want %d %s", code, body, tt.code, tt.want)
			}
			if got := strings.Join(r.sink.Bodies(), " "); got != tt.stored {
				t.Errorf("stored %q, want %q", got, tt.stored)
			}
		})
	}
}

func TestHandler_Bombs_AreRefusedSmall(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	z.Close()
	r := newRig(t, nil)
	if code, body := r.push(zipped.Bytes(), "Content-Type", "application/json", "Content-Encoding", "gzip"); code != 413 || !strings.Contains(body, "after decompression") {
		t.Errorf("got %d %s", code, body)
	}
	if code, body := r.push(zipped.Bytes()[:zipped.Len()-9], "Content-Type", "application/json", "Content-Encoding", "gzip"); code < 400 {
		t.Errorf("cut off: got %d %s", code, body)
	}
	if n := logtest.Counter(r.options, `tocsin_ingest_in_flight_bytes{protocol="loki"}`); n != "0" {
		t.Errorf("%s bytes are still claimed", n)
	}
}

func TestHandler_WhatHTTPHasAStatusFor(t *testing.T) {
	r := newRig(t, func(o *ingest.LogOptions) { o.Config.Logs.Tokens = append(o.Config.Logs.Tokens, "secret-token") })
	for _, tt := range []struct {
		headers []string
		code    int
	}{
		{[]string{"Content-Type", "application/json"}, 401},
		{[]string{"Content-Type", "application/json", "Authorization", "Bearer wrong"}, 403},
		{[]string{"Content-Type", "application/json", "Authorization", "Bearer secret-token"}, 204},
		{[]string{"Content-Type", "application/json", "Authorization", "Basic dTpzZWNyZXQtdG9rZW4="}, 204},
		{[]string{"Content-Type", "text/plain", "Authorization", "Bearer secret-token"}, 415},
		{[]string{"Authorization", "Bearer secret-token"}, 415},
		{[]string{"Content-Type", "application/json", "Content-Encoding", "br", "Authorization", "Bearer secret-token"}, 415},
	} {
		if code, body := r.push([]byte(`{"streams":[{"stream":{"a":"b"},"values":[["1795420569901000000","x"]]}]}`), tt.headers...); code != tt.code {
			t.Errorf("%v: got %d %s, want %d", tt.headers, code, body, tt.code)
		}
	}
	for path, want := range map[string]int{"/loki/api/v1/push": 405, "/ready": 200, "/api/prom/push": 404} {
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("GET %s: got %d, want %d", path, w.Code, want)
		}
	}
}

func TestHandler_TheSinkRefuses(t *testing.T) {
	const body = `{"streams":[{"stream":{"a":"b"},"values":[["1795420569901000000","x"],["1795420569901000000","y"]]}]}`
	r := newRig(t, nil)
	r.sink.Fail = fmt.Errorf("the disk is full")
	if code, text := r.json(body); code != 503 || !strings.Contains(text, "the disk is full") {
		t.Errorf("got %d %s", code, text)
	}
	r.sink.Fail = nil
	r.sink.Refuse = func(*telemetry.LogRecord) string { return telemetry.ReasonLogsFull }
	if code, text := r.json(body); code != 429 || !strings.Contains(text, "stored 0 of 2 records") {
		t.Errorf("got %d %s", code, text)
	}
	r.sink.Refuse = func(x *telemetry.LogRecord) string {
		if string(x.Body) == "y" {
			return telemetry.ReasonBadRecord
		}
		return ""
	}
	if code, text := r.json(body); code != 400 || !strings.Contains(text, "stored 1 of 2 records; record 2: refused by the test [bad_record]") {
		t.Errorf("got %d %s", code, text)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(request(stream(`{level="warn",app="w"}`, entry(time.Unix(1795420579, 301e6), `winston line`, "trace_id", "x"))))
	f.Fuzz(func(t *testing.T, body []byte) {
		logtest.CheckDecode(t, func(s *logline.Sheet) { _ = loki.Decode(body, s) })
	})
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"streams":[{"stream":{"level":"error","app":"x"},"values":[["1795420569901000000","{\"level\":50}",{"a":"b"}]]}]}`))
	f.Add([]byte(`{"streams":[{"labels":"{a=\"b\"}","values":[["1","x"]]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		logtest.CheckDecode(t, func(s *logline.Sheet) { _ = loki.DecodeJSON(body, s) })
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 1000
	var entries [][]byte
	var values []any
	for i := range n {
		line := fmt.Sprintf("2026-05-04 12:00:00,%03d INFO [main] orders.Service - order %d of customer 42 with 7 items was placed after 320 ms", i%1000, i)
		entries = append(entries, entry(logtest.Now, line))
		values = append(values, []any{fmt.Sprint(logtest.Now.UnixNano()), line})
	}
	proto := request(stream(`{host="h1", service_name="cart", namespace="shop"}`, entries...))
	text, _ := json.Marshal(map[string]any{"streams": []any{map[string]any{"stream": map[string]string{"host": "h1", "service_name": "cart", "namespace": "shop"}, "values": values}}})
	for name, decode := range map[string]func(s *logline.Sheet) error{
		"protobuf": func(s *logline.Sheet) error { return loki.Decode(proto, s) },
		"json":     func(s *logline.Sheet) error { return loki.DecodeJSON(text, s) },
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
