package scrape_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/ingest/scrape"
	"github.com/tocsinhq/tocsin/internal/promfile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sample is one that was committed.
type sample struct {
	t, st     int64
	v         float64
	histogram bool
	exemplar  string // labels of the first
	kind      string // of its metadata
}

// memory is an AppendableV2 that keeps what is committed.
type memory struct {
	mu   sync.Mutex
	refs map[string]storage.SeriesRef
	all  map[string][]sample
}

func newMemory() *memory {
	return &memory{refs: map[string]storage.SeriesRef{}, all: map[string][]sample{}}
}

func (m *memory) AppenderV2(context.Context) storage.AppenderV2 {
	return &memoryAppender{m: m, got: map[string][]sample{}}
}

type memoryAppender struct {
	m   *memory
	got map[string][]sample
}

func (a *memoryAppender) Append(_ storage.SeriesRef, ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, o storage.AOptions) (storage.SeriesRef, error) {
	s := sample{t: t, st: st, v: v, histogram: h != nil || fh != nil, kind: string(o.Metadata.Type)}
	if len(o.Exemplars) > 0 {
		s.exemplar = o.Exemplars[0].Labels.String()
	}
	a.got[ls.String()] = append(a.got[ls.String()], s)
	a.m.mu.Lock()
	defer a.m.mu.Unlock()
	if a.m.refs[ls.String()] == 0 {
		a.m.refs[ls.String()] = storage.SeriesRef(len(a.m.refs) + 1)
	}
	return a.m.refs[ls.String()], nil
}

func (a *memoryAppender) Commit() error {
	a.m.mu.Lock()
	defer a.m.mu.Unlock()
	for k, s := range a.got {
		a.m.all[k] = append(a.m.all[k], s...)
	}
	return nil
}

func (a *memoryAppender) Rollback() error { return nil }

// last returns the newest sample of a series given as text.
func (m *memory) last(series string) (sample, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.all[series]
	if len(all) == 0 {
		return sample{}, false
	}
	return all[len(all)-1], true
}

// names lists the series kept, for messages.
func (m *memory) names() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for k, s := range m.all {
		fmt.Fprintf(&b, "%s %+v\n", k, s[len(s)-1])
	}
	return b.String()
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("%s: not within a minute", what)
		case <-tick.C:
		}
	}
}

// jobs reads the sections of a tocsin.yml.
func jobs(t *testing.T, text string) scrape.Jobs {
	t.Helper()
	c, errs := promfile.Parse("tocsin.yml", []byte(text))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	j, err := scrape.Read(scrape.DefaultConfig(), promfile.Document{Config: c, File: "tocsin.yml", Text: []byte(text)}, ".")
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// rig is a running manager.
type rig struct {
	*scrape.Manager
	*memory
	log *bytes.Buffer
}

func run(t *testing.T, first scrape.Jobs) *rig {
	t.Helper()
	r := &rig{memory: newMemory(), log: &bytes.Buffer{}}
	m, err := scrape.New(scrape.Options{
		Appendable: r.memory, StartTimes: true, Registerer: prometheus.NewRegistry(),
		Logger: slog.New(slog.NewTextHandler(r.log, nil)), ReloadInterval: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Manager = m
	if err := m.Apply(first); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return r
}

// On a busy machine a scrape may take longer than that: then its series are stale until
// the next one.
const head = "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\n"

func TestManager_TargetThatDies_IsDownAndItsSeriesStale(t *testing.T) {
	var dead atomic.Bool
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if dead.Load() {
			http.Error(w, "out of order", http.StatusServiceUnavailable)
			return
		}
		if user, password, _ := r.BasicAuth(); user != "u" || password != "from a file" {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "# TYPE queue gauge\nqueue{job=\"own\"} 3\ndropped_total 1\nold 1 1000\n")
	}))
	defer target.Close()
	address := strings.TrimPrefix(target.URL, "http://")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, jobs(t, head+`
scrape_configs:
  - job_name: shop
    basic_auth: {username: u, password_file: `+secret+`}
    honor_labels: true
    honor_timestamps: false
    static_configs: [{targets: ["`+address+`", "gone:1"], labels: {env: prod}}]
    relabel_configs:
      - {source_labels: [__address__], regex: "gone.*", action: drop}
      - {source_labels: [__address__], regex: "(.*):.*", target_label: host, replacement: "$${1}"}
    metric_relabel_configs:
      - {source_labels: [__name__], regex: dropped_total, action: drop}
`))
	own := `{__name__="queue", env="prod", host="$${1}", instance="` + address + `", job="own"}`
	own = strings.ReplaceAll(own, "$${1}", "${1}")
	until(t, "scraped", func() bool { s, _ := r.last(own); return s.v == 3 && s.kind == "gauge" })
	if names := r.names(); strings.Contains(names, "dropped_total") {
		t.Errorf("a series that relabelling drops is there:\n%s", names)
	}
	up := `{__name__="up", env="prod", host="${1}", instance="` + address + `", job="shop"}`
	until(t, "up is 1", func() bool { s, _ := r.last(up); return s.v == 1 })
	if got := r.TargetsDroppedCounts()["shop"]; got != 1 || len(r.TargetsActive()["shop"]) != 1 || len(r.TargetsDropped()["shop"]) != 1 {
		t.Errorf("dropped targets: got %d", got)
	}
	dead.Store(true)
	until(t, "the summary says why", func() bool {
		sum := r.Summary(5)
		return sum.Down == 1 && len(sum.Failing) == 1 && strings.Contains(sum.Failing[0].Error, "503")
	})
	until(t, "up is 0", func() bool { s, _ := r.last(up); return s.v == 0 })
	if s, _ := r.last(own); !value.IsStaleNaN(s.v) {
		t.Errorf("last sample: got %v, want a staleness marker", s.v)
	}
	dead.Store(false)
	until(t, "up again", func() bool { s, _ := r.last(up); return s.v == 1 })
	until(t, "it has values again", func() bool { s, _ := r.last(own); return s.v == 3 })
}

func TestManager_Formats(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "latency_seconds", Help: "Latency.", Buckets: []float64{1}, NativeHistogramBucketFactor: 1.1})
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "requests_total", Help: "Requests."})
	registry.MustRegister(h, c)
	h.(prometheus.ExemplarObserver).ObserveWithExemplar(0.3, prometheus.Labels{"trace_id": "abc"})
	c.(prometheus.ExemplarAdder).AddWithExemplar(2, prometheus.Labels{"trace_id": "def"})
	target := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true, EnableOpenMetricsTextCreatedSamples: true}))
	defer target.Close()
	address := strings.TrimPrefix(target.URL, "http://")
	r := run(t, jobs(t, head+`
scrape_configs:
  - job_name: text
    scrape_protocols: [PrometheusText0.0.4]
    static_configs: [{targets: ["`+address+`"], labels: {instance: a}}]
  - job_name: openmetrics
    scrape_protocols: [OpenMetricsText1.0.0]
    static_configs: [{targets: ["`+address+`"], labels: {instance: a}}]
  - job_name: proto
    scrape_protocols: [PrometheusProto]
    scrape_native_histograms: true
    static_configs: [{targets: ["`+address+`"], labels: {instance: a}}]
`))
	for _, tt := range []struct {
		series    string
		histogram bool
		exemplar  string
		began     bool
	}{
		{`{__name__="requests_total", instance="a", job="text"}`, false, "", false},
		{`{__name__="latency_seconds_bucket", instance="a", job="text", le="1.0"}`, false, "", false},
		{`{__name__="requests_total", instance="a", job="openmetrics"}`, false, `{trace_id="def"}`, true},
		{`{__name__="latency_seconds_bucket", instance="a", job="openmetrics", le="1.0"}`, false, `{trace_id="abc"}`, true},
		{`{__name__="requests_total", instance="a", job="proto"}`, false, `{trace_id="def"}`, true},
		{`{__name__="latency_seconds", instance="a", job="proto"}`, true, `{trace_id="abc"}`, true},
	} {
		var s sample
		until(t, tt.series, func() (ok bool) { s, ok = r.last(tt.series); return ok && !value.IsStaleNaN(s.v) })
		if s.histogram != tt.histogram || s.exemplar != tt.exemplar || (s.st > 0) != tt.began || s.kind == "" {
			t.Errorf("%s: got %+v", tt.series, s)
		}
	}
	if names := r.names(); strings.Contains(names, "_created") {
		t.Errorf("start times are series of their own:\n%s", names)
	}
}

func TestManager_LimitsOfAJob_FailTheScrape(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "a 1\nb 2\nc{long=\"0123456789\"} 3\n")
	}))
	defer target.Close()
	address := strings.TrimPrefix(target.URL, "http://")
	one := func(job, limit string) string {
		return "  - job_name: " + job + "\n    " + limit + "\n    static_configs: [{targets: [\"" + address + "\"]}]\n"
	}
	r := run(t, jobs(t, head+"scrape_configs:\n"+one("samples", "sample_limit: 2")+one("labels", "label_limit: 3")+
		one("value", "label_value_length_limit: 5")+one("body", "body_size_limit: 10B")))
	for _, job := range []string{"samples", "labels", "value", "body"} {
		up := `{__name__="up", instance="` + address + `", job="` + job + `"}`
		until(t, job, func() bool { s, ok := r.last(up); return ok && s.v == 0 })
		if _, ok := r.last(`{__name__="a", instance="` + address + `", job="` + job + `"}`); ok {
			t.Errorf("%s: a sample of a scrape over its limit is stored", job)
		}
	}
}

func TestManager_FileAndHTTPDiscovery_AreFollowed(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "a 1\n") }))
	defer target.Close()
	address := strings.TrimPrefix(target.URL, "http://")
	sd := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `[{"targets":[%q],"labels":{"by":"http"}}]`, address)
	}))
	defer sd.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "targets.json")
	put := func(text string) {
		t.Helper()
		next := filepath.Join(dir, "next")
		if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, file); err != nil {
			t.Fatal(err)
		}
	}
	put(`[]`)
	r := run(t, jobs(t, head+`
scrape_configs:
  - job_name: sd
    file_sd_configs: [{files: ["`+file+`"]}]
    http_sd_configs: [{url: "`+sd.URL+`"}]
`))
	series := func(by string) string {
		return `{__name__="a", by="` + by + `", instance="` + address + `", job="sd"}`
	}
	until(t, "target by HTTP", func() bool { _, ok := r.last(series("http")); return ok })
	put(`[{"targets":["` + address + `"],"labels":{"by":"file"}}]`)
	until(t, "target added to the file", func() bool { _, ok := r.last(series("file")); return ok })
	put(`[]`)
	until(t, "series of a target taken out are stale", func() bool { s, _ := r.last(series("file")); return value.IsStaleNaN(s.v) })
}

func TestManager_Apply_ChangesJobsWhileRunning(t *testing.T) {
	var hits atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		fmt.Fprint(w, "a 1\n")
	}))
	defer target.Close()
	address := strings.TrimPrefix(target.URL, "http://")
	text := func(job string) string {
		return head + "scrape_configs:\n  - job_name: " + job + "\n    static_configs: [{targets: [\"" + address + "\"]}]\n"
	}
	r := run(t, jobs(t, text("one")))
	series := func(job string) string { return `{__name__="a", instance="` + address + `", job="` + job + `"}` }
	until(t, "first job", func() bool { _, ok := r.last(series("one")); return ok })
	if err := r.Apply(jobs(t, text("two"))); err != nil {
		t.Fatal(err)
	}
	until(t, "second job", func() bool { _, ok := r.last(series("two")); return ok })
	until(t, "series of the job that was taken out are stale", func() bool {
		s, _ := r.last(series("one"))
		up, _ := r.last(strings.Replace(series("one"), `"a"`, `"up"`, 1))
		return value.IsStaleNaN(s.v) && value.IsStaleNaN(up.v)
	})
	until(t, "the job is gone", func() bool { return strings.Join(r.ScrapePools(), " ") == "two" })
	// A log of failures that cannot be opened is found only when it is applied.
	bad := jobs(t, strings.Replace(text("three"), "    static", "    scrape_failure_log_file: /nowhere/x/y\n    static", 1))
	if err := r.Apply(bad); err == nil || !strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("got %v", err)
	}
	before := hits.Load()
	until(t, "the jobs before go on", func() bool { return hits.Load() > before+2 })
	if got := strings.Join(r.ScrapePools(), " "); got != "two" {
		t.Errorf("jobs after a refused change: got %q", got)
	}
}

// What the query API and forwarding ask of a scraper.
var (
	_ apiv1.TargetRetriever     = (*scrape.Manager)(nil)
	_ remote.ReadyScrapeManager = (*scrape.Manager)(nil)
)
