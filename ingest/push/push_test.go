package push_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
	clientpush "github.com/prometheus/client_golang/prometheus/push"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/push"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

var start = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// rig is a handler over a store, with a clock that moves by hand.
type rig struct {
	t       testing.TB
	now     time.Time
	handler http.Handler
	db      *store.DB
	engine  *store.QueryEngine
	set     *metrics.Set
	fail    error
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, now: start, set: metrics.NewSet()}
	log := slog.New(slog.DiscardHandler)
	cfg := store.DefaultConfig()
	var err error
	if r.db, err = store.OpenTSDB(store.TSDBOptions{Dir: t.TempDir(), Config: cfg, Logger: log, Registerer: prometheus.NewRegistry()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.db.Close() })
	r.engine = store.NewQueryEngine(store.QueryEngineOptions{Config: cfg.Query, Logger: log, Registerer: prometheus.NewRegistry()})
	t.Cleanup(func() { r.engine.Close() })
	clock := func() time.Time { return r.now }
	w := store.NewWriter(store.WriterOptions{DB: r.db, Config: cfg, Now: clock, Metrics: r.set, Logger: log})
	r.handler = push.NewHandler(ingest.Options{Sink: sinkFunc(func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		if r.fail != nil {
			return telemetry.WriteResult{}, r.fail
		}
		return w.Write(ctx, b)
	}), Config: ingest.DefaultConfig(), Logger: log, Metrics: r.set, Now: clock})
	return r
}

type sinkFunc func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error)

func (f sinkFunc) Write(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
	return f(ctx, b)
}

func (r *rig) do(method, path, body string, header ...string) (int, string) {
	q := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, q)
	return w.Code, w.Body.String()
}

// ok is do for what must go well.
func (r *rig) ok(method, path, body string, header ...string) {
	r.t.Helper()
	if code, text := r.do(method, path, body, header...); code != 200 && code != 202 {
		r.t.Fatalf("%s %s: got %d %s", method, path, code, text)
	}
}

func (r *rig) expect(expr string, want ...string) {
	r.t.Helper()
	q, err := r.engine.NewInstantQuery(context.Background(), r.db, nil, expr, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	defer q.Close()
	v, err := q.Exec(context.Background()).Vector()
	if err != nil {
		r.t.Fatal(err)
	}
	got := []string{}
	for _, s := range v {
		got = append(got, fmt.Sprint(s.Metric, " ", s.F))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Errorf("%s:\ngot  %s\nwant %s", expr, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestHandler_Push_IsStoredAtTheTimeOfArrival(t *testing.T) {
	r := newRig(t)
	r.ok("PUT", "/metrics/job/backup/instance/db-1", `# HELP backup_bytes Size.
# TYPE backup_bytes gauge
backup_bytes{disk="a",job="own"} 7
backup_bytes{disk="b"} 8`, "Content-Type", "application/x-www-form-urlencoded") // as curl sends it
	r.expect(`backup_bytes`, `{__name__="backup_bytes", disk="a", instance="db-1", job="backup"} 7`, `{__name__="backup_bytes", disk="b", instance="db-1", job="backup"} 8`)
	r.expect(`timestamp(backup_bytes{disk="a"}) - time()`, `{disk="a", instance="db-1", job="backup"} 0`)
	r.expect(`push_time_seconds - time()`, `{instance="db-1", job="backup"} 0`)
}

func TestHandler_PushRightAfterDelete_IsThere(t *testing.T) {
	r := newRig(t)
	for range 3 {
		r.ok("PUT", "/metrics/job/backup", "backup_bytes 1\n")
		r.ok("DELETE", "/metrics/job/backup", "")
		r.ok("PUT", "/metrics/job/backup", "backup_bytes 2\n")
	}
	r.now = r.now.Add(time.Second)
	r.expect(`backup_bytes`, `{__name__="backup_bytes", job="backup"} 2`)
	// A clock that was set back counts as it is.
	r.ok("DELETE", "/metrics/job/backup", "")
	r.now = start.Add(-time.Minute)
	r.ok("PUT", "/metrics/job/backup", "new_bytes 1\n")
	r.expect(`timestamp(new_bytes) - time()`, `{job="backup"} 0`)
}

func TestHandler_PutReplacesTheGroup_PostItsMetrics(t *testing.T) {
	r := newRig(t)
	r.ok("PUT", "/metrics/job/j", "a{k=\"1\"} 1\na{k=\"2\"} 2\nb 3\n")
	r.ok("PUT", "/metrics/job/other", "a 9\n")
	r.now = r.now.Add(time.Second)
	r.ok("POST", "/metrics/job/j", "a{k=\"1\"} 4\n")
	r.expect(`{job="j",__name__=~"a|b"}`, `{__name__="a", job="j", k="1"} 4`, `{__name__="b", job="j"} 3`)
	r.now = r.now.Add(time.Second)
	r.ok("PUT", "/metrics/job/j", "c 5\n")
	r.expect(`{job="j",__name__=~"a|b|c"}`, `{__name__="c", job="j"} 5`)
	r.expect(`a`, `{__name__="a", job="other"} 9`)
}

func TestHandler_Post_OfOneHistogram_EndsItsOwnBucketsOnly(t *testing.T) {
	r := newRig(t)
	r.ok("POST", "/metrics/job/j", "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n# TYPE h_other gauge\nh_other 1\n")
	r.now = r.now.Add(time.Second)
	r.ok("POST", "/metrics/job/j", "# TYPE h histogram\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n")
	r.expect(`h_bucket`, `{__name__="h_bucket", job="j", le="+Inf"} 2`, `{__name__="h_bucket", job="j", le="2.0"} 1`)
	r.expect(`h_other`, `{__name__="h_other", job="j"} 1`)
}

func TestHandler_Delete_MarksTheSeriesOfTheGroupAlone(t *testing.T) {
	r := newRig(t)
	r.ok("PUT", "/metrics/job/j", "a 1\n")
	r.ok("PUT", "/metrics/job/j/instance/i", "a 2\n")
	r.now = r.now.Add(time.Second)
	r.ok("DELETE", "/metrics/job/j", "")
	r.expect(`{job="j"}`, `{__name__="a", instance="i", job="j"} 2`, `{__name__="push_time_seconds", instance="i", job="j"} `+fmt.Sprintf("%v", float64(start.Unix())))
	r.ok("DELETE", "/metrics/job/j", "") // once more does nothing
	r.ok("DELETE", "/metrics/job/never", "")
	r.now = r.now.Add(time.Second)
	r.ok("PUT", "/metrics/job/j", "a 3\n")
	r.expect(`a{instance=""}`, `{__name__="a", job="j"} 3`)
}

func TestHandler_PushesWithinOneMillisecond_AreAllStored(t *testing.T) {
	r := newRig(t)
	for i := range 5 {
		r.ok("POST", "/metrics/job/j", fmt.Sprintf("a %d\n", i))
	}
	r.now = r.now.Add(time.Second)
	r.expect(`count_over_time(a[1m])`, `{job="j"} 5`)
	r.expect(`a`, `{__name__="a", job="j"} 4`)
}

func TestHandler_Client_InEachFormat(t *testing.T) {
	r := newRig(t)
	s := httptest.NewServer(r.handler)
	defer s.Close()
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "done", Help: "Done."})
	g.Set(3)
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "took_seconds", NativeHistogramBucketFactor: 1.1})
	h.Observe(2)
	p := clientpush.New(s.URL, "nightly/run").Grouping("path", "/var/tmp").Grouping("empty", "").Collector(g).Collector(h)
	if err := p.Push(); err != nil {
		t.Fatal(err)
	}
	r.expect(`done`, `{__name__="done", job="nightly/run", path="/var/tmp"} 3`)
	r.expect(`histogram_count(took_seconds)`, `{job="nightly/run", path="/var/tmp"} 1`)
	g.Set(4)
	r.now = r.now.Add(time.Second)
	if err := p.Add(); err != nil {
		t.Fatal(err)
	}
	r.expect(`done`, `{__name__="done", job="nightly/run", path="/var/tmp"} 4`)
	r.now = r.now.Add(time.Second)
	if err := p.Delete(); err != nil {
		t.Fatal(err)
	}
	r.expect(`{path="/var/tmp"}`)
	r.ok("PUT", "/metrics/job/om", "# TYPE x counter\nx_total 4 # {trace_id=\"1\"} 1\n# EOF\n", "Content-Type", "application/openmetrics-text; version=1.0.0")
	r.expect(`x_total`, `{__name__="x_total", job="om"} 4`)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("zipped 1\n"))
	_ = z.Close()
	r.ok("PUT", "/metrics/job/z", packed.String(), "Content-Encoding", "gzip")
	r.expect(`zipped`, `{__name__="zipped", job="z"} 1`)
}

func TestHandler_Refusals(t *testing.T) {
	r := newRig(t)
	for _, tt := range []struct {
		method, path, body string
		code               int
		text               string
	}{
		{"PUT", "/metrics/", "a 1\n", 400, "want /metrics/job/NAME"},
		{"PUT", "/metrics/instance/i", "a 1\n", 400, "want /metrics/job/NAME"},
		{"PUT", "/metrics/job/j/instance", "a 1\n", 400, "want pairs of label and value"},
		{"PUT", "/metrics/job/j/a/1/a/2", "a 1\n", 400, `label "a" stands twice`},
		{"PUT", "/metrics/job@base64/!!", "a 1\n", 400, "want URL-safe base64"},
		{"PUT", "/metrics/job@base64/=", "a 1\n", 400, "want the name of a job, got an empty one"},
		{"PUT", "/metrics/job/j/__name__/x", "a 1\n", 400, "do not begin with __"},
		{"PUT", "/metrics/job/%ff", "a 1\n", 400, "want UTF-8"},
		{"PUT", "/metrics/job/j", "a 1 1000\n", 400, `"a" has a time stamp, want none`},
		{"PUT", "/metrics/job/j", "a one\n", 400, "read metrics of 6 bytes"},
		{"PUT", "/metrics/job/j", "a{x=\"\xff\"} 1\n", 400, "read metrics of"},
		{"PUT", "/metrics/job/j", "a{x=\"" + strings.Repeat("x", 9000) + "\"} 1\n", 400, "stored 1 of 2 samples; series 1 "},
		{"PUT", "/metrics/job/j", strings.Repeat("a 1\n", 100_001), 413, "more than 100000 samples in one push"},
		{"GET", "/metrics/job/j", "", 405, "want PUT, POST or DELETE"},
	} {
		if code, text := r.do(tt.method, tt.path, tt.body); code != tt.code || !strings.Contains(text, tt.text) {
			t.Errorf("%s %s %.30q: got %d %.300s, want %d %s", tt.method, tt.path, tt.body, code, text, tt.code, tt.text)
		}
	}
	r.fail = errors.New("disk full")
	if code, text := r.do("PUT", "/metrics/job/j", "a 1\n"); code != 503 || !strings.Contains(text, "disk full") {
		t.Errorf("got %d %s", code, text)
	}
	r.fail = nil
	r.ok("PUT", "/metrics/job/j", "a 1\n")
	r.fail = errors.New("disk full")
	if code, _ := r.do("DELETE", "/metrics/job/j", ""); code != 503 {
		t.Errorf("delete: got %d", code)
	}
	r.fail = nil
	r.now = r.now.Add(time.Second)
	r.ok("DELETE", "/metrics/job/j", "") // it is still known
	r.expect(`a`)
}

func TestHandler_ManyGroups_AreForgottenInOrder(t *testing.T) {
	r := newRig(t)
	var body strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&body, "a{k=\"%d\"} 1\n", i)
	}
	for i := range 11 {
		r.ok("PUT", fmt.Sprintf("/metrics/job/j%d", i), body.String())
	}
	var b bytes.Buffer
	r.set.WritePrometheus(&b)
	for _, want := range []string{"tocsin_push_groups 9\n", "tocsin_push_series 45009\n", "tocsin_push_groups_forgotten_total 2\n", `tocsin_ingest_samples_total{protocol="push"} 55011`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("metrics lack %q", want)
		}
	}
}

func FuzzHandler(f *testing.F) {
	f.Add("job/a/b@base64/Yw", "a 1\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\n", "")
	f.Add("job/a", "# TYPE x counter\nx_total 4 # {trace_id=\"1\"} 1\n# EOF\n", "application/openmetrics-text; version=1.0.0")
	f.Add("job/a", "\x13\x0a\x04done\x12\x05Done.\x18\x01\x22\x02\x12\x00", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")
	h := push.NewHandler(ingest.Options{Sink: sinkFunc(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		return telemetry.WriteResult{Stored: b.Len()}, nil
	}), Config: ingest.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet()})
	f.Fuzz(func(t *testing.T, group, body, contentType string) {
		q := httptest.NewRequest(http.MethodPost, "/metrics/job/a", strings.NewReader(body))
		q.URL.Path, q.URL.RawPath = "/metrics/"+group, ""
		q.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		if w.Code != 200 && w.Code != 400 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}
