//go:build linux

package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// shopTarget is a program of ours that exposes a counter and a native histogram with
// exemplars in every format, and can be made to fail.
type shopTarget struct {
	address string
	dead    atomic.Bool
}

func newShopTarget(t *testing.T) *shopTarget {
	t.Helper()
	registry := prometheus.NewRegistry()
	h := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "e2e_latency_seconds", Help: "Latency.", Buckets: []float64{1}, NativeHistogramBucketFactor: 1.1,
	})
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "e2e_requests_total", Help: "Requests."})
	registry.MustRegister(h, c)
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	s := &shopTarget{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.dead.Load() {
			http.Error(w, "out of order", http.StatusServiceUnavailable)
			return
		}
		h.(prometheus.ExemplarObserver).ObserveWithExemplar(0.3, prometheus.Labels{"trace_id": "abc"})
		c.Inc()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.address = strings.TrimPrefix(server.URL, "http://")
	return s
}

// status is what the status page tells of targets and of sending on.
type status struct {
	Scrape struct {
		Up, Down int
		Failing  []struct{ Job, Error string }
	}
	Forward []struct {
		URL             string
		Pending, Failed float64
		Retried         float64
	}
}

func (d *daemon) status(t *testing.T) status {
	t.Helper()
	var s status
	if err := d.get("/api/v1/tocsin/status", &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// isNumber waits until a query has the one result want.
func (d *daemon) isNumber(t *testing.T, expr string, want float64) {
	t.Helper()
	eventually(t, 20*time.Second, expr, func() error {
		n, err := d.number(expr)
		if err == nil && n != want {
			err = fmt.Errorf("got %v, want %v", n, want)
		}
		return err
	})
}

func TestScrape_PrometheusFileAsItIs(t *testing.T) {
	node, shop := startNodeExporter(t), newShopTarget(t)
	dir := t.TempDir()
	targets := writeFile(t, dir, "targets.json", "[]")
	writeFile(t, dir, "prometheus.yml", fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1m}
rule_files: [none.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:1"]}]}]}
scrape_configs:
  - job_name: node
    static_configs: [{targets: [%q]}]
  - job_name: shop
    scrape_native_histograms: true
    static_configs: [{targets: [%q]}]
    metric_relabel_configs:
      - {source_labels: [__name__], regex: "e2e_(.*)", target_label: __name__, replacement: "shop_${1}"}
  - job_name: found
    file_sd_configs: [{files: [targets.json]}]
`, node, shop.address))
	file := writeFile(t, dir, "tocsin.yml", "scrape: {config_files: [prometheus.yml]}\n")
	d := serve(t, "--config.file="+file)
	if !strings.Contains(d.text(), "not used is rule_files") || !strings.Contains(d.text(), "not used is alerting") {
		t.Error("the log does not say what of the file has no effect")
	}
	d.isNumber(t, `up{job="node"}`, 1)
	d.isNumber(t, `up{job="shop"}`, 1)
	if n, err := d.number(`count({job="node"})`); err != nil || n < 50 {
		t.Errorf("series of the node exporter: %v, %v", n, err)
	}
	eventually(t, 20*time.Second, "a native histogram is stored, under its new name", func() error {
		n, err := d.number(`histogram_count(shop_latency_seconds{job="shop"})`)
		if err == nil && n < 2 {
			err = fmt.Errorf("count %v", n)
		}
		return err
	})

	if _, text := d.try("GET", "/metrics", "", nil); !strings.Contains(text, "\ntocsin_store_exemplars_total ") || strings.Contains(text, "\ntocsin_store_exemplars_total 0\n") {
		t.Error("no exemplar is stored")
	}

	// A target that is written into the file of discovery is found.
	next := writeFile(t, dir, "next", fmt.Sprintf(`[{"targets": [%q], "labels": {"by": "file"}}]`, shop.address))
	if err := os.Rename(next, targets); err != nil {
		t.Fatal(err)
	}
	d.isNumber(t, `up{job="found", by="file"}`, 1)

	// A target that dies is down at once and its series end.
	shop.dead.Store(true)
	d.isNumber(t, `up{job="shop"}`, 0)
	d.isNumber(t, `count(shop_requests_total{job="shop"}) or vector(0)`, 0)
	if s := d.status(t); s.Scrape.Down == 0 || len(s.Scrape.Failing) == 0 || !strings.Contains(s.Scrape.Failing[0].Error, "503") {
		t.Errorf("status: got %+v", s.Scrape)
	}

	// A file with an error is refused with its line, and the scraping goes on.
	main := filepath.Join(dir, "prometheus.yml")
	good, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "prometheus.yml", strings.Replace(string(good), "file_sd_configs", "consul_sd_configs", 1))
	if code, text := d.try("POST", "/-/reload", "", nil); code/100 == 2 || !strings.Contains(text, main+":14") || !strings.Contains(text, "consul_sd_configs is a kind of discovery that is not built in") {
		t.Errorf("reload: %d %s", code, text)
	}
	begun := time.Now()
	d.isNumber(t, fmt.Sprintf(`timestamp(up{job="node"}) > bool %d`, begun.Unix()+1), 1)
	writeFile(t, dir, "prometheus.yml", strings.Replace(string(good), "job_name: node", "job_name: machine", 1))
	if code, text := d.try("POST", "/-/reload", "", nil); code/100 != 2 {
		t.Errorf("reload: %d %s", code, text)
	}
	d.isNumber(t, `up{job="machine"}`, 1)
	d.isNumber(t, `count(up{job="node"}) or vector(0)`, 0)
	stopsInOrder(t, d)
}

// startReceiver runs Debian's Prometheus as a remote-write receiver.
func startReceiver(t *testing.T, dir, address string) *process {
	t.Helper()
	file := writeFile(t, dir, "receiver.yml", "global: {scrape_interval: 1h}\n")
	p := start(t, program(t, "prometheus", "prometheus"), "--config.file="+file, "--storage.tsdb.path="+dir+"/data",
		"--web.listen-address="+address, "--web.enable-remote-write-receiver")
	waitFor(t, p, "http://"+address+"/-/ready")
	return p
}

func TestForward_ReceiverKilled_LosesNothing(t *testing.T) {
	node := startNodeExporter(t)
	dir, address := t.TempDir(), freeAddress(t)
	receiver := startReceiver(t, dir, address)
	file := writeFile(t, dir, "tocsin.yml", fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: node
    static_configs: [{targets: [%q]}]
remote_write:
  - url: http://%s/api/v1/write
    queue_config: {batch_send_deadline: 200ms, min_backoff: 50ms, max_backoff: 200ms}
    write_relabel_configs: [{source_labels: [__name__], regex: "tocsin:.*", action: drop}]
`, node, address))
	d := serve(t, "--config.file="+file)
	forwarded := func(begun time.Time) func() error {
		return func() error {
			result, err := query("http://"+address, `timestamp(up{job="node"})`, time.Now())
			if err == nil && (len(result) != 1 || result[0].Value.Value < fmt.Sprint(begun.Unix())) {
				err = fmt.Errorf("got %v", result)
			}
			return err
		}
	}
	eventually(t, 20*time.Second, "samples arrive", forwarded(time.Now()))
	receiver.kill()
	eventually(t, 20*time.Second, "sending is tried again", func() error {
		if f := d.status(t).Forward; len(f) != 1 || f[0].Retried == 0 {
			return fmt.Errorf("got %+v", f)
		}
		return nil
	})
	pass(t, 2*time.Second)
	startReceiver(t, dir, address)
	back := time.Now()
	eventually(t, 30*time.Second, "samples arrive again", forwarded(back.Add(time.Second)))
	if text := differ(d.url, "http://"+address, `{job="node"}`, back, time.Minute); text != "" {
		t.Error(text)
	}
	if f := d.status(t).Forward; len(f) != 1 || f[0].Failed != 0 {
		t.Errorf("status: got %+v", f)
	}
	stopsInOrder(t, d)
}

func TestForward_ToItself_IsRefused(t *testing.T) {
	dir, address := t.TempDir(), freeAddress(t)
	file := writeFile(t, dir, "tocsin.yml", "remote_write: [{url: \"http://"+strings.Replace(address, "127.0.0.1", "localhost", 1)+"/api/v1/write\"}]\n")
	_, stderr, code := command(t, "serve", "--config.file="+file, "--storage.path="+dir+"/data", "--web.listen-address="+address)
	if code == 0 || !strings.Contains(stderr, "is this daemon itself") {
		t.Errorf("got %d %s", code, stderr)
	}
}
