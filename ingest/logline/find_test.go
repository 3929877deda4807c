package logline_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/logline"
)

func TestFindLevel_WhereLoggersPutIt(t *testing.T) {
	for text, want := range map[string]string{
		`level=warn msg="slow"`:                             "warn",
		`ts=1 lvl=eror msg=x`:                               "error",
		`{"level":50,"time":1,"msg":"boom"}`:                "error",
		`{"level":"info","msg":"ERROR in the text"}`:        "info",
		`{"msg":"x","severity":"CRITICAL"}`:                 "error",
		`{"log.level":"DEBUG","message":"x"}`:               "debug",
		`{"@level":"Warning"}`:                              "warn",
		`battery_level=5 ok`:                                "unknown",
		`the level=5 is low`:                                "unknown",
		`2026-05-04 12:00:00,123 INFO  [main] a.B - text`:   "info",
		`2026-05-04T12:00:00.000Z	ERROR	it broke`:           "error",
		`[Sun Dec 04 04:47:44 2005] [error] mod_jk child`:   "error",
		`2026/05/04 12:00:00 [warn] 31#31: *1 upstream`:     "warn",
		`081109 203615 148 INFO dfs.DataNode: x`:            "info",
		`WARNING:root:careful`:                              "warn",
		`E0504 12:00:00.123456       1 file.go:1] no`:       "error",
		`2026-05-04 12:00:00 UTC [123] ERROR:  relation`:    "error",
		`2026-05-04 12:00:00 UTC [123] LOG:  checkpoint`:    "info",
		`12:M 04 May 2026 12:00:00.123 # no memory`:         "warn",
		`03-17 16:13:38.811  1702  2395 D WindowManager: x`: "debug",
		`[12:00:00 INF] started`:                            "info",
		`fail: Microsoft.Hosting[0]`:                        "error",
		`Error: something broke`:                            "error",
		`error: something broke`:                            "error",
		`Error while reading`:                               "error",
		`ERROR[0001] text`:                                  "error",
		`see more info about warnings`:                      "unknown",
		`no error so far`:                                   "unknown",
		`a b c d e f g ERROR`:                               "unknown",
		`1.2.3.4 - - [x] "GET / HTTP/1.1" 503 12`:           "error",
		`1.2.3.4 - - [x] "GET / HTTP/1.1" 404 12`:           "warn",
		`1.2.3.4 - - [x] "GET / HTTP/2.0" 200 12`:           "info",
		``:  "unknown",
		`"`: "unknown",
	} {
		if got := logline.FindLevel([]byte(text)); got.String() != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for value, want := range map[string]string{"3": "error", "7": "debug", "10": "trace", "60": "fatal", "61": "unknown", "9": "unknown", "ERR": "error", "nonsense": "unknown", "": "unknown", "99999999999": "unknown"} {
		if got := logline.Level([]byte(value)); got.String() != want {
			t.Errorf("level %q: got %s, want %s", value, got, want)
		}
	}
}

func TestFindTrace_WhereLoggersPutIt(t *testing.T) {
	const id, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for text, wantSpan := range map[string]string{
		"trace_id=" + id + " span_id=" + span:                      span,
		`{"traceId":"` + id + `","spanId":"` + span + `"}`:         span,
		`{"trace.id": "` + id + `"}`:                               "",
		`"{\"trace_id\":\"` + id + `\"}"`:                          "",
		"TraceID: " + id + ", Span ID: " + span:                    span,
		"traceparent=00-" + id + "-" + span + "-01":                span,
		`"traceparent":"00-` + id + "-" + span + `-01"`:            span,
		"Traceback of the trace ends; traceid=" + id + " spanID=x": "",
	} {
		trace, gotSpan, ok := logline.FindTrace([]byte(text))
		if !ok || hex.EncodeToString(trace[:]) != id || wantSpan != "" && hex.EncodeToString(gotSpan[:]) != wantSpan || wantSpan == "" && gotSpan != [8]byte{} {
			t.Errorf("%s: got %x %x, %v", text, trace, gotSpan, ok)
		}
	}
	for _, text := range []string{"", "trace", "trace_id=", "trace_id=00000000000000000000000000000000", "trace_id=" + id + "0", "xtrace " + id} {
		if trace, _, ok := logline.FindTrace([]byte(text)); ok {
			t.Errorf("%q: got %x, want none", text, trace)
		}
	}
	for text, want := range map[string]string{
		id: id, "4bf92f35-77b3-4da6-a3ce-929d0e0e4736": id, "a3ce929d0e0e4736": "0000000000000000a3ce929d0e0e4736",
		"11801814316424746806": "0000000000000000a3c87797939dd736", "x": "", "00000000000000000": "",
	} {
		got, ok := logline.ParseTraceID([]byte(text))
		if ok != (want != "") || ok && hex.EncodeToString(got[:]) != want {
			t.Errorf("%s: got %x, %v, want %s", text, got, ok, want)
		}
	}
}

func TestParseTime_WhatLoggersWrite(t *testing.T) {
	const want = "2026-05-04T12:00:01.5Z"
	for _, text := range []string{
		"2026-05-04T12:00:01.5Z", "2026-05-04T14:00:01.500+02:00", "2026-05-04 12:00:01,500", "2026/05/04 12:00:01.5 UTC", "2026-05-04T17:30:01.5+0530",
		"1777896001.5", "1777896001500", "1777896001500000", "1777896001500000000", "1777896001500.0", "1.7778960015e9",
	} {
		ns, ok := logline.ParseTime([]byte(text))
		got := time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		if text == "1.7778960015e9" {
			got = "2026-05-04T12:00:01.5Z"[:19] + got[19:] // the fraction is lost
			if got != "2026-05-04T12:00:01Z" || !ok {
				t.Errorf("%s: got %s, %v", text, got, ok)
			}
			continue
		}
		if !ok || got != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"04/May/2026:12:00:01 +0000", "Mon, 04 May 2026 12:00:01 UTC", "Mon May  4 12:00:01 2026"} {
		if ns, ok := logline.ParseTime([]byte(text)); !ok || ns/1e9 != 1777896001 {
			t.Errorf("%s: got %d, %v", text, ns, ok)
		}
	}
	for _, text := range []string{"", "0", "-5", "abc", "1677-01-01T00:00:00Z", "2262-05-01T00:00:00Z", "9999-12-31T23:59:59Z", "99999999999999999999", "1e300", "2026-02-30T00:00:00Z",
		"2026-05-04T25:00:00Z", "2026-05-04T12:00:01+25:00", "2026-05-04", "1777896001x", "12"} {
		if ns, ok := logline.ParseTime([]byte(text)); ok {
			t.Errorf("%s: got %s, want none", text, time.Unix(0, ns).UTC())
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{`{"level":"info","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}`, "E0504 12:00:00.1 1 a.go:1] x", "level=", "traceparent=00-", `12:M a b c d #`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if s := logline.FindLevel(text); s > 24 {
			t.Errorf("severity %d", s)
		}
		if id, _, ok := logline.FindTrace(text); ok && id == [16]byte{} {
			t.Error("a zero id was found")
		}
		if ns, ok := logline.ParseTime(text); ok && !logline.Plausible(ns) {
			t.Errorf("an absurd time %d was found", ns)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	text := []byte(`2026-05-04 12:00:00,123 [main] orders.Service - order 4711 of customer 42 with 7 items was placed after 320 ms on shard eu-west-1 and will be shipped tomorrow`)
	b.ReportAllocs()
	for b.Loop() {
		logline.FindLevel(text)
		logline.FindTrace(text)
	}
}

func TestLeadingTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for line, want := range map[string]string{
		"2026-05-04 12:00:00,123 INFO x":                            "2026-05-04T10:00:00.123Z",
		"[2026-05-04T12:00:00.5Z] x":                                "2026-05-04T12:00:00.5Z",
		"2026/05/04 12:00:00 [error] 31#31":                         "2026-05-04T10:00:00Z",
		"2026-05-04T12:00:00+02:00 x":                               "2026-05-04T10:00:00Z",
		"2026-05-04 12:00:00 UTC [7] LOG":                           "2026-05-04T12:00:00Z",
		`1.2.3.4 - - [04/May/2026:12:00:00 +0000] "GET / HTTP/1.1"`: "2026-05-04T12:00:00Z",
		"no time": "", "": "", "2026-99-04 12:00:00": "", "[": "", "12": "",
	} {
		ns, ok := logline.LeadingTime([]byte(line), berlin)
		if got := time.Unix(0, ns).UTC().Format(time.RFC3339Nano); ok != (want != "") || ok && got != want {
			t.Errorf("%s: got %s, %v, want %s", line, got, ok, want)
		}
	}
}
