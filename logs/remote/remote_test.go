package remote_test

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
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logstest"
	"github.com/tocsinhq/tocsin/logs/remote"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web/logapi"
)

// The suite fills a store of ours, which sends all on to the other store as it does for
// users, and then puts the same questions to the API over both: the answers must agree.
// The other stores are doubles, and in CI or where VICTORIALOGS names one a real
// VictoriaLogs besides.

var cutter = logstest.Cutter{Seed: maphash.MakeSeed()}

// pair is the API over our store and over another one with the same records.
type pair struct {
	*testing.T
	begin       time.Time
	store       *logs.Store
	ours, other *httptest.Server
	protocol    string
}

// target is another store.
type target struct {
	protocol     string
	url, forward string
	change       func(*logs.Config)
}

func targets(t *testing.T) map[string]target {
	out := map[string]target{}
	vl := httptest.NewServer(&victoriaDouble{T: t})
	t.Cleanup(vl.Close)
	tenant := func(c *logs.Config) { c.Remote.Tenant = "12:34" }
	out["victorialogs"] = target{logs.RemoteVictoria, vl.URL, vl.URL + "/insert/loki/api/v1/push?disable_message_parsing=1", tenant}
	es := httptest.NewServer(&elasticDouble{T: t, pits: map[string][]elasticDoc{}})
	t.Cleanup(es.Close)
	out["elasticsearch"] = target{logs.RemoteElastic, es.URL, es.URL, func(c *logs.Config) {
		c.Forward.Protocol, c.Forward.APIKey, c.Remote.APIKey = logs.ForwardElastic, "k", "k"
	}}
	loki := httptest.NewServer(lokiDouble(t))
	t.Cleanup(loki.Close)
	out["loki"] = target{logs.RemoteLoki, loki.URL, loki.URL + "/loki/api/v1/push", func(*logs.Config) {}}
	if real := realVictoria(t); real != "" {
		out["victorialogs-real"] = target{logs.RemoteVictoria, real, real + "/insert/loki/api/v1/push?disable_message_parsing=1", func(*logs.Config) {}}
	}
	return out
}

func openStore(t *testing.T, cfg logs.Config, now func() time.Time) *logs.Store {
	t.Helper()
	s, err := logs.Open(logs.Options{Dir: t.TempDir(), Config: cfg, Miner: cutter, Now: now, Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func serve(t *testing.T, o logapi.Options) *httptest.Server {
	t.Helper()
	o.Logger, o.Version = slog.New(slog.DiscardHandler), "test"
	o.Template = func(id uint64) (logapi.Template, bool) {
		return logapi.Template{ID: fmt.Sprintf("%016x", id), Wildcard: fmt.Sprintf("%x <*>", id)}, true
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
	answer := func(w http.ResponseWriter, v any, err error) {
		if err != nil {
			status, text := logapi.Status(err)
			http.Error(w, text, status)
			return
		}
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/logs/histogram", func(w http.ResponseWriter, r *http.Request) {
		bars, err := own.Histogram(r)
		answer(w, bars, err)
	})
	mux.HandleFunc("/logs/templates", func(w http.ResponseWriter, r *http.Request) {
		rows, err := own.Templates(r)
		answer(w, rows, err)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// lokiDouble is our own API of Loki, which logcli holds to Loki's, over a store of its own.
func lokiDouble(t *testing.T) http.Handler {
	cfg := logs.DefaultConfig()
	cfg.MinFreeDisk, cfg.Query.MaxTails = 0, 50
	now := time.Now
	s := openStore(t, cfg, now)
	api := serve(t, logapi.Options{Store: s, Config: cfg, Now: now})
	to, _ := url.Parse(api.URL)
	push := pushTo(t, s)
	proxy := proxyTo(to)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/loki/api/v1/push" {
			push(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

// open makes a pair, with records of the last minutes in both stores.
func open(t *testing.T, to target) *pair {
	t.Helper()
	begin := time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)
	now := time.Now
	cfg := logs.DefaultConfig()
	cfg.MinFreeDisk = 0
	cfg.Forward.URL = to.forward
	cfg.Remote.URL, cfg.Remote.Protocol = to.url, to.protocol
	to.change(&cfg)
	p := &pair{T: t, begin: begin, store: openStore(t, cfg, now), protocol: to.protocol}
	p.fill()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.store.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	other, err := remote.New(remote.Options{
		Config: cfg.Remote, Query: cfg.Query, Now: now,
		Template: func(service string, body []byte) uint64 {
			id, _ := cutter.Mine(&telemetry.LogRecord{Service: service, Body: body}, 0, nil)
			return id
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.ours = serve(t, logapi.Options{Store: p.store, Config: logs.DefaultConfig(), Now: now})
	p.other = serve(t, logapi.Options{Store: other, Config: cfg, Now: now})
	p.await(records)
	return p
}

// records is how many there are in the end.
const records = 1500

// fill writes the records: three services, all levels, attributes, traces, JSON, several
// of one time.
func (p *pair) fill() {
	p.Helper()
	var b telemetry.LogBatch
	for i := range records {
		r := b.Next()
		r.Time = p.begin.Add(time.Duration(i) * time.Second).UnixNano()
		if i%100 < 3 {
			r.Time = p.begin.Add(time.Duration(i-i%100) * time.Second).UnixNano()
		}
		r.Service = []string{"pay", "cart", "web front"}[i%3]
		r.Severity = telemetry.Severity(4*(i%7) - 3)
		if i%7 == 0 {
			r.Severity = 0
		}
		switch i % 4 {
		case 0:
			r.Body = fmt.Appendf(nil, `{"status":%d,"path":"/a/%d","took":"%dms"}`, 200+i%400, i, i%50)
		case 1:
			r.Body = fmt.Appendf(nil, "order %d of user-%d paid; got \"ok\" (100%%) é\nsecond line\\", i, i%10)
		case 2:
			r.Body = fmt.Appendf(nil, "status=%d dur=%dms the thing timeout.x", 200+i%400, i%90)
		default:
			r.Body = fmt.Appendf(nil, "Timed OUT after %d ms", i)
		}
		r.Stream = append(r.Stream, telemetry.Pair{Name: []byte("pod"), Value: fmt.Appendf(nil, "p-%d", i%5)})
		if i%2 == 0 {
			r.Stream = append(r.Stream, telemetry.Pair{Name: []byte("env"), Value: []byte(`pr"od\`)})
		}
		r.Attributes = append(r.Attributes, telemetry.Pair{Name: []byte("user.id"), Value: fmt.Appendf(nil, "u%d", i%10)})
		if i%11 == 0 {
			r.TraceID[0], r.TraceID[15], r.SpanID[7] = 0xab, byte(i/11), 1
		}
	}
	if res, err := p.store.WriteLogs(context.Background(), &b); err != nil || res.Stored != records {
		p.Fatal(res, err)
	}
}

// await waits until the other store shows n records.
func (p *pair) await(n int) {
	p.Helper()
	got := ""
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		_, got = get(p.T, p.other.URL+"/logs?"+p.args("limit", "0"))
		if strings.Count(got, "\n") == n {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	p.Fatalf("the other store shows %d of %d records: %.300s", strings.Count(got, "\n"), n, got)
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, string(body)
}

// args makes the parameters of a question about the whole time.
func (p *pair) args(more ...string) string {
	v := url.Values{"start": {strconv.FormatInt(p.begin.UnixNano(), 10)}, "end": {strconv.FormatInt(p.begin.Add(time.Hour).UnixNano(), 10)}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v.Encode()
}

// same asks both and compares. Lines may stand in another order.
func (p *pair) same(path string, more ...string) {
	p.Helper()
	status, want := get(p.T, p.ours.URL+path+"?"+p.args(more...))
	gotStatus, got := get(p.T, p.other.URL+path+"?"+p.args(more...))
	if status != gotStatus || plain(p.T, path, want) != plain(p.T, path, got) {
		p.Errorf("%s %q:\n%s", path, more, apart(gotStatus, plain(p.T, path, got), status, plain(p.T, path, want)))
	}
	if status != http.StatusOK || len(want) < 3 {
		p.Errorf("%s %q says nothing: %d %s", path, more, status, want)
	}
}

// apart shows the first places at which two answers differ.
func apart(gotStatus int, got string, status int, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	at := func(lines []string) string {
		if i < len(lines) {
			return lines[i]
		}
		return "(ends)"
	}
	return fmt.Sprintf("%d, %d lines; got  %.600s\n%d, %d lines; want %.600s", gotStatus, len(a), at(a), status, len(b), at(b))
}

// plain is an answer without figures of its making.
func plain(t *testing.T, path, text string) string {
	if path == "/logs" {
		lines := strings.Split(text, "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	var v map[string]any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	if d, ok := v["data"].(map[string]any); ok {
		delete(d, "stats")
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return string(raw)
}

var lineQueries = []string{
	`{}`,
	`{service_name="pay"}`,
	`{service_name!="pay", pod=~".+"}`,
	`{service_name=~"pay|web front"}`,
	`{service_name!~"pay|ca.*", pod=~".+"}`,
	`{pod="p-1"}`,
	`{pod!="p-1", env="pr\"od\\"}`,
	`{pod=~"p-[12]"}`,
	`{pod!~"p-[1-3].*", service_name=~".+"}`,
	`{pod=~"p-.+"} | drop env | env=""`,
	`{env="", pod=~".+"}`,
	`{service_name=~".+"} |= "order"`,
	`{service_name="cart"} |= "order 1 of user-1 paid"`,
	`{service_name="cart"} |= "\"ok\" (100%) é\nsecond line\\"`,
	`{pod=~"p-.+"} != "order"`,
	`{pod=~"p-.+"} |~ "took|paid"`,
	`{pod=~"p-.+"} |~ "(?i)timed out"`,
	`{pod=~"p-.+"} !~ "o.d|t.m"`,
	`{pod=~"p-.+"} |= "timeout" or "Timed"`,
	`{pod=~"p-.+"} != "timeout" or "Timed"`,
	`{pod=~"p-.+"} | detected_level="error"`,
	`{pod=~"p-.+"} | detected_level="unknown"`,
	`{pod=~"p-.+"} | detected_level=~"error|fatal"`,
	`{pod=~"p-.+"} | user_id="u3"`,
	`{pod=~"p-.+"} | user_id!="u3" and detected_level="warn"`,
	`{pod=~"p-.+"} | user_id=~"u[34]"`,
	`{pod=~"p-.+"} | trace_id="ab000000000000000000000000000003"`,
	`{pod=~"p-.+"} | json | status >= 500`,
	`{pod=~"p-.+"} | logfmt | dur > 50ms | drop env`,
	`{pod=~"p-.+"} | keep pod, service_name`,
	`{service_name="nobody"}`,
}

// TestRemote_AnswersAreThoseOfOurStore is the conformance suite.
func TestRemote_AnswersAreThoseOfOurStore(t *testing.T) {
	for name, to := range targets(t) {
		t.Run(name, func(t *testing.T) {
			p := open(t, to)
			for _, q := range lineQueries {
				if q == `{service_name="nobody"}` {
					if _, got := get(t, p.other.URL+"/logs?"+p.args("query", q)); got != "" {
						t.Errorf("%s: got %s", q, got)
					}
					continue
				}
				p.same("/logs", "query", q, "limit", "0")
				p.same("/logs/histogram", "query", q, "step", "300")
			}
			for _, limit := range []string{"1", "50", "700"} {
				for _, direction := range []string{"forward", "backward"} {
					p.sameOrder(`{pod=~"p-.+"}`, limit, direction)
					p.sameOrder(`{pod=~"p-.+"} | json | status < 600`, limit, direction)
				}
			}
			p.same("/logs/histogram", "step", "7")
			p.same("/logs/templates", "query", `{service_name="pay"}`, "step", "600")
			p.same("/loki/api/v1/labels")
			p.same("/loki/api/v1/label/pod/values")
			p.same("/loki/api/v1/series", "match[]", `{service_name="pay"}`)
			p.same("/loki/api/v1/detected_labels")
			p.same("/loki/api/v1/query_range", "query", `{pod="p-1"} |= "order"`, "limit", "20")
			p.same("/loki/api/v1/query_range", "query", `sum by (service_name) (count_over_time({pod=~"p-.+"} |= "order" [5m]))`, "step", "300")
			p.same("/loki/api/v1/query_range", "query", `sum by (detected_level) (rate({pod=~"p-.+"}[1m]))`, "step", "60")
			p.same("/loki/api/v1/query", "query", `topk(2, sum by (pod) (count_over_time({pod=~"p-.+"}[30m])))`, "time", strconv.FormatInt(p.begin.Add(20*time.Minute).Unix(), 10))
			if to.protocol != logs.RemoteElastic { // which does not know lengths
				p.same("/loki/api/v1/index/volume", "query", `{service_name=~".+"}`)
			}
			p.samePatterns()
		})
	}
}

// sameOrder compares the times of lines in their order.
func (p *pair) sameOrder(query, limit, direction string) {
	p.Helper()
	times := func(base string) (out []string) {
		_, text := get(p.T, base+"/logs?"+p.args("query", query, "limit", limit, "direction", direction))
		for l := range strings.Lines(text) {
			var x logapi.Line
			if err := json.Unmarshal([]byte(l), &x); err != nil {
				p.Errorf("%v in %s", err, l)
			}
			out = append(out, x.Time.Format(time.RFC3339Nano))
		}
		return out
	}
	want, got := times(p.ours.URL), times(p.other.URL)
	if !slices.Equal(want, got) || len(want) == 0 {
		p.Errorf("%s, %s lines %s: got %d from %.200v, want %d from %.200v", query, limit, direction, len(got), got, len(want), want)
	}
}

// samePatterns asks for volumes that are estimates: the streams must be there.
func (p *pair) samePatterns() {
	p.Helper()
	if p.protocol == logs.RemoteLoki {
		return // its own API answers
	}
	_, text := get(p.T, p.other.URL+"/loki/api/v1/index/stats?"+p.args("query", `{service_name="pay"}`))
	var said struct{ Entries, Bytes, Streams int }
	if err := json.Unmarshal([]byte(text), &said); err != nil || said.Entries != 500 || said.Bytes < 10_000 || said.Streams != 10 {
		p.Errorf("got %s %v", text, err)
	}
}

// TestRemote_Tail_ShowsWhatComes follows both ways.
func TestRemote_Tail_ShowsWhatComes(t *testing.T) {
	for name, to := range targets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, to)
			ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
			defer cancel()
			req, _ := http.NewRequestWithContext(ctx, "GET", p.other.URL+"/logs/tail?query="+url.QueryEscape(`{service_name="pay"} |= "fresh"`), nil)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			stop := make(chan struct{})
			defer close(stop)
			go func() { // until one comes after the tail has begun
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					case <-time.After(200 * time.Millisecond):
					}
					var b telemetry.LogBatch
					for _, body := range []string{"stale", "fresh %d"} {
						r := b.Next()
						r.Time, r.Service, r.Body = time.Now().UnixNano(), "pay", []byte(strings.ReplaceAll(body, "%d", strconv.Itoa(i)))
						r.Severity = telemetry.SeverityWarn
					}
					if _, err := p.store.WriteLogs(ctx, &b); err != nil {
						return
					}
				}
			}()
			seen := map[string]bool{}
			scan := bufio.NewScanner(res.Body)
			for scan.Scan() && len(seen) < 4 {
				data, ok := strings.CutPrefix(scan.Text(), "data: ")
				var l logapi.Line
				if !ok || json.Unmarshal([]byte(data), &l) != nil || l.Line == "" {
					continue
				}
				if !strings.HasPrefix(l.Line, "fresh") || l.Service != "pay" || l.Level != "warn" || seen[l.Line] {
					t.Errorf("got %s", data)
				}
				seen[l.Line] = true
			}
			if len(seen) < 4 {
				t.Errorf("the tail ended after %v: %v", seen, scan.Err())
			}
		})
	}
}
