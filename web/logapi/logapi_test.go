package logapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gorilla/websocket"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logstest"
	"github.com/tocsinhq/tocsin/logs/remote"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web/logapi"
)

var begin = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// fixture is the API over a store with four lines.
type fixture struct {
	*testing.T
	store *logs.Store
	url   string
}

func serve(t *testing.T) *fixture {
	t.Helper()
	cfg := logs.DefaultConfig()
	cfg.MinFreeDisk = 0
	now := func() time.Time { return begin.Add(time.Minute) }
	s, err := logs.Open(logs.Options{
		Dir: t.TempDir(), Config: cfg, Miner: logstest.Cutter{Seed: maphash.MakeSeed()}, Now: now,
		Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	o := logapi.Options{
		Store: s, Config: cfg, Now: now, Logger: slog.New(slog.DiscardHandler), Version: "test",
		Template: func(id uint64) (logapi.Template, bool) {
			return logapi.Template{ID: fmt.Sprintf("%016x", id), Text: "took <num> ms", Wildcard: "took <*> ms"}, true
		},
	}
	loki, err := logapi.NewLoki(o)
	if err != nil {
		t.Fatal(err)
	}
	own := logapi.NewOwn(o)
	mux := http.NewServeMux()
	mux.Handle("/loki/api/v1/", loki)
	mux.HandleFunc("/logs", own.Lines)
	mux.HandleFunc("/logs/tail", own.Tail)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	f := &fixture{t, s, server.URL}
	f.write(0, "pay", telemetry.SeverityInfo, "took 5 ms")
	f.write(1, "pay", telemetry.SeverityError, "it broke: <& \xff")
	f.write(2, "cart", telemetry.SeverityInfo, `{"a":1,"b":"x"}`)
	f.write(3, "pay", telemetry.SeverityInfo, "took 7 ms")
	return f
}

func (f *fixture) write(second int, service string, sev telemetry.Severity, body string) {
	f.Helper()
	var b telemetry.LogBatch
	r := b.Next()
	r.Time, r.Service, r.Severity, r.Body = begin.Add(time.Duration(second)*time.Second).UnixNano(), service, sev, []byte(body)
	r.Stream = append(r.Stream, telemetry.Pair{Name: []byte("pod"), Value: []byte(service + "-1")})
	r.Attributes = append(r.Attributes, telemetry.Pair{Name: []byte("user.id"), Value: []byte("u1")})
	if res, err := f.store.WriteLogs(context.Background(), &b); err != nil || res.Stored != 1 {
		f.Fatal(res, err)
	}
}

func (f *fixture) get(path string, params ...string) (int, string) {
	f.Helper()
	return f.ask(path, "", params...)
}

func (f *fixture) ask(path, flags string, params ...string) (int, string) {
	f.Helper()
	v := url.Values{}
	for i := 0; i < len(params); i += 2 {
		v.Add(params[i], params[i+1])
	}
	req, _ := http.NewRequest("GET", f.url+path+"?"+v.Encode(), nil)
	if flags != "" {
		req.Header.Set("X-Loki-Response-Encoding-Flags", flags)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body)
}

// shape returns a JSON answer without its figures, which differ.
func (f *fixture) shape(text string) string {
	f.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		f.Fatalf("%v in %q", err, text)
	}
	if d, ok := v["data"].(map[string]any); ok {
		if _, ok := d["stats"].(map[string]any)["summary"]; !ok {
			f.Errorf("no figures in %s", text)
		}
		delete(d, "stats")
	}
	out, _ := json.Marshal(v)
	return string(out)
}

func TestLoki_Answers_HaveItsShapes(t *testing.T) {
	f := serve(t)
	at := strconv.FormatInt(begin.Add(10*time.Second).UnixNano(), 10)
	for _, c := range []struct {
		path   string
		params []string
		want   string
	}{
		{"query_range", []string{"query", `{service_name="pay"} |= "took"`, "limit", "1"},
			`{"data":{"result":[{"stream":{"detected_level":"info","pod":"pay-1","service_name":"pay","template":"T","user_id":"u1"},"values":[["1795608003000000000","took 7 ms"]]}],"resultType":"streams"},"status":"success"}`},
		{"query_range", []string{"query", `sum by (service_name) (count_over_time({pod=~".+"}[1m]))`, "start", "1795608000", "end", "1795608060", "step", "60"},
			`{"data":{"result":[{"metric":{"service_name":"cart"},"values":[[1795608060,"1"]]},{"metric":{"service_name":"pay"},"values":[[1795608000,"1"],[1795608060,"2"]]}],"resultType":"matrix"},"status":"success"}`},
		{"query", []string{"query", `sum(count_over_time({pod=~".+"}[1m]))`, "time", at}, `{"data":{"result":[{"metric":{},"value":[1795608010,"4"]}],"resultType":"vector"},"status":"success"}`},
		{"query", []string{"query", `vector(1)+vector(1)`, "time", at}, `{"data":{"result":[{"metric":{},"value":[1795608010,"2"]}],"resultType":"vector"},"status":"success"}`},
		{"query", []string{"query", `3`, "time", at}, `{"data":{"result":[1795608010,"3"],"resultType":"scalar"},"status":"success"}`},
		{"index/volume", []string{"query", `{service_name=~".+"}`}, `{"data":{"result":[{"metric":{"service_name":"pay"},"value":[1795608060,"32"]},{"metric":{"service_name":"cart"},"value":[1795608060,"15"]}],"resultType":"vector"},"status":"success"}`},
	} {
		status, text := f.get("/loki/api/v1/"+c.path, c.params...)
		if status != 200 {
			t.Errorf("%s: got %d %s", c.path, status, text)
			continue
		}
		got := f.shape(text)
		if i := strings.Index(got, `"template":"`); i > 0 { // of this run's seed
			got = got[:i+12] + "T" + got[i+28:]
		}
		if got != c.want {
			t.Errorf("%s %s: got\n%s, want\n%s", c.path, c.params, got, c.want)
		}
	}
	for _, c := range []struct {
		path   string
		params []string
		want   string
	}{
		{"labels", nil, `{"data":["pod","service_name"],"status":"success"}`},
		{"label/service_name/values", nil, `{"data":["cart","pay"],"status":"success"}`},
		{"label/pod/values", []string{"query", `{service_name="pay"}`}, `{"data":["pay-1"],"status":"success"}`},
		{"series", []string{"match[]", `{service_name="cart"}`}, `{"data":[{"pod":"cart-1","service_name":"cart"}],"status":"success"}`},
		{"index/stats", []string{"query", `{service_name="pay"}`}, `{"bytes":32,"chunks":1,"entries":3,"streams":1}`},
		{"format_query", []string{"query", `{a="b"}|="c"`}, `{"data":"{a=\"b\"} |= \"c\"","status":"success"}`},
		{"patterns", []string{"query", `{service_name="cart"}`, "start", "1795608000", "end", "1795608059", "step", "10"}, `{"data":[{"pattern":"took <_> ms","samples":[[1795608000,1]]}],"status":"success"}`},
	} {
		if status, got := f.get("/loki/api/v1/"+c.path, c.params...); status != 200 || strings.TrimSpace(got) != c.want {
			t.Errorf("%s: got %d\n%s, want\n%s", c.path, status, got, c.want)
		}
	}
}

func TestLoki_CategorizeLabels_StandAtTheLine(t *testing.T) {
	f := serve(t)
	_, text := f.ask("/loki/api/v1/query_range", "categorize-labels", "query", `{service_name="cart"} | json`)
	for _, want := range []string{`"encodingFlags":["categorize-labels"]`, `"stream":{"pod":"cart-1","service_name":"cart"}`, `"parsed":{"a":"1","b":"x"}`, `"structuredMetadata":{"detected_level":"info",`} {
		if !strings.Contains(text, want) {
			t.Errorf("want %s in %s", want, text)
		}
	}
}

func TestLoki_Mistakes_ArePlainText(t *testing.T) {
	f := serve(t)
	for _, c := range []struct {
		path   string
		params []string
		want   string
	}{
		{"query_range", []string{"query", `{a="b"`}, "parse error at line 1, col 7"},
		{"query_range", []string{"query", `{a="b"}`, "limit", "99999"}, "max entries limit per query exceeded, limit > max_entries_limit_per_query (99999 > 5000)"},
		{"query_range", []string{"query", `{a="b"}`, "direction", "up"}, "invalid direction"},
		{"query_range", []string{"query", `{a="b"}`, "start", "2", "end", "1"}, "end timestamp must not be before"},
		{"query", []string{"query", `{a="b"}`}, "log queries are not supported as an instant query type"},
		{"query_range", []string{"query", `rate({a="b"}[1m])`, "start", "1", "end", "1795608060", "step", "1"}, "exceeded maximum resolution of 11,000 points"},
		{"labels", []string{"start", "yesterday"}, "want a time"},
	} {
		if status, got := f.get("/loki/api/v1/"+c.path, c.params...); status != 400 || !strings.Contains(got, c.want) || strings.HasPrefix(got, "{") {
			t.Errorf("%s %s: got %d %s, want %q", c.path, c.params, status, got, c.want)
		}
	}
	if status, _ := f.get("/loki/api/v1/rules"); status != 404 {
		t.Errorf("a path that is not served: got %d", status)
	}
}

func TestLoki_Tail_SendsWhatWasAndWhatComes(t *testing.T) {
	f := serve(t)
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(f.url, "http")+"/loki/api/v1/tail?query="+url.QueryEscape(`{service_name="pay"} |= "took"`), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := func() (lines []string) {
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		var m struct {
			Streams []struct {
				Stream map[string]string
				Values [][2]string
			}
		}
		if err := conn.ReadJSON(&m); err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Streams {
			for _, v := range s.Values {
				lines = append(lines, v[1])
			}
		}
		return lines
	}
	if got := fmt.Sprint(read()); !strings.Contains(got, "took 5 ms") || !strings.Contains(got, "took 7 ms") {
		t.Errorf("got %v", got)
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() { // until one comes after the tail has begun
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				f.write(30, "pay", telemetry.SeverityInfo, "no")
				f.write(30, "pay", telemetry.SeverityInfo, "took 9 ms")
			}
		}
	}()
	if got := read(); len(got) == 0 || got[0] != "took 9 ms" {
		t.Errorf("got %v", got)
	}
}

func TestOwn_LinesAreAStreamOfJSON(t *testing.T) {
	f := serve(t)
	status, text := f.get("/logs", "query", `{service_name="pay"}`, "direction", "forward", "limit", "0")
	var got []string
	for line := range strings.Lines(text) {
		var l logapi.Line
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		got = append(got, l.Level+" "+l.Service+" "+l.Line+" "+l.Labels["pod"]+" "+l.Labels["user_id"])
	}
	if want := "info pay took 5 ms pay-1 u1|error pay it broke: <& \uFFFD pay-1 u1|info pay took 7 ms pay-1 u1"; status != 200 || strings.Join(got, "|") != want {
		t.Errorf("got %d %q, want %q", status, strings.Join(got, "|"), want)
	}
	if status, text := f.get("/logs", "query", "{"); status != 400 || !strings.Contains(text, `{"error":"parse error`) {
		t.Errorf("got %d %s", status, text)
	}
}

func TestRemote_QuestionsGoToTheOtherLoki(t *testing.T) {
	f := serve(t)
	var auth, tenant string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth, tenant = r.Header.Get("Authorization"), r.Header.Get("X-Scope-OrgID")
		http.Redirect(w, r, f.url+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	}))
	defer front.Close()
	cfg := logs.DefaultConfig()
	cfg.Remote.URL, cfg.Remote.BearerToken, cfg.Remote.Tenant = front.URL, "secret", "team"
	now := func() time.Time { return begin.Add(time.Minute) }
	other, err := remote.New(remote.Options{Config: cfg.Remote, Query: cfg.Query, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	o := logapi.Options{Store: other, Config: cfg, Now: now, Logger: slog.New(slog.DiscardHandler)}
	rec := httptest.NewRecorder()
	logapi.NewOwn(o).Lines(rec, httptest.NewRequest("GET", "/logs?query="+url.QueryEscape(`{service_name="pay"} |= "took"`), nil))
	if got := rec.Body.String(); !strings.Contains(got, `"line":"took 7 ms"`) || strings.Index(got, "took 7") > strings.Index(got, "took 5") || auth != "Bearer secret" || tenant != "team" {
		t.Errorf("got %s, %q, %q", got, auth, tenant)
	}
	loki, err := logapi.NewLoki(o)
	if err != nil {
		t.Fatal(err)
	}
	auth = ""
	rec = httptest.NewRecorder()
	req := httptest.NewRequest("GET", "/loki/api/v1/labels?start=1", nil)
	req.Header.Set("Authorization", "Bearer ours")
	loki.ServeHTTP(rec, req)
	if rec.Code != http.StatusTemporaryRedirect || auth != "Bearer secret" {
		t.Errorf("got %d, %q", rec.Code, auth)
	}
}

func TestOwn_TailSendsEvents(t *testing.T) {
	f := serve(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", f.url+"/logs/tail?query="+url.QueryEscape(`{service_name="pay"}`), nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	scan := bufio.NewScanner(res.Body)
	for scan.Scan() {
		switch text := scan.Text(); {
		case strings.HasPrefix(text, "event: hello"):
			stop := make(chan struct{})
			defer close(stop)
			go func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(20 * time.Millisecond):
						f.write(30, "pay", telemetry.SeverityWarn, "now")
					}
				}
			}()
		case strings.HasPrefix(text, `data: {"time"`):
			if !strings.Contains(text, `"level":"warn","service":"pay","line":"now"`) {
				t.Errorf("got %s", text)
			}
			return
		}
	}
	t.Fatal("the stream ended without a line:", scan.Err())
}
