//go:build linux

package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

const strict = `groups:
  - name: queues
    rules:
      - alert: QueueLong
        expr: max_over_time(queue_length[1m]) > 300
        labels: {severity: critical}
      - alert: QueueNever
        expr: queue_length > 1e9
`

const lax = `groups:
  - name: queues
    rules:
      - alert: QueueLong
        expr: queue_length > 800
        for: 1m
`

// TestBacktestRules_StoreAndServer_Agree replays rules over the last hours by the
// folder of a running daemon, by its API and by that of Debian's Prometheus on the
// same samples, beside the rules that the daemon runs.
func TestBacktestRules_StoreAndServer_Agree(t *testing.T) {
	prometheus := program(t, "prometheus", "prometheus")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rules, running := write("new.yml", strict), write("running.yml", lax)
	d := serve(t, "--config.file="+write("tocsin.yml", "rules: {rule_files: [running.yml]}\nstorage: {out_of_order_window: 6h}\n"))
	address := freeAddress(t)
	start(t, prometheus, "--config.file="+write("prometheus.yml", "global: {scrape_interval: 1h}\n"), "--storage.tsdb.path="+filepath.Join(dir, "prom"),
		"--web.listen-address="+address, "--web.enable-remote-write-receiver")
	end := time.Now().Truncate(15 * time.Second)
	var samples []prompb.Sample
	for i := range int64(4 * 120) { // two hours
		v := 100.0
		switch {
		case i >= 120 && i < 130:
			v = 500 // only the new rules see it
		case i >= 300 && i < 320:
			v = 900
		}
		samples = append(samples, prompb.Sample{Timestamp: end.UnixMilli() - (4*120-1-i)*15000, Value: v})
	}
	series := timeSeries(samples, "__name__", "queue_length", "job", "mail")
	if status, text := d.write(series); status/100 != 2 {
		t.Fatalf("write: %d %s", status, text)
	}
	eventually(t, 30*time.Second, "written to Prometheus", func() error {
		req, err := http.NewRequest("POST", "http://"+address+"/api/v1/write", strings.NewReader(string(body(series))))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Encoding", "snappy")
		req.Header.Set("Content-Type", "application/x-protobuf")
		if status, text := send(req); status/100 != 2 {
			return fmt.Errorf("%d %s", status, text)
		}
		return nil
	})
	from, to := end.Add(-115*time.Minute).Format(time.RFC3339), end.Format(time.RFC3339)
	backtest := func(args ...string) (stdout, stderr string) {
		t.Helper()
		cmd := exec.Command(tocsin, append([]string{"backtest", "--rules=" + rules, "--from=" + from, "--to=" + to}, args...)...)
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("%q: %v\n%s", args, err, errs.String())
		}
		return out.String(), errs.String()
	}
	stored, _ := backtest("--store="+d.dir, "--format=jsonl")
	if n := strings.Count(stored, "\n"); n != 4 || strings.Count(stored, `"state":"firing"`) != 2 || strings.Contains(stored, "QueueNever") {
		t.Fatalf("want an alert that fires and ends twice, got\n%s", stored)
	}
	for _, url := range []string{d.url, "http://" + address} {
		if asked, _ := backtest("--prometheus="+url, "--format=jsonl"); asked != stored {
			t.Errorf("%s says\n%s\nthe store says\n%s", url, asked, stored)
		}
	}
	// Beside the running rules, by their file and as the daemon tells them.
	for _, against := range []string{running, filepath.Join(dir, "tocsin.yml"), d.url} {
		text, sum := backtest("--storage.path="+d.dir, "--against="+against)
		if !strings.Contains(sum, "2 pages (1 by the running rules; 1 new, 0 gone)") || !strings.Contains(text, "new pages") || !strings.Contains(sum, "times real time") {
			t.Errorf("against %s:\n%s%s", against, text, sum)
		}
	}
}
