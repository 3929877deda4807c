package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/ingest"
)

// text collects what the daemon logs or prints.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.b.String()
}

// daemon is an App in this process with its files in a folder of the test.
type daemon struct {
	sink    ingest.LogSink // where log records go; nil: nowhere
	t       *testing.T
	app     *app.App
	dir     string
	log     *text
	console *text
	cancel  context.CancelFunc
	ended   chan error
}

// write puts a file into the daemon's folder.
func (d *daemon) file(name, body string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(body), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// options are those of a daemon in d's folder on a free port.
func (d *daemon) options() app.Options {
	o := app.Options{
		ListenAddress: "127.0.0.1:0", StoragePath: filepath.Join(d.dir, "data"), Version: "test",
		Logger: slog.New(slog.NewTextHandler(d.log, nil)), Console: d.console, BlockReload: time.Second, Logs: d.sink,
	}
	if _, err := os.Stat(filepath.Join(d.dir, "tocsin.yml")); err == nil {
		o.ConfigFile = filepath.Join(d.dir, "tocsin.yml")
	}
	return o
}

// newDaemon makes a daemon with the given files (name, body, name, body ...).
func newDaemon(t *testing.T, files ...string) *daemon {
	t.Helper()
	d := &daemon{t: t, dir: t.TempDir(), log: new(text), console: new(text)}
	for i := 0; i+1 < len(files); i += 2 {
		d.file(files[i], files[i+1])
	}
	d.make()
	return d
}

func (d *daemon) make() {
	d.t.Helper()
	var err error
	if d.app, err = app.New(d.t.Context(), d.options()); err != nil {
		d.t.Fatal(err)
	}
}

// start runs the daemon until the test ends or stop is called.
func (d *daemon) start() *daemon {
	d.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel, d.ended = cancel, make(chan error, 1)
	go func() { d.ended <- d.app.Run(ctx) }()
	d.t.Cleanup(func() {
		if d.cancel != nil {
			d.stop()
		}
	})
	d.eventually("the daemon is ready", func() bool { status, _ := d.get("/-/ready"); return status == 200 })
	return d
}

// stop asks the daemon to end, as SIGTERM does, and waits for it. Nothing may hold the
// end up so long that requests under way are given up.
func (d *daemon) stop() {
	d.t.Helper()
	d.cancel()
	d.cancel = nil
	select {
	case err := <-d.ended:
		if err != nil {
			d.t.Errorf("run ended with %v", err)
		}
	case <-time.After(time.Minute):
		d.t.Fatalf("the daemon did not end within a minute; its log:\n%s", d.log)
	}
	if log := d.log.String(); strings.Contains(log, "requests were cut off") {
		d.t.Errorf("a request held the end up; the log:\n%s", log)
	}
}

// eventually waits until f holds.
func (d *daemon) eventually(what string, f func() bool) {
	d.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-limit.C:
			d.t.Fatalf("waited in vain until %s; log:\n%s\nconsole:\n%s", what, d.log, d.console)
		}
	}
}

func (d *daemon) send(method, path, contentType string, body []byte) (int, string) {
	req, err := http.NewRequest(method, "http://"+d.app.Address()+path, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if contentType == "application/x-protobuf" {
		req.Header.Set("Content-Encoding", "snappy")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(answer)
}

func (d *daemon) get(path string) (int, string) { return d.send("GET", path, "", nil) }

// post sends JSON.
func (d *daemon) post(path, body string) (int, string) {
	return d.send("POST", path, "application/json", []byte(body))
}

// json fetches a page and decodes it.
func (d *daemon) json(path string, into any) {
	d.t.Helper()
	status, body := d.get(path)
	if status != 200 {
		d.t.Fatalf("GET %s: %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), into); err != nil {
		d.t.Fatalf("GET %s: %v in %s", path, err, body)
	}
}

// remoteWrite sends one series, its samples ending now and one every step.
func (d *daemon) remoteWrite(name string, step time.Duration, values ...float64) (end time.Time) {
	d.t.Helper()
	end = time.Now().Truncate(time.Millisecond)
	ts := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: name}, {Name: "job", Value: "pay"}}}
	for i, v := range values {
		at := end.Add(-time.Duration(len(values)-1-i) * step)
		ts.Samples = append(ts.Samples, prompb.Sample{Timestamp: at.UnixMilli(), Value: v})
	}
	d.writeSeries(ts)
	return end
}

// writeSeries sends series in one request of remote write.
func (d *daemon) writeSeries(series ...prompb.TimeSeries) {
	d.t.Helper()
	raw, err := (&prompb.WriteRequest{Timeseries: series}).Marshal()
	if err != nil {
		d.t.Fatal(err)
	}
	if status, body := d.send("POST", "/api/v1/write", "application/x-protobuf", snappy.Encode(nil, raw)); status/100 != 2 {
		d.t.Fatalf("remote write: %d %s", status, body)
	}
}

// metric returns the value of one line of /metrics, "" when there is none.
func (d *daemon) metric(line string) string {
	d.t.Helper()
	_, body := d.get("/metrics")
	for l := range strings.Lines(body) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(l), line+" "); ok {
			return v
		}
	}
	return ""
}

// failDeployment records a deployment that failed, which the rule
// deployment_status == failed turns into an incident at once.
func (d *daemon) failDeployment(service string) {
	d.t.Helper()
	status, body := d.post("/api/v1/tocsin/changes", fmt.Sprintf(`{"service":%q,"kind":"deployment","version_to":"v2","status":"failed"}`, service))
	if status != 201 {
		d.t.Fatalf("record a change: %d %s", status, body)
	}
}

// direct asks the App without a socket, as before Run.
func direct(a *app.App, method, path string) (int, string) {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Code, w.Body.String()
}

// Files of most tests: an alert that needs no metrics.
const (
	deploymentAlert = "alerts:\n  - name: deployment_failure\n    condition: deployment_status == failed\n    severity: critical\n"
	noAlerts        = "alerts: []\n"
	plainConfig     = "rules:\n  alert_files: [alerts.yml]\n"
)
