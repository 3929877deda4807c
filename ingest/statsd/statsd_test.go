package statsd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/statsd"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

var start = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// rig is a server over a store, with a clock that moves by hand.
type rig struct {
	t      testing.TB
	now    time.Time
	server *statsd.Server
	db     *store.DB
	engine *store.QueryEngine
	set    *metrics.Set
	fail   error
	// meanwhile is what happens once while a flush is being stored.
	meanwhile func()
}

func newRig(t testing.TB, change func(*statsd.Config)) *rig {
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
	c := statsd.DefaultConfig()
	if change != nil {
		change(&c)
	}
	r.server = statsd.NewServer(ingest.Options{Sink: sinkFunc(func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		if r.fail != nil {
			return telemetry.WriteResult{}, r.fail
		}
		if meanwhile := r.meanwhile; meanwhile != nil {
			r.meanwhile = nil
			meanwhile()
		}
		return w.Write(ctx, b)
	}), Config: ingest.DefaultConfig(), Logger: log, Metrics: r.set, Now: clock}, c)
	return r
}

type sinkFunc func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error)

func (f sinkFunc) Write(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
	return f(ctx, b)
}

// send takes lines, and ten seconds later stores what they amount to.
func (r *rig) send(lines ...string) {
	r.server.Take([]byte(strings.Join(lines, "\n")), "test")
	r.now = r.now.Add(10 * time.Second)
	r.server.Flush(context.Background(), r.now)
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
		got = append(got, fmt.Sprint(s.Metric, " ", math.Round(1000*s.F)/1000))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Errorf("%s:\ngot  %s\nwant %s", expr, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func (r *rig) counter(name string) string {
	var b bytes.Buffer
	r.set.WritePrometheus(&b)
	for line := range strings.Lines(b.String()) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func TestServer_Kinds(t *testing.T) {
	r := newRig(t, nil)
	r.send("api.requests:1|c", "api.requests:2|c|@0.5", "api.requests:1:1|c|#service:cart,canary", "queue:7|g", "queue:+3|g", "queue:-1|g",
		"took:320|ms", "took:80|ms|@0.25", "size:1:2:4|h", "size:8|d", "users:a|s", "users:b|s", "users:a|s\r")
	r.expect(`api_requests_total`, `{__name__="api_requests_total", canary="true", job="statsd", service="cart"} 2`, `{__name__="api_requests_total", job="statsd"} 5`)
	r.expect(`queue`, `{__name__="queue", job="statsd"} 9`)
	r.expect(`histogram_count(took_seconds)`, `{job="statsd"} 5`)
	r.expect(`histogram_sum(took_seconds)`, `{job="statsd"} 0.64`)
	r.expect(`histogram_sum(size)`, `{job="statsd"} 15`)
	r.expect(`users`, `{__name__="users", job="statsd"} 2`)
	r.send("api.requests:3|c", "users:c|s", "took:80|ms")
	r.expect(`api_requests_total{service=""}`, `{__name__="api_requests_total", job="statsd"} 8`)
	r.expect(`queue`, `{__name__="queue", job="statsd"} 9`) // sent again each time
	r.expect(`users`, `{__name__="users", job="statsd"} 1`)
	r.expect(`histogram_count(took_seconds)`, `{job="statsd"} 6`)
	// The first flush is not missed by rates: the counter began at 0.
	r.expect(`increase(api_requests_total{service=""}[21s])`, `{job="statsd"} 8`)
	r.expect(`count_over_time(api_requests_total{service=""}[1m])`, `{job="statsd"} 3`)
	r.expect(`histogram_count(increase(took_seconds[21s]))`, `{job="statsd"} 6`)
}

func TestServer_Quantiles_AreWithinABucket(t *testing.T) {
	r := newRig(t, nil)
	var lines []string
	for i := 1; i <= 1000; i++ {
		lines = append(lines, fmt.Sprintf("took:%d|ms", i))
	}
	lines = append(lines, "wide:0|h", "wide:-5|h", "wide:1e-300|h", "wide:1e300|h")
	for i := range 400 {
		lines = append(lines, fmt.Sprintf("wide:%g|h", math.Ldexp(1, i-200)))
	}
	r.send(lines...)
	for q, want := range map[float64]float64{0.5: 0.5, 0.99: 0.99} {
		v := r.scalar(fmt.Sprintf("histogram_quantile(%v, took_seconds)", q))
		if math.Abs(v-want) > 0.09*want {
			t.Errorf("quantile %v: got %v, want %v within a bucket", q, v, want)
		}
	}
	if n := r.scalar("histogram_count(wide)"); n != 404 {
		t.Errorf("got %v observations, want 404", n)
	}
}

func (r *rig) scalar(expr string) float64 {
	r.t.Helper()
	q, err := r.engine.NewInstantQuery(context.Background(), r.db, nil, expr, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	defer q.Close()
	v, err := q.Exec(context.Background()).Vector()
	if err != nil || len(v) != 1 {
		r.t.Fatalf("%s: got %v, %v", expr, v, err)
	}
	return v[0].F
}

func TestServer_Refusals_CostNoOtherLine(t *testing.T) {
	for line, reason := range map[string]string{
		"":                             "",
		"nothing":                      "malformed_line",
		"a|c":                          "malformed_line",
		"a:|c":                         "malformed_line",
		":1|c":                         "bad_name",
		"\xff:1|c":                     "bad_name",
		"a:1":                          "malformed_line",
		"a:1|x":                        "unknown_type",
		"a:1|":                         "unknown_type",
		"a:one|c":                      "bad_value",
		"a:NaN|g":                      "bad_value",
		"a:1e999|g":                    "bad_value",
		"a:-1|c":                       "bad_value",
		"a:1:x|h":                      "bad_value",
		"a:1|c|@2":                     "bad_sample_rate",
		"a:1|c|@0":                     "bad_sample_rate",
		"a:1|c|@":                      "bad_sample_rate",
		"a:1|c|#:v":                    "bad_tag",
		"a:1|c|#k:\xff":                "bad_tag",
		"a:1|c|#__name__:x":            "bad_tag",
		"_e{1,1}:a|b":                  "event_or_service_check",
		"_sc|a|0":                      "event_or_service_check",
		"good:1|g":                     "type_conflict",
		"good_total:1|g":               "type_conflict",
		"a:1|c|c:container|T1700|#x":   "",
		"a:1|c|#":                      "",
		"a:1|c|#,,k:v,":                "",
		"a:1|c|#url:http://x:80/,k::v": "",
		"ünï cödé/1:1|g":               "",
		"9lives:1|g":                   "",
	} {
		values := map[string]float64{}
		r := &rig{t: t, now: start, set: metrics.NewSet()}
		r.server = statsd.NewServer(ingest.Options{Sink: sinkFunc(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
			for _, s := range b.Series {
				for _, p := range s.Samples {
					values[string(s.Labels[0].Value)] = p.V
				}
			}
			return telemetry.WriteResult{Stored: b.Len()}, nil
		}), Config: ingest.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Metrics: r.set, Now: func() time.Time { return r.now }}, statsd.DefaultConfig())
		r.send("good:1|h", "good:1|c", line, "after:2|g")
		if reason != "" {
			if got := r.counter(`tocsin_statsd_refused_lines_total{reason="` + reason + `"}`); got != "1" {
				t.Errorf("%q: counted %q as %s, want 1", line, got, reason)
			}
		} else if b := (&bytes.Buffer{}); true {
			r.set.WritePrometheus(b)
			if strings.Contains(b.String(), "tocsin_statsd_refused_lines_total") {
				t.Errorf("%q was refused", line)
			}
		}
		if values["good_total"] != 1 || values["after"] != 2 {
			t.Errorf("%q: got %v, want the good lines around it", line, values)
		}
	}
}

func TestServer_Names(t *testing.T) {
	r := newRig(t, nil)
	r.send("9a.b-c/d:1|g", "x_total:1|c", "y_seconds:1000|ms", "z:1|c|#a.b:1", "z:1|c|#a_b:1", "z:1|c|#b:,a_b:1")
	r.expect(`_9a_b_c_d`, `{__name__="_9a_b_c_d", job="statsd"} 1`)
	r.expect(`x_total`, `{__name__="x_total", job="statsd"} 1`)
	r.expect(`histogram_sum(y_seconds)`, `{job="statsd"} 1`)
	r.expect(`z_total`, `{__name__="z_total", a_b="1", job="statsd"} 3`) // three ways to write one series
}

func TestServer_Series_AreBoundedAndExpire(t *testing.T) {
	r := newRig(t, func(c *statsd.Config) { c.MaxSeries, c.ExpireAfter = 3, yamldoc.Duration(time.Minute) })
	r.send("a:1|c", "b:1|c", "c:1|c", "d:1|c", "a:1|c")
	if got := r.counter(`tocsin_statsd_refused_lines_total{reason="series_limit"}`); got != "1" {
		t.Errorf("counted %q refused", got)
	}
	r.expect(`count({job="statsd"})`, `{} 3`)
	for range 7 {
		r.send("a:1|c")
	}
	r.expect(`{job="statsd"}`, `{__name__="a_total", job="statsd"} 9`)
	if got := r.counter("tocsin_statsd_series"); got != "1" {
		t.Errorf("%s series are kept", got)
	}
	r.send("b:1|c") // back, and begins anew
	r.expect(`b_total`, `{__name__="b_total", job="statsd"} 1`)
}

func TestServer_StoreFails_TotalsAndMarkersAreStoredLater(t *testing.T) {
	r := newRig(t, func(c *statsd.Config) { c.ExpireAfter = yamldoc.Duration(30 * time.Second) })
	r.send("a:1|c", "old:1|g")
	r.fail = errors.New("disk full")
	for range 4 {
		r.send("a:1|c", "users:x|s", "late:1|c")
	}
	if got := r.counter("tocsin_statsd_flush_failures_total"); got != "4" {
		t.Errorf("counted %s failures", got)
	}
	r.fail = nil
	r.send("a:1|c", "users:y|s")
	r.expect(`{__name__=~"a_total|old|late_total|users"}`, `{__name__="a_total", job="statsd"} 6`, `{__name__="late_total", job="statsd"} 4`, `{__name__="users", job="statsd"} 2`)
}

func TestServer_Run_ReadsUDPAndTCPAndFlushesAtTheEnd(t *testing.T) {
	r := newRig(t, nil)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	streams, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.server.Run(ctx, packets, streams) }()
	udp, err := net.Dial("udp", packets.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, err := net.Dial("tcp", streams.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	fmt.Fprint(udp, "u:1|c\nu:2|c")
	fmt.Fprint(tcp, "t:1|c\nt:")
	fmt.Fprint(tcp, "2|c\n")
	long, err := net.Dial("tcp", streams.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer long.Close()
	fmt.Fprint(long, strings.Repeat("x", 100<<10))
	deadline := time.After(time.Minute)
	for r.counter("tocsin_statsd_lines_total") != "4" || r.counter(`tocsin_statsd_refused_lines_total{reason="line_too_long"}`) != "1" {
		select {
		case <-deadline:
			t.Fatalf("got %s lines of 4, %q too long", r.counter("tocsin_statsd_lines_total"), r.counter(`tocsin_statsd_refused_lines_total{reason="line_too_long"}`))
		case <-time.After(5 * time.Millisecond):
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("got %v", err)
	}
	r.expect(`u_total + on (job) t_total`, `{job="statsd"} 6`)
}

func TestServer_Run_ListenerFails_SaysSo(t *testing.T) {
	r := newRig(t, nil)
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	streams, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	streams.Close()
	if err := r.server.Run(context.Background(), packets, streams); err == nil || !strings.Contains(err.Error(), "accept statsd connections") {
		t.Errorf("got %v", err)
	}
}

func TestConfig_Validate(t *testing.T) {
	for _, tt := range []struct {
		change func(*statsd.Config)
		want   string
	}{
		{func(*statsd.Config) {}, ""},
		{func(c *statsd.Config) { c.ListenAddress = ":8125" }, ""},
		{func(c *statsd.Config) { c.ListenAddress = "8125" }, "listen_address: want host:port"},
		{func(c *statsd.Config) { c.FlushInterval = 5 }, "flush_interval: want at least 1s"},
		{func(c *statsd.Config) { c.ExpireAfter = 5 }, "expire_after: want at least flush_interval = 10s"},
		{func(c *statsd.Config) { c.MaxSeries = 0 }, "max_series: want at least 1, got 0"},
		{func(c *statsd.Config) { c.Job = "" }, "job: want a name"},
	} {
		c := statsd.DefaultConfig()
		tt.change(&c)
		var got []string
		c.Validate(func(path, format string, args ...any) { got = append(got, path+": "+fmt.Sprintf(format, args...)) })
		if all := strings.Join(got, "; "); (all == "") != (tt.want == "") || !strings.Contains(all, tt.want) {
			t.Errorf("got %q, want %q", all, tt.want)
		}
	}
}

func FuzzServer_Take(f *testing.F) {
	f.Add([]byte("api.requests:1|c|@0.5|#a:b,c\nq:+3|g\nt:320|ms\nh:1:2|h\ns:x|s\n_e{1,1}:a|b"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		rows := 0
		s := statsd.NewServer(ingest.Options{Sink: sinkFunc(func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
			seen := make(map[string]bool)
			for _, row := range b.Series {
				key := fmt.Sprint(row.Labels)
				if seen[key] {
					t.Errorf("two rows of one series: %s", key)
				}
				seen[key] = true
				for _, h := range row.Histograms {
					if err := h.Float.Validate(); err != nil {
						t.Errorf("%s: %s", key, err)
					}
				}
				rows++
			}
			return telemetry.WriteResult{Stored: b.Len()}, nil
		}), Config: ingest.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet(), Now: func() time.Time { return start }}, statsd.DefaultConfig())
		s.Take(packet, "fuzz")
		s.Flush(context.Background(), start.Add(10*time.Second))
		if lines := bytes.Count(packet, []byte{'\n'}) + 1; rows > lines {
			t.Errorf("%d lines made %d series", lines, rows)
		}
	})
}

func BenchmarkServer_Take(b *testing.B) {
	s := statsd.NewServer(ingest.Options{Config: ingest.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Metrics: metrics.NewSet()}, statsd.DefaultConfig())
	packet := []byte(strings.Repeat("api.requests:1|c|@0.5|#service:cart,route:/pay\nqueue.length:7|g\ntook:320|ms|#service:cart\n", 10))
	b.ReportAllocs()
	for b.Loop() {
		s.Take(packet, "bench")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(30*b.N), "ns/line")
}
