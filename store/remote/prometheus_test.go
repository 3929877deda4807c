package remote_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// startPrometheus runs a real Prometheus over the given OpenMetrics text and
// returns its address.
func startPrometheus(t *testing.T, text string) string {
	t.Helper()
	for _, name := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed (Debian's package prometheus has it)", name)
		}
	}
	dir := t.TempDir()
	for name, body := range map[string]string{"prometheus.yml": "global: {external_labels: {replica: one}}\n", "history.txt": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	if out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", filepath.Join(dir, "history.txt"), data).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	p := exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+data,
		"--storage.tsdb.retention.time=100y", "--web.listen-address="+address)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill(); p.Wait() })
	ready := time.NewTicker(100 * time.Millisecond)
	defer ready.Stop()
	for range 300 {
		<-ready.C
		resp, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return "http://" + address
		}
	}
	t.Fatal("prometheus is not ready after 30 s")
	return ""
}

func TestReader_RealPrometheus_GivesTheHistory(t *testing.T) {
	var text strings.Builder
	text.WriteString("# TYPE queue_depth gauge\n")
	var want []telemetry.Sample
	for i := range 3 * 1440 {
		at, v := begin.Add(time.Duration(i)*time.Minute), float64(i%97)/7
		want = append(want, telemetry.Sample{T: at.UnixMilli(), V: v})
		fmt.Fprintf(&text, "queue_depth{service=\"pay\"} %v %d\nqueue_depth{service=\"pay\",zone=\"a\"} 1 %d\n", v, at.Unix(), at.Unix())
	}
	text.WriteString("# EOF\n")
	r := reader(t, startPrometheus(t, text.String()), nil)
	series, err := r.Series(t.Context(), []string{`{service="pay"}`}, begin, end)
	if err != nil || len(series) != 2 {
		t.Fatalf("got %v, %v", series, err)
	}
	got, _, err := r.Samples(t.Context(), labels.FromStrings("__name__", "queue_depth", "service", "pay"), begin, end)
	if err != nil || r.Way() != "remote read" {
		t.Fatalf("by %s: %v", r.Way(), err)
	}
	if s := difference(got, want); s != "" {
		t.Error(s)
	}
}
