package elastic_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/elastic"
	"github.com/tocsinhq/tocsin/ingest/logtest"
	"github.com/tocsinhq/tocsin/telemetry"
)

type rig struct {
	sink    *logtest.Sink
	options ingest.LogOptions
	handler http.Handler
}

func newRig() *rig {
	r := &rig{sink: new(logtest.Sink)}
	r.options = logtest.Options(r.sink)
	r.handler = elastic.NewHandler(r.options)
	return r
}

func (r *rig) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	w := logtest.Send(r.handler, method, path, body, append([]string{"Content-Type", "application/x-ndjson"}, headers...)...)
	return w
}

type bulkAnswer struct {
	Took   *int
	Errors bool
	Items  []map[string]struct {
		Index  string `json:"_index"`
		Status int
		Error  *struct{ Type, Reason string }
	}
}

func (a bulkAnswer) statuses() string {
	var all []string
	for _, item := range a.Items {
		for verb, x := range item {
			all = append(all, fmt.Sprintf("%s %d", verb, x.Status))
		}
	}
	return strings.Join(all, ", ")
}

func (r *rig) bulk(t *testing.T, path, body string) bulkAnswer {
	t.Helper()
	w := r.do(http.MethodPost, path, body)
	var a bulkAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 || a.Took == nil || w.Header().Get("X-Elastic-Product") != "Elasticsearch" {
		t.Fatalf("%.100q: got %d %.200s, %v", body, w.Code, w.Body, err)
	}
	return a
}

func TestHandler_TenRecords(t *testing.T) {
	r := newRig()
	var b bytes.Buffer
	for _, l := range logtest.Ten() {
		b.WriteString(`{"create":{}}` + "\n")
		doc := map[string]any{"@timestamp": l.Time.Format(time.RFC3339Nano), "message": l.Text, "service": map[string]string{"name": l.Service}, "host": map[string]string{"name": l.Host}}
		if l.Level != "" {
			doc["log"] = map[string]string{"level": l.Level}
		}
		if l.Trace != "" {
			doc["trace"] = map[string]string{"id": l.Trace}
		}
		if l.Span != "" {
			doc["span.id"] = l.Span
		}
		if err := json.NewEncoder(&b).Encode(doc); err != nil {
			t.Fatal(err)
		}
	}
	a := r.bulk(t, "/logs-app/_bulk", b.String())
	if a.Errors || len(a.Items) != 10 || a.Items[9]["create"].Status != 201 || a.Items[0]["create"].Index != "logs-app" {
		t.Errorf("got %+v", a)
	}
	logtest.CheckTen(t, r.sink.Records(), nil)
}

func TestHandler_RecordedRequests(t *testing.T) {
	for _, tt := range []struct{ method, target, body, contentType, accept, want string }{
		{"POST", "/_bulk", "{\"create\":{\"_index\":\"logs\"}}\n{\"message\":\"hi\",\"@timestamp\":\"2026-11-23T07:56:09.718Z\"}\n",
			"application/vnd.elasticsearch+x-ndjson; compatible-with=9", "application/vnd.elasticsearch+json; compatible-with=9", "hi"},
		{"POST", "/_bulk?wait_for_active_shards=1&timeout=300ms", "{\"index\":{\"_index\":\"logs-2026.11.23\",\"pipeline\":null},\"attempts\":0}\n{\"@timestamp\":\"2026-11-23T07:56:12.659Z\",\"message\":\"es winston\",\"severity\":\"info\",\"fields\":{}}\n",
			"application/vnd.elasticsearch+x-ndjson; compatible-with=8", "application/vnd.elasticsearch+json; compatible-with=8", "es winston"},
		{"POST", "/_bulk", "{\"index\":{\"_index\": \"logs\",\"_type\":\"events\"}}\n{\"message\":\"rsyslog hi\",\"@timestamp\":\"2026-11-23T08:00:00Z\"}\n",
			"application/json; charset=utf-8", "*/*", "rsyslog hi"},
	} {
		r := newRig()
		w := r.do(tt.method, tt.target, tt.body, "Content-Type", tt.contentType, "Accept", tt.accept)
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"errors":false`) || strings.Join(r.sink.Bodies(), "") != tt.want {
			t.Errorf("%s: got %d %s", tt.target, w.Code, w.Body)
		}
		want := "application/json"
		if strings.HasPrefix(tt.accept, "application/vnd") {
			want = "application/vnd.elasticsearch+json;compatible-with=" + tt.accept[len(tt.accept)-1:]
		}
		if got := w.Header().Get("Content-Type"); got != want {
			t.Errorf("%s: answered as %s, want %s", tt.target, got, want)
		}
	}
}

func TestHandler_Handshake(t *testing.T) {
	r := newRig()
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "/", `"number":"9.`}, {"HEAD", "/", ""}, {"GET", "/elasticsearch/", `"tagline":"You Know, for Search"`}, {"GET", "/elasticsearch", `"version"`},
		{"GET", "/_license", `"status":"active"`}, {"GET", "/_xpack", `"ilm"`}, {"GET", "/_cluster/health?wait_for_status=yellow", `"status":"green"`},
		{"GET", "/_nodes/http", `"nodes"`}, {"GET", "/_cat/indices", `[]`}, {"GET", "/_ilm/policy/filebeat", `{}`}, {"PUT", "/_ilm/policy/filebeat", `"acknowledged":true`},
		{"HEAD", "/_index_template/template_logs", ""}, {"PUT", "/_index_template/logs", `"acknowledged":true`}, {"GET", "/_ingest/pipeline/x", `{}`}, {"PUT", "/_ingest/pipeline/x", `"acknowledged":true`},
		{"GET", "/_data_stream/logs", `"data_streams":[]`}, {"GET", "/_alias/x", `{}`}, {"GET", "/_component_template/x", `"component_templates":[]`}, {"GET", "/_template/logstash", `{}`}, {"HEAD", "/logs", ""},
		{"POST", "/elasticsearch/logs/_refresh", `"_shards"`}, {"GET", "/_logstash/pipeline", `{}`},
	} {
		w := r.do(tt.method, tt.path, "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), tt.want) || w.Header().Get("X-Elastic-Product") != "Elasticsearch" || tt.want != "" && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: got %d %s", tt.method, tt.path, w.Code, w.Body)
		}
	}
	if w := r.do("POST", "/_search", "{}"); w.Code != 400 || !strings.Contains(w.Body.String(), "no search engine") || !json.Valid(w.Body.Bytes()) {
		t.Errorf("search: got %d %s", w.Code, w.Body)
	}
}

func TestHandler_AnItemForEachAction(t *testing.T) {
	ok := `{"index":{"_index":"a"}}` + "\n" + `{"message":"good"}` + "\n"
	var wide strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&wide, `"f%d":1,`, i)
	}
	for _, tt := range []struct{ name, body, statuses, reason, stored string }{
		{"good, bad, good", ok + `{"create":{"_index":"a"}}` + "\nno json\n" + ok, "index 201, create 400, index 201", "failed to parse", "good good"},
		{"array", `{"index":{"_index":"a"}}` + "\n[1]\n" + ok, "index 400, index 201", "want an object", "good"},
		{"two objects", `{"index":{"_index":"a"}}` + "\n{\"message\":\"x\"}{}\n" + ok, "index 400, index 201", "want the end of the document", "good"},
		{"delete has no document", `{"delete":{"_index":"a","_id":"1"}}` + "\n" + ok, "delete 400, index 201", "logs are only added", "good"},
		{"update", `{"update":{"_index":"a","_id":"1"}}` + "\n{\"doc\":{}}\n" + ok, "update 400, index 201", "logs are only added", "good"},
		{"capital letters", `{"index":{"_index":"Logs"}}` + "\n{\"message\":\"x\"}\n" + ok, "index 400, index 201", "must be lowercase", "good"},
		{"no index", `{"index":{}}` + "\n{\"message\":\"x\"}\n" + ok, "index 400, index 201", "index is missing", "good"},
		{"long index", `{"index":{"_index":"` + strings.Repeat("a", 300) + `"}}` + "\n{\"message\":\"x\"}\n" + ok, "index 400, index 201", "at most 255 bytes", "good"},
		{"time is garbage", `{"index":{"_index":"a"}}` + "\n{\"message\":\"x\",\"@timestamp\":\"soon\"}\n" + ok, "index 400, index 201", "failed to parse field [@timestamp]", "good"},
		{"absurd time", `{"index":{"_index":"a"}}` + "\n{\"message\":\"x\",\"@timestamp\":\"1677-01-01T00:00:00Z\"}\n" + ok, "index 400, index 201", "@timestamp", "good"},
		{"two thousand fields", `{"index":{"_index":"a"}}` + "\n{" + wide.String() + "\"message\":\"x\"}\n" + ok, "index 400, index 201", "Limit of total fields [1000]", "good"},
		{"deep", `{"index":{"_index":"a"}}` + "\n" + strings.Repeat(`{"a":`, 10_000) + "1\n" + ok, "index 400, index 201", "brackets", "good"},
		{"empty document", `{"index":{"_index":"a"}}` + "\n{}\n", "index 201", "", "{}"},
		{"no line feed at the end, CRLF, BOM", "\xef\xbb\xbf{\"index\":{\"_index\":\"a\"}}\r\n{\"message\":\"x\"}", "index 201", "", "x"},
		{"broken UTF-8 and NUL", "{\"index\":{\"_index\":\"a\"}}\n{\"message\":\"a\xff\x00b\"}\n", "index 201", "", "a\xff\x00b"},
		{"blank lines", "\n\n" + ok + "\n" + ok, "index 201, index 201", "", "good good"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig()
			a := r.bulk(t, "/_bulk", tt.body)
			if got := a.statuses(); got != tt.statuses || a.Errors != strings.Contains(tt.statuses, "400") {
				t.Errorf("got %s (errors %v), want %s", got, a.Errors, tt.statuses)
			}
			if got := strings.Join(r.sink.Bodies(), " "); got != tt.stored {
				t.Errorf("stored %q, want %q", got, tt.stored)
			}
			if all := fmt.Sprint(reasons(a)); !strings.Contains(all, tt.reason) {
				t.Errorf("got %s, want %q", all, tt.reason)
			}
		})
	}
}

func reasons(a bulkAnswer) (all []string) {
	for _, item := range a.Items {
		for _, x := range item {
			if x.Error != nil {
				all = append(all, x.Error.Type+": "+x.Error.Reason)
			}
		}
	}
	return all
}

func TestHandler_Unreadable_IsAnErrorOfElasticsearch(t *testing.T) {
	good := "{\"index\":{\"_index\":\"a\"}}\n{\"message\":\"good\"}\n"
	for _, tt := range []struct {
		body   string
		code   int
		want   string
		stored int
	}{
		{"", 400, `"parse_exception"`, 0}, {"\n", 400, "request body is required", 0},
		{good + "no action\n{}\n", 400, "Malformed action/metadata line [3]", 1},
		{good + `{"foo":{}}` + "\n{}\n", 400, "Malformed action/metadata line [3], expected one of [create, delete, index, update]", 1},
		{"[1]\n{}\n", 400, "Malformed action/metadata line [1]", 0},
		{good + `{"index":{}}` + "\n", 400, "has no document behind it", 1},
	} {
		r := newRig()
		w := r.do("POST", "/_bulk", tt.body)
		if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.want) || !json.Valid(w.Body.Bytes()) || len(r.sink.Records()) != tt.stored {
			t.Errorf("%q: got %d %s, %d stored", tt.body, w.Code, w.Body, len(r.sink.Records()))
		}
	}
	r := newRig()
	if w := r.do("POST", "/_bulk", "{}", "Content-Type", "text/plain"); w.Code != 406 {
		t.Errorf("text/plain: got %d %s", w.Code, w.Body)
	}
	if w := r.do("POST", "/_bulk", "x", "Content-Encoding", "gzip"); w.Code != 400 || !strings.Contains(w.Body.String(), "is not whole gzip") {
		t.Errorf("no gzip: got %d %s", w.Code, w.Body)
	}
}

func TestHandler_TheSinkRefuses_ItemByItem(t *testing.T) {
	r := newRig()
	body := "{\"index\":{\"_index\":\"a\"}}\n{\"message\":\"x\"}\n{\"index\":{\"_index\":\"a\"}}\n{\"message\":\"y\"}\n{\"index\":{\"_index\":\"a\"}}\n{\"message\":\" \\tat y\"}\n"
	r.sink.Refuse = func(x *telemetry.LogRecord) string {
		if strings.HasPrefix(string(x.Body), "y") {
			return telemetry.ReasonLogsFull
		}
		return ""
	}
	// The third was joined to the second and shares its fate.
	if a := r.bulk(t, "/_bulk", body); a.statuses() != "index 201, index 429, index 429" {
		t.Errorf("got %s", a.statuses())
	}
	r.sink.Fail = fmt.Errorf("disk full")
	if w := r.do("POST", "/_bulk", body); w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "es_rejected_execution_exception") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestHandler_OneDocument(t *testing.T) {
	r := newRig()
	if w := r.do("POST", "/elasticsearch/logs/_doc", `{"message":"one"}`, "Content-Type", "application/json"); w.Code != 201 || !strings.Contains(w.Body.String(), `"result":"created"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if w := r.do("POST", "/elasticsearch/logs/_doc/7", `[]`, "Content-Type", "application/json"); w.Code != 400 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := strings.Join(r.sink.Bodies(), " "); got != "one" {
		t.Errorf("stored %q", got)
	}
}

func TestWants(t *testing.T) {
	for _, tt := range []struct {
		path, agent, accept string
		want                bool
	}{
		{"/", "Mozilla/5.0", "text/html", false}, {"/", "elasticsearch-js/9", "", true}, {"/", "Filebeat/8", "*/*", true}, {"/", "", "application/vnd.elasticsearch+json; compatible-with=9,text/plain", true},
		{"/_bulk", "", "", true}, {"/logs/_doc/7", "", "", true}, {"/logs/type/_bulk", "", "", true}, {"/api/_x", "", "", false}, {"/metrics/job/_x", "", "", false}, {"/logs/_bulk", "", "", true}, {"/_cluster/health", "", "", true}, {"/elasticsearch", "", "", true}, {"/elasticsearch/x", "", "", true}, {"/elasticsearchx", "", "", false},
		{"/incidents", "elasticsearch-js", "", false}, {"/api/v1/x/_bulk", "", "", false},
	} {
		q := httptest.NewRequest("GET", tt.path, nil)
		q.Header.Set("User-Agent", tt.agent)
		q.Header.Set("Accept", tt.accept)
		if got := elastic.Wants(q); got != tt.want {
			t.Errorf("%s as %s: got %v", tt.path, tt.agent, got)
		}
	}
}

func FuzzBulk(f *testing.F) {
	f.Add([]byte("{\"index\":{\"_index\": \"logs\",\"_type\":\"events\"}}\n{\"message\":\"rsyslog hi\",\"@timestamp\":\"2026-11-23T08:00:00Z\"}\n"))
	f.Add([]byte("{\"create\":{}}\n{\"a\":{\"b\":[1]},\"log\":{\"level\":\"x\"}}\n{\"delete\":{}}\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newRig()
		w := r.do("POST", "/i/_bulk", string(body))
		if !json.Valid(w.Body.Bytes()) || w.Code >= 500 {
			t.Fatalf("got %d %q", w.Code, w.Body)
		}
		var a bulkAnswer
		if w.Code == 200 {
			if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
				t.Fatal(err)
			}
			if good := strings.Count(a.statuses(), " 201"); good < len(r.sink.Records()) {
				t.Errorf("%d stored, %d told", len(r.sink.Records()), good)
			}
		}
	})
}

func BenchmarkBulk(b *testing.B) {
	const n = 1000
	var body strings.Builder
	for i := range n {
		fmt.Fprintf(&body, "{\"create\":{}}\n{\"@timestamp\":\"2026-05-04T12:00:00.%03dZ\",\"message\":\"order %d of customer 42 with 7 items was placed after 320 ms\",\"log\":{\"level\":\"info\"},\"service\":{\"name\":\"cart\"},\"host\":{\"name\":\"h1\"},\"kubernetes\":{\"pod\":{\"name\":\"cart-7d\"},\"namespace\":\"shop\"}}\n", i%1000, i)
	}
	h := elastic.NewHandler(logtest.Options(logtest.Discard()))
	b.ReportAllocs()
	for b.Loop() {
		q := httptest.NewRequest(http.MethodPost, "/logs/_bulk", strings.NewReader(body.String()))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
}
