//go:build linux

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/telemetry"
)

// daemon is a running "tocsin serve".
type daemon struct {
	whole *testing.T // the test whose end also ends the process; nil: that which booted it
	*process
	dir, address, url string
	args              []string
}

// serve starts the program on a fresh data folder and waits until it is ready.
func serve(t *testing.T, args ...string) *daemon {
	t.Helper()
	d := &daemon{dir: t.TempDir(), address: freeAddress(t), args: args}
	d.url = "http://" + d.address
	d.boot(t)
	return d
}

// boot starts the program on the daemon's folder and address.
func (d *daemon) boot(t *testing.T) {
	t.Helper()
	args := append([]string{"serve", "--web.listen-address=" + d.address, "--storage.path=" + d.dir, "--log.level=debug"}, d.args...)
	owner := t
	if d.whole != nil {
		owner = d.whole
	}
	d.process = start(owner, tocsin, args...)
	eventually(t, 30*time.Second, "ready", func() error {
		if d.ended() {
			t.Fatalf("tocsin ended by itself:\n%s", d.tail(20))
		}
		status, body := d.try("GET", "/-/ready", "", nil)
		if status != http.StatusOK {
			return fmt.Errorf("GET /-/ready: %d %s", status, body)
		}
		return nil
	})
}

// try sends a request and returns the status (0 when there was no answer) and
// the body or error text.
func (d *daemon) try(method, path, contentType string, body io.Reader) (int, string) {
	req, err := http.NewRequest(method, d.url+path, body)
	if err != nil {
		return 0, err.Error()
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return send(req)
}

func send(req *http.Request) (int, string) {
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: 5 * time.Second}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}

// get decodes the JSON answer of a path into v.
func (d *daemon) get(path string, v any) error {
	status, body := d.try("GET", path, "", nil)
	if status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), v); err != nil {
		return fmt.Errorf("GET %s: %w in %.200s", path, err, body)
	}
	return nil
}

// series is one result of a query.
type series struct {
	Labels map[string]string `json:"metric"`
	Value  point             `json:"value"`
	Points []point           `json:"values"`
}

// point is [seconds, "value"] on the wire.
type point struct {
	Seconds float64
	Value   string
}

// UnmarshalJSON reads the pair.
func (p *point) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &[]any{&p.Seconds, &p.Value}) }

// query asks an instant query of the Prometheus API at base.
func query(base, expr string, at time.Time) ([]series, error) {
	q := url.Values{"query": {expr}, "time": {strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)}}
	req, err := http.NewRequest("GET", base+"/api/v1/query?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	status, body := send(req)
	if status != http.StatusOK {
		return nil, fmt.Errorf("query %s: %d %s", expr, status, body)
	}
	var answer struct {
		Status string `json:"status"`
		Data   struct {
			Result []series `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return nil, fmt.Errorf("query %s: %w in %.200s", expr, err, body)
	}
	return answer.Data.Result, nil
}

// number asks an instant query that has one number as its result.
func (d *daemon) number(expr string) (float64, error) {
	result, err := query(d.url, expr, time.Now())
	if err != nil {
		return 0, err
	}
	if len(result) != 1 {
		return 0, fmt.Errorf("query %s: %d results, want 1", expr, len(result))
	}
	return strconv.ParseFloat(result[0].Value.Value, 64)
}

// anomaly is what GET anomalies tells of an episode.
type anomaly struct {
	incident.Occurrence
	Ended    time.Time `json:"ended"`
	Incident string    `json:"incident"`
}

// anomalies lists the episodes reported since a time.
func (d *daemon) anomalies(since time.Time) ([]anomaly, error) {
	var answer struct {
		Anomalies []anomaly `json:"anomalies"`
	}
	err := d.get("/api/v1/tocsin/anomalies?limit=500&since="+url.QueryEscape(since.UTC().Format(time.RFC3339)), &answer)
	return answer.Anomalies, err
}

// incidents lists all incidents.
func (d *daemon) incidents() ([]incident.Incident, error) {
	var answer struct {
		Incidents []incident.Incident `json:"incidents"`
	}
	err := d.get("/api/v1/tocsin/incidents?state=all", &answer)
	return answer.Incidents, err
}

// changes lists the changes of a service.
func (d *daemon) changes(service string) ([]telemetry.Change, error) {
	var answer struct {
		Changes []telemetry.Change `json:"changes"`
	}
	err := d.get("/api/v1/tocsin/changes?service="+url.QueryEscape(service), &answer)
	return answer.Changes, err
}

// counted returns the sum of all own metrics whose name starts with prefix and
// which carry the label reason, or only those of one reason when it is given.
func (d *daemon) counted(t *testing.T, prefix, reason string) float64 {
	t.Helper()
	status, body := d.try("GET", "/metrics", "", nil)
	if status != http.StatusOK {
		t.Fatalf("GET /metrics: %d %s", status, body)
	}
	sum := 0.0
	for line := range strings.SplitSeq(body, "\n") {
		if !strings.HasPrefix(line, prefix) || !strings.Contains(line, `reason="`+reason) {
			continue
		}
		if reason != "" && !strings.Contains(line, `reason="`+reason+`"`) {
			continue
		}
		v, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			t.Fatalf("metric %q: %v", line, err)
		}
		sum += v
	}
	return sum
}
