package promapi_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/web/promapi"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// oneRule is a rule engine with one group of one alerting rule.
type oneRule struct{ group *rules.Group }

func (o oneRule) RuleGroups() []*rules.Group           { return []*rules.Group{o.group} }
func (o oneRule) AlertingRules() []*rules.AlertingRule { return o.group.AlertingRules() }

// serve starts a server with a store that holds eleven samples, a minute
// apart, of two series each, sent to it by remote write.
func serve(t *testing.T, change func(*promapi.Options)) *httptest.Server {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	c := store.DefaultConfig()
	c.MinFreeDisk = 0
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: t.TempDir(), Config: c, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	now := func() time.Time { return start }
	set := metrics.NewSet()
	w := store.NewWriter(store.WriterOptions{DB: db, Config: c, Now: now, Metrics: set, Logger: log})
	engine := store.NewQueryEngine(store.QueryEngineOptions{Config: c.Query, Logger: log})
	t.Cleanup(func() { engine.Close() })
	ps := parser.NewParser(parser.Options{})
	expr, err := ps.ParseExpr("up == 0")
	if err != nil {
		t.Fatal(err)
	}
	rule := rules.NewAlertingRule("Down", expr, time.Minute, 0, labels.FromStrings("severity", "page"), labels.EmptyLabels(), labels.EmptyLabels(), "", false, log)
	o := promapi.Options{
		Engine: engine, Storage: db, Now: now, Logger: log,
		Rules:    oneRule{rules.NewGroup(rules.GroupOptions{Name: "g", File: "f", Interval: time.Minute, Rules: []rules.Rule{rule}, Opts: &rules.ManagerOptions{Logger: log}})},
		Build:    promapi.Build{Version: "3.16.0", GoVersion: "go1.26"},
		Flags:    map[string]string{"web.listen-address": "127.0.0.1:9099"},
		Lookback: 5 * time.Minute, Timeout: 30 * time.Second, TSDB: db,
	}
	if change != nil {
		change(&o)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/v1/write", ingest.NewHandler(ingest.Options{Sink: w, Config: ingest.DefaultConfig(), Logger: log, Metrics: set, Now: now}))
	api := promapi.New(o)
	mux.Handle("/api/v1/", api)
	mux.Handle(promapi.FederatePath, api)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	send(t, s)
	return s
}

func send(t *testing.T, s *httptest.Server) {
	t.Helper()
	r := new(prompb.WriteRequest)
	for _, job := range []string{"api", "web"} {
		ts := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "up"}, {Name: "job", Value: job}}}
		for i := range int64(11) {
			ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: start.UnixMilli() - (10-i)*60_000, Value: float64(i)})
		}
		r.Timeseries = append(r.Timeseries, ts)
	}
	body, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(s.URL+"/api/v1/write", "application/x-protobuf", strings.NewReader(string(snappy.Encode(nil, body))))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		b, _ := io.ReadAll(resp.Body)
		t.Fatalf("write: %d %s", resp.StatusCode, b)
	}
}

// call makes a request and returns status, headers and body without spaces at its ends.
func call(t *testing.T, method, u, contentType, body string) (int, http.Header, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(context.Background(), method, u, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		q.Header.Set("Content-Type", contentType)
	}
	q.Header.Set("Origin", "http://elsewhere.example")
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, strings.TrimSpace(string(b))
}

const form = "application/x-www-form-urlencoded"

func TestAPI_WrittenSamples_ComeBack(t *testing.T) {
	s := serve(t, nil)
	const window = "start=2026-03-01T11:58:00Z&end=2026-03-01T12:00:00Z"
	for _, tc := range []struct{ path, args, want string }{
		{"query", "query=up", `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"api"},"value":[1772366400,"10"]},{"metric":{"__name__":"up","job":"web"},"value":[1772366400,"10"]}]}}`},
		{"query", "query=sum(up)&time=2026-03-01T11:55:00Z", `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1772366100,"10"]}]}}`},
		{"query_range", "query=up{job%3D\"api\"}&step=1m&" + window, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"api"},"values":[[1772366280,"8"],[1772366340,"9"],[1772366400,"10"]]}]}}`},
		{"series", "match[]=up&" + window, `{"status":"success","data":[{"__name__":"up","job":"api"},{"__name__":"up","job":"web"}]}`},
		{"labels", window, `{"status":"success","data":["__name__","job"]}`},
		{"query_exemplars", "query=up&" + window, `{"status":"success","data":[]}`},
		{"format_query", "query=sum+by(job)(up)", `{"status":"success","data":"sum by (job) (up)"}`},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			code, header, got := 0, http.Header(nil), ""
			if method == http.MethodGet {
				code, header, got = call(t, method, s.URL+"/api/v1/"+tc.path+"?"+tc.args, "", "")
			} else {
				code, header, got = call(t, method, s.URL+"/api/v1/"+tc.path, form, tc.args)
			}
			if code != 200 || got != tc.want {
				t.Errorf("%s %s?%s: got %d\n%s\nwant\n%s", method, tc.path, tc.args, code, got, tc.want)
			}
			if header.Get("Access-Control-Allow-Origin") != "" || header.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("%s: got CORS headers %v", tc.path, header)
			}
		}
	}
}

func TestAPI_OtherEndpoints_Answer(t *testing.T) {
	s := serve(t, nil)
	for _, tc := range []struct{ path, want string }{
		{"label/job/values", `"data":["api","web"]`},
		{"status/buildinfo", `"version":"3.16.0"`},
		{"status/flags", `"web.listen-address":"127.0.0.1:9099"`},
		{"metadata", `"data":{}`},
		{"alerts", `"alerts":[]`},
		{"rules", `"name":"Down","query":"up == 0","duration":60`},
		{"parse_query?query=up", `"type":"vectorSelector"`},
	} {
		code, header, got := call(t, http.MethodGet, s.URL+"/api/v1/"+tc.path, "", "")
		if code != 200 || !strings.Contains(got, tc.want) || !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: got %d %s, want %s", tc.path, code, got, tc.want)
		}
	}
	if code, _, got := call(t, http.MethodHead, s.URL+"/api/v1/query?query=up", "", ""); code != 200 || got != "" {
		t.Errorf("HEAD: got %d %q", code, got)
	}
	// Without a rule engine there are no rules, which is no error.
	s = serve(t, func(o *promapi.Options) { o.Rules = nil; o.Now = nil })
	for _, path := range []string{"rules", "alerts", "query?query=up"} {
		if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/"+path, "", ""); code != 200 {
			t.Errorf("%s: got %d %s", path, code, got)
		}
	}
}

func TestAPI_WrongRequests_AnswerInPrometheusForm(t *testing.T) {
	s := serve(t, nil)
	long := url.QueryEscape(strings.Repeat("x", 5<<20))
	for _, tc := range []struct {
		name, method, path, contentType, body string
		code                                  int
		kind, text                            string
	}{
		{"no query", "GET", "query", "", "", 400, "bad_data", "query"},
		{"syntax", "GET", "query?query=sum(", "", "", 400, "bad_data", "parse error"},
		{"unknown function", "POST", "query", form, "query=nosuch(up)", 400, "bad_data", "unknown function"},
		{"time", "GET", "query?query=up&time=noon", "", "", 400, "bad_data", "time"},
		{"step 0", "GET", "query_range?query=up&start=1&end=2&step=0", "", "", 400, "bad_data", "step"},
		{"end before start", "GET", "query_range?query=up&start=2&end=1&step=1", "", "", 400, "bad_data", "end"},
		{"too many points", "GET", "query_range?query=up&start=1&end=1000000&step=1", "", "", 400, "bad_data", "11,000"},
		{"no matcher", "GET", "series", "", "", 400, "bad_data", "match[]"},
		{"many to many", "GET", "query?query=up*on()up", "", "", 422, "execution", "many-to-many"},
		{"JSON body", "POST", "query", "application/json", `{"query":"up"}`, 415, "bad_data", "application/x-www-form-urlencoded"},
		{"form too long", "POST", "query", form, "query=" + long, 413, "bad_data", "[body_too_large]"},
		{"query too long", "POST", "query_range", form, "start=1&end=2&step=1&query=" + long[:200<<10], 400, "bad_data", "[query_too_long]"},
		{"selector too long", "POST", "series", form, "match[]=" + long[:200<<10], 400, "bad_data", "[query_too_long]"},
		{"query too deep", "POST", "query", form, "query=" + strings.Repeat("(", 20_000) + "up" + strings.Repeat(")", 20_000), 400, "bad_data", "20000 deep"},
		{"time is no time", "GET", "query?query=up&time=NaN", "", "", 400, "bad_data", `"time"`},
		{"start without end", "GET", "query_range?query=up&start=-Inf&end=1&step=1", "", "", 400, "bad_data", `"start"`},
		{"end of time", "GET", "series?match[]=up&end=1e300", "", "", 400, "bad_data", `"end"`},
		{"step is no number", "GET", "query_range?query=up&start=1&end=2&step=NaN", "", "", 400, "bad_data", "step"},
		{"timeout", "GET", "query?query=up&timeout=soon", "", "", 400, "bad_data", "timeout"},
		{"matrix in a range", "GET", "query_range?query=up[5m]&start=1&end=2&step=1", "", "", 400, "bad_data", "range vector"},
		{"no matcher that selects", "GET", "query?query={__name__=~\".*\"}", "", "", 400, "bad_data", "at least one non-empty matcher"},
		{"repeated repeats", "GET", "query?query=up{job=~\"((a{1,100}){1,100}){1,100}\"}", "", "", 400, "bad_data", "repeat"},
		{"continuation bytes", "GET", "query?query=%80%80%80", "", "", 400, "bad_data", "parse error"},
		{"label name", "GET", "label/a-b/values?match[]=up{", "", "", 400, "bad_data", "parse error"},
		{"metadata limit", "GET", "metadata?limit=some", "", "", 400, "bad_data", "limit"},
		{"TSDB limit", "GET", "status/tsdb?limit=0", "", "", 400, "bad_data", "limit"},
		{"scrape pool", "GET", "scrape_pools/config?scrapePool=x", "", "", 400, "bad_data", "nothing is scraped"},
		{"remote read of a form", "POST", "read", form, "query=up", 415, "bad_data", "application/x-protobuf"},
		{"remote read by GET", "GET", "read", "", "", 405, "bad_data", "want POST"},
		{"broken escape", "POST", "query", form, "query=%zz", 400, "bad_data", "invalid URL escape"},
		{"method", "PUT", "query", "", "", 405, "bad_data", "GET, HEAD, POST"},
		{"POST to rules", "POST", "rules", form, "", 405, "bad_data", "want GET, HEAD"},
		{"unknown path", "GET", "nosuch", "", "", 404, "not_found", "/api/v1/nosuch"},
		{"administration", "POST", "admin/tsdb/delete_series", "", "", 403, "unavailable", "storage.retention"},
		{"search", "GET", "search/metric_names", "", "", 404, "not_found", "no such path"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, header, got := call(t, tc.method, s.URL+"/api/v1/"+tc.path, tc.contentType, tc.body)
			var e struct{ Status, ErrorType, Error string }
			if err := json.Unmarshal([]byte(got), &e); err != nil {
				t.Fatalf("got %d %.200s: %v", code, got, err)
			}
			if code != tc.code || e.Status != "error" || e.ErrorType != tc.kind || !strings.Contains(e.Error, tc.text) {
				t.Errorf("got %d %+v, want %d %s %q", code, e, tc.code, tc.kind, tc.text)
			}
			if code == 405 && header.Get("Allow") == "" {
				t.Errorf("got Allow %q", header.Get("Allow"))
			}
		})
	}
}

func TestAPI_NotReady_Answers503(t *testing.T) {
	ready := false
	s := serve(t, func(o *promapi.Options) { o.Ready = func() bool { return ready } })
	code, header, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query=up", "", "")
	if code != 503 || header.Get("Retry-After") == "" || !strings.Contains(got, `"errorType":"unavailable"`) {
		t.Errorf("got %d %v %s", code, header, got)
	}
	ready = true
	if code, _, got := call(t, http.MethodGet, s.URL+"/api/v1/query?query=up", "", ""); code != 200 {
		t.Errorf("got %d %s", code, got)
	}
}
