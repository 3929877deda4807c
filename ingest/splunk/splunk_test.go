package splunk_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/ingest/splunk"
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
	r.handler = splunk.NewHandler(r.options)
	return r
}

type reply struct {
	Text    string
	Code    int
	Invalid *int   `json:"invalid-event-number"`
	AckID   *int64 `json:"ackId"`
	Acks    map[string]bool
}

func (r *rig) do(t testing.TB, method, target, body string, headers ...string) (int, reply) {
	t.Helper()
	w := logtest.Send(r.handler, method, target, body, headers...)
	var a reply
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil && w.Code != 404 {
		t.Fatalf("%s: %v in %s", target, err, w.Body)
	}
	return w.Code, a
}

func TestHandler_TenRecords(t *testing.T) {
	var body strings.Builder
	for i, l := range logtest.Ten() {
		fields := map[string]string{"service": l.Service}
		for name, v := range map[string]string{"severity": l.Level, "trace_id": l.Trace, "span_id": l.Span} {
			if v != "" {
				fields[name] = v
			}
		}
		at := fmt.Sprintf("%d.%03d", l.Time.Unix(), l.Time.Nanosecond()/1e6)
		e := map[string]any{"time": json.Number(at), "host": l.Host, "event": l.Text, "fields": fields}
		if i%2 == 0 {
			e["time"] = at
			e["event"] = map[string]string{"message": l.Text}
		}
		text, _ := json.Marshal(e)
		body.Write(text)
	}
	r := newRig(nil)
	if code, a := r.do(t, "POST", "/services/collector", body.String(), "Content-Type", "application/x-www-form-urlencoded"); code != 200 || a.Code != 0 || a.Text != "Success" || a.AckID != nil {
		t.Errorf("got %d %+v", code, a)
	}
	logtest.CheckTen(t, r.sink.Records(), nil)
}

func TestHandler_RecordedRequest(t *testing.T) {
	r := newRig(func(o *ingest.LogOptions) { o.Config.Logs.Tokens = append(o.Config.Logs.Tokens, "token-01") })
	if code, a := r.do(t, "POST", "/services/collector/event/1.0", `{"time":"1795420579.983","event":{"message":"splunk hi","severity":"info"}}`,
		"Authorization", "Splunk token-01", "Content-Type", "application/x-www-form-urlencoded"); code != 200 || a.Code != 0 {
		t.Errorf("got %d %+v", code, a)
	}
	got := r.sink.Records()
	if len(got) != 1 || string(got[0].Body) != "splunk hi" || got[0].Severity.String() != "info" || got[0].Time != 1795420579983e6 {
		t.Errorf("got %v", got)
	}
	for _, tt := range []struct {
		header string
		status int
		code   int
	}{{"", 401, 2}, {"Splunk wrong", 403, 4}, {"Basic eDp0b2tlbi0wMQ==", 200, 0}, {"Splunk token-01", 200, 0}} {
		if status, a := r.do(t, "POST", "/services/collector/event", `{"event":"x"}`, "Authorization", tt.header); status != tt.status || a.Code != tt.code {
			t.Errorf("%q: got %d %+v, want %d code %d", tt.header, status, a, tt.status, tt.code)
		}
	}
}

func TestHandler_BadEvents_AreNamedAndCostNoOther(t *testing.T) {
	for _, tt := range []struct {
		body         string
		status, code int
		invalid      int
		stored       string
	}{
		{``, 400, 5, -1, ""},
		{"  \n", 400, 5, -1, ""},
		{`{"event":"a"}{"time":1}{"event":"b"}`, 400, 12, 1, "a b"},
		{`{"event":"a"}{"event":""}{"event":"b"}`, 400, 13, 1, "a b"},
		{`{"event":"a"}{"event":null}`, 400, 13, 1, "a"},
		{`{"event":"a","time":"soon"}{"event":"b"}`, 400, 6, 0, "b"},
		{`{"event":"a"}` + "\n{\"event\":\n" + `{"event":"b"}`, 400, 6, 1, "a b"},
		{`{"event":"a"}no json`, 400, 6, 1, "a"},
		{`[{"event":"a"},7,{"event":"b"}]`, 400, 6, 1, "a b"},
		{`{"event":{"a":1}}{"event":7}{"event":[1,2]}`, 200, 0, -1, `{"a":1} 7 [1,2]`},
		{`{"event":"a","fields":[]}{"event":"b"}`, 400, 6, 0, "b"},
		{strings.Repeat(`{"event":`, 100_000), 400, 6, 0, ""},
		{"{\"event\":\"a\xff\x00\"}", 200, 0, -1, "a\xff\x00"},
	} {
		r := newRig(nil)
		status, a := r.do(t, "POST", "/services/collector/event", tt.body)
		invalid := -1
		if a.Invalid != nil {
			invalid = *a.Invalid
		}
		if status != tt.status || a.Code != tt.code || invalid != tt.invalid {
			t.Errorf("%.60q: got %d code %d event %d (%s), want %d code %d event %d", tt.body, status, a.Code, invalid, a.Text, tt.status, tt.code, tt.invalid)
		}
		if got := strings.Join(r.sink.Bodies(), " "); got != tt.stored {
			t.Errorf("%.60q: stored %q, want %q", tt.body, got, tt.stored)
		}
	}
}

func TestHandler_Raw_HealthAndAcknowledgement(t *testing.T) {
	r := newRig(nil)
	status, a := r.do(t, "POST", "/services/collector/raw?channel=11&host=h1&sourcetype=app&service=cart&time=1795420579", "ERROR one\n\tat x.Y.z(Y.java:1)\ntwo\r\n")
	got := r.sink.Records()
	if status != 200 || a.AckID == nil || len(got) != 2 || string(got[0].Body) != "ERROR one\n\tat x.Y.z(Y.java:1)" || got[1].Service != "cart" || got[1].Time != 1795420579e9 {
		t.Fatalf("got %d %+v, %q", status, a, r.sink.Bodies())
	}
	status, acks := r.do(t, "POST", "/services/collector/ack?channel=11", fmt.Sprintf(`{"acks":[%d,%d]}`, *a.AckID, *a.AckID+1000))
	if status != 200 || !acks.Acks[fmt.Sprint(*a.AckID)] || acks.Acks[fmt.Sprint(*a.AckID+1000)] {
		t.Errorf("got %d %+v", status, acks)
	}
	if status, a := r.do(t, "POST", "/services/collector/ack", `{"acks":[1]}`); status != 400 || a.Code != 10 {
		t.Errorf("without a channel: got %d %+v", status, a)
	}
	if status, a := r.do(t, "POST", "/services/collector/ack?channel=11", `x`); status != 400 || a.Code != 6 {
		t.Errorf("no JSON: got %d %+v", status, a)
	}
	for _, path := range []string{"/services/collector/health", "/services/collector/health/1.0"} {
		if status, a := r.do(t, "GET", path, ""); status != 200 || a.Code != 17 {
			t.Errorf("%s: got %d %+v", path, status, a)
		}
	}
	r.sink.Fail = fmt.Errorf("disk full")
	if status, a := r.do(t, "POST", "/services/collector", `{"event":"x"}`); status != 503 || a.Code != 9 {
		t.Errorf("got %d %+v", status, a)
	}
	if status, _ := r.do(t, "GET", "/services/collector", ""); status != 405 {
		t.Errorf("GET: got %d", status)
	}
	if status, _ := r.do(t, "POST", "/services/collector/nothing", "x"); status != 404 {
		t.Errorf("unknown path: got %d", status)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"time":"1795420579.983","host":"h","event":{"message":"splunk hi","severity":"info"},"fields":{"a":1}}{"event":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		logtest.CheckDecode(t, func(s *logline.Sheet) { splunk.Decode(body, s) })
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 1000
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "{\"time\":%d.5,\"host\":\"h1\",\"sourcetype\":\"app\",\"event\":{\"level\":\"info\",\"message\":\"order %d of customer 42 with 7 items was placed after 320 ms\",\"service\":\"cart\",\"order\":%d}}", logtest.Now.Unix(), i, i)
	}
	body := []byte(text.String())
	s := new(logline.Sheet)
	b.ReportAllocs()
	for b.Loop() {
		s.Clear()
		if splunk.Decode(body, s); len(s.Records) != n {
			b.Fatal(len(s.Records))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
}
