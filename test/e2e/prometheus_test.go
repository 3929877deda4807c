//go:build linux

package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// startNodeExporter runs Debian's node exporter with the collectors that tell
// of CPU, load and memory, and returns its address.
func startNodeExporter(t *testing.T) string {
	t.Helper()
	address := freeAddress(t)
	p := start(t, program(t, "prometheus-node-exporter", "prometheus-node-exporter"),
		"--web.listen-address="+address, "--collector.disable-defaults",
		"--collector.cpu", "--collector.loadavg", "--collector.meminfo", "--collector.stat")
	waitFor(t, p, "http://"+address+"/metrics")
	return address
}

// startPrometheus runs Debian's Prometheus, which scrapes the target every
// second and sends everything to the daemon, and returns its base URL.
func startPrometheus(t *testing.T, target string, d *daemon) string {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	file := writeFile(t, dir, "prometheus.yml", fmt.Sprintf(`
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: node
    static_configs:
      - targets: [%q]
remote_write:
  - url: %s/api/v1/write
    queue_config:
      batch_send_deadline: 1s
      min_backoff: 100ms
      max_backoff: 1s
`, target, d.url))
	p := start(t, program(t, "prometheus", "prometheus"),
		"--config.file="+file, "--storage.tsdb.path="+dir+"/data", "--web.listen-address="+address)
	waitFor(t, p, "http://"+address+"/-/ready")
	return "http://" + address
}

// waitFor waits until the process answers 200 at url.
func waitFor(t *testing.T, p *process, url string) {
	t.Helper()
	eventually(t, 30*time.Second, p.name+" answers", func() error {
		if p.ended() {
			t.Fatalf("%s ended by itself:\n%s", p.name, p.tail(20))
		}
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			return err
		}
		if status, text := send(req); status != http.StatusOK {
			return fmt.Errorf("GET %s: %d %.200s", url, status, text)
		}
		return nil
	})
}

// differ compares the samples of one selector at two servers over the while
// before end and returns a sentence, or "" when they are the same.
func differ(a, b, selector string, end time.Time, while time.Duration) string {
	expr := fmt.Sprintf("%s[%ds]", selector, int(while.Seconds()))
	got := make([]map[string]bool, 2)
	for i, base := range []string{a, b} {
		result, err := query(base, expr, end)
		if err != nil {
			return err.Error()
		}
		got[i] = make(map[string]bool)
		for _, s := range result {
			for _, p := range s.Points {
				got[i][fmt.Sprintf("%s %v %.3f %s", s.Labels["__name__"], s.Labels, p.Seconds, p.Value)] = true
			}
		}
	}
	if len(got[0]) == 0 {
		return fmt.Sprintf("%s has no samples of %s", a, selector)
	}
	lost := 0
	example := ""
	for k := range got[0] {
		if !got[1][k] {
			lost++
			example = k
		}
	}
	if lost > 0 {
		return fmt.Sprintf("%d of %d samples of %s are not in the second, such as %s", lost, len(got[0]), selector, example)
	}
	return ""
}
