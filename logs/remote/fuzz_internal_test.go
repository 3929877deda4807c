package remote

import (
	"encoding/json"
	"testing"

	"github.com/tocsinhq/tocsin/logs"
)

// FuzzRecords reads what other stores may answer: no panic, and a time for each record.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{
		`{"_time":"2026-11-25T12:00:00.000000001Z","_msg":"took 5 ms","_stream":"{a.b=\"x\\\"y\",pod=\"pay-1\"}","user.id":"u1","trace_id":"0102030405060708090a0b0c0d0e0f10"}`,
		`{"_time":"2026-11-25T12:00:00Z","_msg":"missing _msg field; see x","_stream":"{}","a":"1"}`,
		`{"@timestamp":"2026-11-25T12:00:00.5Z","message":"x","log":{"level":"WARN"},"labels":{"env":["a"]},"n":[1,{"b":null}],"trace.id":"0102030405060708090a0b0c0d0e0f10"}`,
		`{"@timestamp":1795608000000,"log.level":3}`,
		`{a="b", "c d"="e"}`, `{a="b"`, `{=`, ``,
		`[{"stream":{"service_name":"pay"},"values":[["1","x",{"structuredMetadata":{"detected_level":"info"}}],["2"]]}]`,
	} {
		f.Add([]byte(s))
	}
	v := &victoria{roles: plainRoles}
	e := &elastic{client: &client{cfg: logs.DefaultRemoteConfig()}, roles: elasticRoles}
	l := &loki{roles: plainRoles}
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := v.record(b, map[string][]field{}); err == nil && r.Stream == nil {
			t.Error("a record without a stream")
		}
		if _, err := parseStream(string(b)); err != nil && len(b) == 0 {
			t.Error(err)
		}
		if r, err := e.record(&hit{Source: b}); err == nil && (r.Stream == nil || r.Time == 0) {
			t.Errorf("got %+v", r)
		}
		var streams []lokiStream
		if json.Unmarshal(b, &streams) == nil {
			_, _ = l.records(nil, streams)
		}
	})
}
