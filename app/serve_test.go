package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/web"
)

func TestApp_BeforeStoresAreOpen_AliveButNotReady(t *testing.T) {
	d := newDaemon(t)
	for _, tt := range []struct {
		method, path string
		status       int
		says         string
	}{
		{"GET", "/-/healthy", 200, "healthy"},
		{"GET", "/metrics", 200, "tocsin_build_info{version=\"test\""},
		{"GET", "/-/ready", 503, "not ready: opening the stores (segment 0 of 0 of the log, 0%)"},
		{"GET", "/api/v1/query?query=up", 503, `"errorType":"unavailable"`},
		{"GET", "/api/v1/status/walreplay", 200, `{"data":{"min":0,"max":0,"current":0,"state":"waiting"},"status":"success"}`},
		{"POST", "/api/v1/write", 503, "come again"},
		{"POST", "/-/reload", 503, "come again"},
	} {
		if status, body := direct(d.app, tt.method, tt.path); status != tt.status || !strings.Contains(body, tt.says) {
			t.Errorf("%s %s: got %d %q, want %d and %q", tt.method, tt.path, status, body, tt.status, tt.says)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", "text/html,*/*")
	page := httptest.NewRecorder()
	d.app.ServeHTTP(page, r)
	if page.Code != 503 || !strings.Contains(page.Body.String(), "Tocsin is starting") || !strings.Contains(page.Body.String(), `http-equiv="refresh"`) {
		t.Errorf("a browser got %d %s", page.Code, page.Body)
	}
	if d.app.Core() != nil {
		t.Error("New opened the stores, want that left to Run")
	}
	if _, err := d.app.WarmSignals(t.Context(), time.Now(), time.Now(), time.Second); err == nil {
		t.Error("WarmSignals before the stores are open: got no error")
	}
	if err := d.app.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "still starting") {
		t.Errorf("Reload before the stores are open: got %v", err)
	}
	d.start()
	for _, path := range []string{"/-/healthy", "/-/ready"} {
		if status, body := d.get(path); status != 200 {
			t.Errorf("%s of a running daemon: got %d %s", path, status, body)
		}
	}
}

func TestApp_WrittenSamples_AreQueriedBandedAndCounted(t *testing.T) {
	d := newDaemon(t).start()
	values := make([]float64, 240)
	for i := range values {
		values[i] = 100 + 2*math.Sin(float64(i)*1.7)
	}
	end := d.remoteWrite("queue_depth", 5*time.Second, values...)

	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	d.json("/api/v1/query?query=queue_depth&time="+strconv.FormatFloat(float64(end.UnixMilli())/1000, 'f', 3, 64), &answer)
	want := strconv.FormatFloat(values[len(values)-1], 'f', -1, 64)
	if len(answer.Data.Result) != 1 || answer.Data.Result[0].Value[1] != want {
		t.Errorf("query: got %v, want %s", answer.Data.Result, want)
	}

	var band struct {
		Series map[string]string
		Points [][6]any
	}
	q := url.Values{"query": {`queue_depth{job="pay"}`}, "step": {"15s"},
		"start": {end.Add(-2 * time.Minute).Format(time.RFC3339)}, "end": {end.Add(time.Second).Format(time.RFC3339)}}
	d.json("/api/v1/tocsin/band?"+q.Encode(), &band)
	if n := len(band.Points); n < 7 || n > 10 || band.Series["job"] != "pay" {
		t.Fatalf("band: got %d points of %v, want 7 to 10: one for each step", n, band.Series)
	}
	last := band.Points[len(band.Points)-1]
	lower, _ := last[3].(float64)
	upper, _ := last[4].(float64)
	if !(lower > 80 && lower < 100 && upper > 100 && upper < 120) {
		t.Errorf("band: got %v to %v around values of 98 to 102", last[3], last[4])
	}

	var s web.Status
	d.json("/api/v1/tocsin/status", &s)
	if s.Version != "test" || s.Store.Series == 0 || s.Store.SamplesTotal < 240 || s.Detector.Watched == 0 || !s.Reload.OK || s.Runtime.ResidentBytes == 0 {
		t.Errorf("status: got %+v", s)
	}
	if s.Store.Newest.Before(end.Add(-time.Second)) || s.Store.Oldest.After(end.Add(-19*time.Minute)) {
		t.Errorf("status: got samples from %s to %s, want 20 minutes up to %s", s.Store.Oldest, s.Store.Newest, end)
	}
	if len(s.Channels) != 1 || s.Channels[0].Name != "console" || s.Rules.Alerts == 0 {
		t.Errorf("status: got channels %v and %d alerts, want the embedded defaults", s.Channels, s.Rules.Alerts)
	}
}

func TestApp_Explain_SaysWhyInNumbers(t *testing.T) {
	d := newDaemon(t).start()
	values := make([]float64, 300)
	for i := range values {
		values[i] = 100 + 2*math.Sin(1.7*float64(i))
	}
	values[280] = 900
	end := d.remoteWrite("queue_depth", 5*time.Second, values...)
	at := end.Add(-19*5*time.Second + time.Second) // a second after the spike
	var e web.Explanation
	q := url.Values{"query": {`queue_depth{job="pay"}`}, "time": {at.Format(time.RFC3339)}}
	d.json("/api/v1/tocsin/explain?"+q.Encode(), &e)
	if e.Value != 900 || !e.Odd || e.Kind != "spike" || e.Score < e.Threshold || !e.Evidence[0].Decisive || e.Series["job"] != "pay" ||
		!strings.HasPrefix(e.Text, "value 900 at ") || float64(e.Decades) < float64(e.Need) {
		t.Errorf("got %+v\n%s", e, e.Text)
	}
	for target, want := range map[string]int{
		"query=nothing_here": 404, "query=rate(x[1m])": 400, "query=queue_depth&time=" + url.QueryEscape(end.Add(time.Hour+time.Minute).Format(time.RFC3339)): 404,
	} {
		if status, body := d.get("/api/v1/tocsin/explain?" + target); status != want || !strings.Contains(body, "error") {
			t.Errorf("%s: got %d %s, want %d", target, status, body, want)
		}
	}
}

func TestApp_Band_WrongSelector_SaysWhat(t *testing.T) {
	d := newDaemon(t).start()
	d.remoteWrite("depth_a", time.Second, 1, 2)
	d.remoteWrite("depth_b", time.Second, 1, 2)
	for _, tt := range []struct {
		query  string
		status int
		says   string
	}{
		{`{job="pay",__name__=~"depth_.*"}`, 400, "matches several"},
		{`nothing_here`, 404, `no series matches {__name__=\"nothing_here\"} and has a sample from `},
		{`rate(depth_a[1m])`, 400, "want a selector of one series"},
	} {
		status, body := d.get("/api/v1/tocsin/band?" + url.Values{"query": {tt.query}}.Encode())
		if status != tt.status || !strings.Contains(body, tt.says) {
			t.Errorf("%s: got %d %s, want %d and %q", tt.query, status, body, tt.status, tt.says)
		}
	}
}

// The labels of a series, as an anomaly has them for its query, are a selector of all
// series that have more labels too.
func TestApp_LabelsWrittenOut_MeanTheSeriesThatHasNoOthers(t *testing.T) {
	d := newDaemon(t).start()
	d.remoteWrite("depth", time.Second, 1, 2)
	var series []prompb.TimeSeries
	for i, name := range []string{"a", "zone"} { // sorted before and behind those of the other
		ts := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "depth"}, {Name: "job", Value: "pay"}, {Name: name, Value: "x"}}}
		ts.Samples = []prompb.Sample{{Timestamp: time.Now().UnixMilli(), Value: float64(i)}}
		slices.SortFunc(ts.Labels, func(x, y prompb.Label) int { return strings.Compare(x.Name, y.Name) })
		series = append(series, ts)
	}
	d.writeSeries(series...)
	for query, want := range map[string]int{`{__name__="depth",job="pay"}`: 200, `depth{job="pay",a="x"}`: 200, `depth`: 400} {
		var band web.Band
		status, body := d.get("/api/v1/tocsin/band?" + url.Values{"query": {query}}.Encode())
		if status != want || want == 400 && !strings.Contains(body, "matches several") {
			t.Errorf("%s: got %d %s, want %d", query, status, body, want)
		}
		if want != 200 {
			continue
		}
		if err := json.Unmarshal([]byte(body), &band); err != nil || (len(band.Series) == 3) != strings.Contains(query, "a=") {
			t.Errorf("%s: got the series %v, %v", query, band.Series, err)
		}
	}
	if status, body := d.get("/api/v1/tocsin/forecast?match=depth"); status != 200 {
		t.Errorf("forecast: got %d %s, want the series that something is known of, here none", status, body)
	}
}

func TestApp_Metrics_AreOneValidExposition(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", deploymentAlert).start()
	d.remoteWrite("queue_depth", time.Second, 1, 2, 3)
	d.failDeployment("pay")
	d.eventually("the message is sent", func() bool { return strings.Contains(d.console.String(), "pay") })
	d.post("/-/reload", "")
	status, body := d.get("/metrics")
	if status != 200 {
		t.Fatalf("got %d", status)
	}
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatalf("not an exposition: %v", err)
	}
	for _, name := range []string{
		"tocsin_build_info", "tocsin_store_samples_total", "tocsin_verdict_queue_length", "tocsin_verdicts_dropped_total",
		"tocsin_config_last_reload_successful", "tocsin_config_last_reload_success_timestamp_seconds", "process_resident_memory_bytes",
		"prometheus_tsdb_head_series", "prometheus_engine_queries",
	} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		id := line[:strings.LastIndexByte(strings.TrimSpace(line), ' ')]
		if seen[id] {
			t.Errorf("series %s is there twice", id)
		}
		seen[id] = true
	}
}

func TestApp_RecordedChange_IsListedAndInvalidOneExplained(t *testing.T) {
	d := newDaemon(t).start()
	status, body := d.post("/api/v1/tocsin/changes", `{"id":"r1","service":"pay","kind":"deployment","version_from":"v1","version_to":"v2"}`)
	if status != 201 {
		t.Fatalf("got %d %s, want 201", status, body)
	}
	var list web.ChangeList
	d.json("/api/v1/tocsin/changes?service=pay&kind=deployment&to="+url.QueryEscape(time.Now().Add(time.Second).Format(time.RFC3339)), &list)
	if len(list.Changes) != 1 || list.Changes[0].ID != "r1" || list.Changes[0].VersionTo != "v2" {
		t.Errorf("got %+v", list.Changes)
	}
	if status, body := d.post("/api/v1/tocsin/changes", `{"kind":"deployment"}`); status != 400 || !strings.Contains(body, "service") {
		t.Errorf("a change without a service: got %d %s", status, body)
	}
	if status, body := d.get("/api/v1/tocsin/incidents/none"); status != 404 || !strings.Contains(body, "none") {
		t.Errorf("an unknown incident: got %d %s", status, body)
	}
}

func TestApp_LiveStream_TellsOfAnIncidentAndEndsWithTheDaemon(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", plainConfig, "alerts.yml", deploymentAlert).start()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+d.app.Address()+"/api/v1/tocsin/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	var res *http.Response
	d.eventually("live events run", func() bool {
		if res, err = http.DefaultClient.Do(req); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 200 {
			res.Body.Close() // 503: they come a moment after the pages
		}
		return res.StatusCode == 200
	})
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	waitFor := func(prefix, contains string) {
		t.Helper()
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), prefix) && strings.Contains(lines.Text(), contains) {
				return
			}
		}
		t.Fatalf("the stream ended before %q with %q: %v", prefix, contains, lines.Err())
	}
	waitFor("event: hello", "")
	d.failDeployment("pay")
	waitFor("event: incident", "")
	waitFor("data:", `"pay"`)
	d.stop() // which the stream does not hold up
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream was cut off: %v", err)
	}
}

func TestApp_IncidentPages_TellTheWholeStory(t *testing.T) {
	d := newDaemon(t, "tocsin.yml", plainConfig+"web: {external_url: \"https://tocsin.example.com/\"}\n", "alerts.yml", deploymentAlert).start()
	if d.app.URL() != "https://tocsin.example.com" {
		t.Errorf("URL: got %s", d.app.URL())
	}
	d.failDeployment("pay")
	var list web.IncidentList
	d.eventually("there is an incident", func() bool {
		d.json("/api/v1/tocsin/incidents?state=open", &list)
		return len(list.Incidents) == 1
	})
	id := list.Incidents[0].ID
	d.eventually("the console was told", func() bool {
		return strings.Contains(d.console.String(), "https://tocsin.example.com/incidents/"+id)
	})
	var detail web.IncidentDetail
	d.eventually("the delivery is on the page", func() bool {
		d.json("/api/v1/tocsin/incidents/"+id, &detail)
		return len(detail.Deliveries) > 0 && detail.Deliveries[0].State == "sent"
	})
	if detail.Ranking == nil || len(detail.Ranking.Findings) == 0 || len(detail.Events) == 0 {
		t.Errorf("got ranking %v and %d events", detail.Ranking, len(detail.Events))
	}
	if status, body := d.post("/api/v1/tocsin/incidents/"+id+"/ack", `{"actor":"ops"}`); status != 200 || !strings.Contains(body, "acknowledged") {
		t.Errorf("ack: got %d %s", status, body)
	}
	if status, body := d.post("/api/v1/tocsin/incidents/"+id+"/resolve", `{"actor":"ops"}`); status != 200 || !strings.Contains(body, "resolved") {
		t.Errorf("resolve: got %d %s", status, body)
	}
	if status, body := d.post("/api/v1/tocsin/incidents/"+id+"/ack", `{"actor":"ops"}`); status != 409 {
		t.Errorf("ack of what is over: got %d %s, want 409", status, body)
	}
	if status, body := d.get("/api/v1/tocsin/anomalies"); status != 200 {
		t.Errorf("anomalies: got %d %s", status, body)
	}
}
