package demo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// daemon is an http.RoundTripper that answers as the daemon would and keeps
// what it was sent. With it a whole showing runs in virtual time.
type daemon struct {
	mu       sync.Mutex
	starting int // requests that still get 503
	refuse   string
	samples  int
	times    []int64 // newest timestamp of each write
	changes  []map[string]any
	lines    int // of logs
	order    []string
	onChange func(c map[string]any)
}

func (d *daemon) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var body []byte
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = b
	}
	if d.starting > 0 {
		d.starting--
		return respond(r, http.StatusServiceUnavailable, "starting: replaying the write-ahead log"), nil
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /-/ready":
		return respond(r, http.StatusOK, "ready"), nil
	case "POST /api/v1/write":
		if d.refuse != "" {
			return respond(r, http.StatusBadRequest, d.refuse), nil
		}
		return respond(r, http.StatusNoContent, ""), d.take(r, body)
	case "POST /insert/jsonline":
		d.lines += bytes.Count(body, []byte("\n"))
		return respond(r, http.StatusOK, "{}"), nil
	case "POST /api/v1/tocsin/changes":
		var c map[string]any
		if err := json.Unmarshal(body, &c); err != nil {
			return respond(r, http.StatusBadRequest, err.Error()), nil
		}
		d.changes = append(d.changes, c)
		d.order = append(d.order, "change "+c["id"].(string))
		if d.onChange != nil {
			d.onChange(c)
		}
		return respond(r, http.StatusCreated, string(body)), nil
	}
	return respond(r, http.StatusNotFound, "no such page"), nil
}

// take decodes a write as a receiver does.
func (d *daemon) take(r *http.Request, body []byte) error {
	raw, err := snappy.Decode(nil, body)
	if err != nil {
		return err
	}
	var req prompb.WriteRequest
	if err := req.Unmarshal(raw); err != nil {
		return err
	}
	newest := int64(0)
	for _, ts := range req.Timeseries {
		d.samples += len(ts.Samples)
		for _, s := range ts.Samples {
			newest = max(newest, s.Timestamp)
		}
	}
	d.times = append(d.times, newest)
	d.order = append(d.order, "write")
	return nil
}

func respond(r *http.Request, status int, text string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: make(http.Header), Body: io.NopCloser(strings.NewReader(text)),
	}
}

// notebook is an io.Writer for several goroutines.
type notebook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *notebook) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}
