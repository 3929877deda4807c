package change_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestDecodeJSON_AllFields(t *testing.T) {
	got, err := change.DecodeJSON([]byte(`{"id":"d1","kind":"flag","service":"checkout","environment":"prod","version_from":"a",
		"version_to":"b","started":"2026-03-02T13:00:00+01:00","finished":1772452860,"status":"failed","author":"release-bot",
		"link":"https://ci/1","summary":"x","labels":{"team":"a"}}`))
	want := telemetry.Change{ID: "d1", Kind: "flag", Service: "checkout", Environment: "prod", VersionFrom: "a", VersionTo: "b",
		Started: noon, Finished: noon.Add(time.Minute), Status: "failed", Author: "release-bot", Link: "https://ci/1", Summary: "x",
		Labels: map[string]string{"team": "a"}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v -want +got:\n%s", err, d)
	}
}

func TestDecodeJSON_Times(t *testing.T) {
	for in, want := range map[string]time.Time{
		`1772452800`:                 noon,
		`1772452800.5`:               noon.Add(500 * time.Millisecond),
		`1772452800250`:              noon.Add(250 * time.Millisecond),
		`"2026-03-02T12:00:00Z"`:     noon,
		`"2026-03-02T12:00:00.001Z"`: noon.Add(time.Millisecond),
		`null`:                       {},
		`""`:                         {},
	} {
		got, err := change.DecodeJSON([]byte(`{"started":` + in + `}`))
		if err != nil || !got.Started.Equal(want) {
			t.Errorf("%s: got %s, %v, want %s", in, got.Started, err, want)
		}
	}
}

func TestDecodeJSON_Wrong(t *testing.T) {
	for in, want := range map[string]string{
		``:                                 "ends too early",
		`[]`:                               "want a JSON object, got a list",
		`"x"`:                              "want a JSON object, got text",
		`{"service":"a"`:                   "ends too early",
		`{"service":"a"} {}`:               "more text after its end",
		`{"service":}`:                     "malformed",
		`{service:"a"}`:                    "malformed",
		`{"service":"a","service":"b"}`:    "service: want the field once",
		`{"Service":"a"}`:                  "Service: unknown field; known are id, kind, service",
		`{"versoin":"a"}`:                  "versoin: unknown field",
		`{"service":3}`:                    "service: want text, got a number (3)",
		`{"service":true,"kind":{}}`:       "service: want text, got true; kind: want text, got an object ({})",
		`{"started":"yesterday"}`:          `started: want an RFC 3339 time or a number of seconds or milliseconds since 1970, got "yesterday"`,
		`{"started":[1]}`:                  "got a list",
		`{"started":1e300}`:                "got a number",
		`{"labels":["a"]}`:                 "labels: want an object of texts, got a list",
		`{"labels":{"n":3}}`:               "labels.n: want text, got a number (3)",
		`{"labels":{"n":null}}`:            "labels.n: want text, got null",
		`{"received":"2026-03-02T12:00Z"}`: "received: want no such field",
	} {
		_, err := change.DecodeJSON([]byte(in))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", in, err, want)
		}
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"service":"a","started":1772452800,"labels":{"a":"b"}}`, `{"started":"2026-03-02T12:00:00Z"}`,
		`{"finished":-1e14}`, `{"labels":{"":null}}`, `[`, "{\"service\":\"\xff\"}", `{"a":1,"a":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := change.DecodeJSON(body)
		if err != nil && (err.Error() == "" || len(err.Error()) > 400*(len(body)+2)) {
			t.Errorf("error of %d bytes for %d", len(err.Error()), len(body))
		}
		if err == nil && c.Started.UnixMilli() > 1e15 {
			t.Errorf("started %v", c.Started)
		}
	})
}
