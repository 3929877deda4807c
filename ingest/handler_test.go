package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/telemetry"
)

// sinkFunc is a Sink made of a function.
type sinkFunc func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error)

func (f sinkFunc) Write(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
	return f(ctx, b)
}

// storeAll accepts everything.
func storeAll(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
	return telemetry.WriteResult{Stored: b.Len()}, nil
}

// rig is a handler with what it logged and counted.
type rig struct {
	http.Handler
	metrics *metrics.Set
	log     *bytes.Buffer
	mu      sync.Mutex
	now     time.Time
}

func (r *rig) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

func (r *rig) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

func newRig(sink sinkFunc, change func(*ingest.Options)) *rig {
	r := &rig{metrics: metrics.NewSet(), log: new(bytes.Buffer), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	o := ingest.Options{Sink: sink, Config: ingest.DefaultConfig(), Metrics: r.metrics, Logger: slog.New(slog.NewTextHandler(r, nil)), Now: func() time.Time { return r.now }}
	if change != nil {
		change(&o)
	}
	r.Handler = ingest.NewHandler(o)
	return r
}

func (r *rig) counter(name string) string {
	var b strings.Builder
	r.metrics.WritePrometheus(&b)
	for line := range strings.Lines(b.String()) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(v)
		}
	}
	return "none"
}

func (r *rig) post(body []byte, headers ...string) *httptest.ResponseRecorder {
	q := httptest.NewRequest(http.MethodPost, "/api/v1/write", bytes.NewReader(body))
	q.Header.Set("Content-Type", "application/x-protobuf")
	q.Header.Set("Content-Encoding", "snappy")
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Del(headers[i])
		if headers[i+1] != "" {
			q.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	return w
}

// request is a write request of n series with one sample each.
func request(n int) []byte {
	r := new(prompb.WriteRequest)
	for i := range n {
		r.Timeseries = append(r.Timeseries, prompb.TimeSeries{
			Labels:    []prompb.Label{{Name: "__name__", Value: "m"}, {Name: "i", Value: fmt.Sprint(i)}},
			Samples:   []prompb.Sample{{Value: float64(i), Timestamp: 1772366400000}},
			Exemplars: []prompb.Exemplar{{Value: 1}},
		})
	}
	r.Metadata = []prompb.MetricMetadata{{MetricFamilyName: "m"}}
	b, err := r.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

func packed(n int) []byte { return snappy.Encode(nil, request(n)) }

func TestHandler_GoodRequests_Get204(t *testing.T) {
	for _, tc := range []struct {
		name    string
		headers []string
	}{
		{"as Prometheus sends it", []string{"X-Prometheus-Remote-Write-Version", "0.1.0"}},
		{"with the message named", []string{"Content-Type", "application/x-protobuf;proto=prometheus.WriteRequest"}},
		{"with a charset", []string{"Content-Type", "application/x-protobuf; charset=utf-8"}},
		{"without a type", []string{"Content-Type", ""}},
		{"without an encoding", []string{"Content-Encoding", ""}},
		{"encoding in capitals", []string{"Content-Encoding", "Snappy"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			r := newRig(func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
				for _, s := range b.Series {
					got = append(got, string(s.Unpack()[1].Value)+"="+fmt.Sprint(s.Samples[0].V))
				}
				return storeAll(ctx, b)
			}, nil)
			w := r.post(packed(3), tc.headers...)
			if w.Code != 204 || w.Body.Len() != 0 || strings.Join(got, " ") != "0=0 1=1 2=2" {
				t.Errorf("got %d %q, sink saw %v", w.Code, w.Body, got)
			}
			for name, want := range map[string]string{
				`tocsin_ingest_requests_total{protocol="remote_write",code="204"}`:               "1",
				`tocsin_ingest_samples_total{protocol="remote_write"}`:                           "3",
				`tocsin_ingest_body_bytes_total{protocol="remote_write"}`:                        fmt.Sprint(len(packed(3))),
				`tocsin_ingest_decoded_bytes_total{protocol="remote_write"}`:                     fmt.Sprint(len(request(3))),
				`tocsin_ingest_requests_by_version_total{protocol="remote_write",version="1.0"}`: "1",
				`tocsin_ingest_requests_by_version_total{protocol="remote_write",version="2.0"}`: "0",
				`tocsin_ingest_in_flight_bytes{protocol="remote_write"}`:                         "0",
				`tocsin_ingest_in_flight_requests{protocol="remote_write"}`:                      "0",
				`tocsin_ingest_request_duration_seconds_count{protocol="remote_write"}`:          "1",
			} {
				if got := r.counter(name); got != want {
					t.Errorf("%s: got %s, want %s", name, got, want)
				}
			}
		})
	}
}

func TestHandler_EmptyRequest_Gets204WithoutTheSink(t *testing.T) {
	r := newRig(func(context.Context, *telemetry.Batch) (telemetry.WriteResult, error) {
		return telemetry.WriteResult{}, errors.New("called")
	}, nil)
	if w := r.post(snappy.Encode(nil, nil)); w.Code != 204 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestHandler_BadRequests_GetTheirStatusAndSentence(t *testing.T) {
	framed := new(bytes.Buffer)
	fw := s2.NewWriter(framed, s2.WriterSnappyCompat())
	fw.Write(request(1))
	fw.Close()
	good := packed(100)
	declared := func(n ...byte) []byte { return append(n, 0, 0, 0) }
	for _, tc := range []struct {
		name    string
		body    []byte
		headers []string
		code    int
		reason  string
		text    string
	}{
		{"a message of the future", good, []string{"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v3.Request"}, 415, "content_type", `message "io.prometheus.write.v3.Request" is not accepted; send Content-Type application/x-protobuf with proto=prometheus.WriteRequest (remote write 1.0, also without proto) or proto=io.prometheus.write.v2.Request (2.0), and Content-Encoding snappy`},
		{"text with a corrupt body", []byte("0garbage"), []string{"Content-Type", "text/plain"}, 415, "content_type", "is not accepted"},
		{"2.0 named, 1.0 sent", good, v2Type, 400, "malformed_protobuf", "want a io.prometheus.write.v2.Request, got"},
		{"1.0 named, 2.0 sent", snappy.Encode(nil, requestV2(3)), nil, 400, "malformed_protobuf", "want a prometheus.WriteRequest, got"},
		{"2.0 with a reference outside", snappy.Encode(nil, []byte("\x22\x00\x2a\x04\x0a\x02\x01\x03")), v2Type, 400, "partly_refused", "series 1: byte 6: label reference: want one of the 1 symbols"},
		{"2.0 empty", nil, v2Type, 400, "empty_body", "want a snappy-compressed io.prometheus.write.v2.Request"},
		{"JSON", []byte("{}"), []string{"Content-Type", "application/json"}, 415, "content_type", `"application/json" is not accepted; send`},
		{"text", []byte("up 1"), []string{"Content-Type", "text/plain; charset=utf-8"}, 415, "content_type", "send Content-Type application/x-protobuf"},
		{"type that is none", good, []string{"Content-Type", "application/x-protobuf; proto"}, 415, "content_type", "mime"},
		{"gzip", good, []string{"Content-Encoding", "gzip"}, 415, "content_encoding", `Content-Encoding "gzip" is not accepted; send`},
		{"two encodings", good, []string{"Content-Encoding", "snappy, gzip"}, 415, "content_encoding", `"snappy, gzip"`},
		{"empty", nil, nil, 400, "empty_body", "body is empty"},
		{"framed snappy", framed.Bytes(), nil, 400, "corrupt_snappy", "framed (stream) format; send the block format"},
		{"gzip without saying so", []byte("\x1f\x8b\x08\x00\x00"), nil, 400, "corrupt_snappy", "looks like gzip"},
		{"zstd without saying so", []byte("\x28\xb5\x2f\xfd\x00"), nil, 400, "corrupt_snappy", "looks like zstd"},
		{"JSON without saying so", []byte(`{"streams":[]}`), nil, 400, "corrupt_snappy", "looks like JSON"},
		{"text without saying so", []byte("# HELP up x"), nil, 400, "corrupt_snappy", "text format of a scrape"},
		{"truncated snappy", good[:len(good)-9], nil, 400, "corrupt_snappy", "corrupt or truncated"},
		{"no snappy at all", []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), nil, 400, "corrupt_snappy", "corrupt or truncated"},
		{"declares 33 MiB", declared(0x80, 0x80, 0x80+64, 0x10), nil, 413, "decoded_too_large", "declares 33MiB after decompression, want at most 32MiB"},
		{"declares 4 GiB", declared(0xff, 0xff, 0xff, 0xff, 0x0f), nil, 413, "decoded_too_large", "want at most 32MiB"},
		{"garbage protobuf", snappy.Encode(nil, []byte("\x0a\x04\x0a\x02\x08\x01")), nil, 400, "malformed_protobuf", "byte 4, time series 1, label 1: name: want wire type 2"},
		{"more entries than one request may have", snappy.Encode(nil, bytes.Repeat([]byte("\x0a\x00"), 3<<19)), nil, 413, "too_many_entries", "want at most 2097152 labels, samples and other entries in one request"},
		{"truncated protobuf", snappy.Encode(nil, request(2)[:40]), nil, 400, "malformed_protobuf", "got the end of the message"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(func(context.Context, *telemetry.Batch) (telemetry.WriteResult, error) {
				t.Error("the sink was called")
				return telemetry.WriteResult{}, nil
			}, nil)
			w := r.post(tc.body, tc.headers...)
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.text) {
				t.Errorf("got %d %q, want %d and %q", w.Code, w.Body, tc.code, tc.text)
			}
			if got := r.counter(fmt.Sprintf(`tocsin_ingest_requests_total{protocol="remote_write",code="%d"}`, tc.code)); got != "1" {
				t.Errorf("counted by code %s times", got)
			}
			if got := r.counter(fmt.Sprintf(`tocsin_ingest_refused_requests_total{protocol="remote_write",reason="%s"}`, tc.reason)); got != "1" {
				t.Errorf("counted by reason %s times", got)
			}
			if got := r.counter(`tocsin_ingest_in_flight_bytes{protocol="remote_write"}`); got != "0" {
				t.Errorf("%s bytes still in flight", got)
			}
			if !strings.Contains(r.logged(), "reason="+tc.reason) {
				t.Errorf("logged %q", r.logged())
			}
		})
	}
}

func TestHandler_OtherMethods_Get405WithAllow(t *testing.T) {
	r := newRig(storeAll, nil)
	for _, m := range []string{http.MethodGet, http.MethodPut, http.MethodOptions} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(m, "/api/v1/write", nil))
		if w.Code != 405 || w.Header().Get("Allow") != "POST" || !strings.Contains(w.Body.String(), "want POST, got "+m) {
			t.Errorf("%s: got %d %v %s", m, w.Code, w.Header(), w.Body)
		}
	}
}

func TestHandler_BodyTooLarge_Gets413(t *testing.T) {
	r := newRig(storeAll, func(o *ingest.Options) { o.Config.MaxBody = 100 })
	if w := r.post(make([]byte, 101)); w.Code != 413 || !strings.Contains(w.Body.String(), "body has 101B, want at most 100B") || w.Header().Get("Connection") != "close" {
		t.Errorf("length known: got %d %q", w.Code, w.Body)
	}
	q := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(bytes.NewReader(make([]byte, 101)))) // length unknown
	q.ContentLength = -1
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	if w.Code != 413 || !strings.Contains(w.Body.String(), "larger than 100B") {
		t.Errorf("length unknown: got %d %q", w.Code, w.Body)
	}
}

func TestHandler_LengthUnknown_IsRead(t *testing.T) {
	r := newRig(storeAll, nil)
	for _, n := range []int{1, 3000, 2} { // the buffer grows and is used again
		q := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(bytes.NewReader(packed(n))))
		q.ContentLength = -1
		w := httptest.NewRecorder()
		r.ServeHTTP(w, q)
		if w.Code != 204 {
			t.Errorf("%d series: got %d %q", n, w.Code, w.Body)
		}
	}
	if got := r.counter(`tocsin_ingest_samples_total{protocol="remote_write"}`); got != "3003" {
		t.Errorf("got %s samples, want 3003", got)
	}
}

func TestHandler_BodyBreaksOff_Gets400(t *testing.T) {
	r := newRig(storeAll, nil)
	q := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(bytes.NewReader(packed(1)[:5]), errReader{io.ErrUnexpectedEOF}))
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "after 5 bytes") {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func TestHandler_SlowBody_Gets408(t *testing.T) {
	r := newRig(storeAll, func(o *ingest.Options) {
		o.Config.BodyTimeout = yamldoc.Duration(50 * time.Millisecond)
		o.Now = nil // a connection's deadline is of the real clock
	})
	s := httptest.NewServer(r)
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nabc")
	b, err := io.ReadAll(c) // ends, because the handler closes the connection
	if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 408 ") || !strings.Contains(string(b), "did not arrive within 50ms, got 3 bytes") {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestHandler_TooMuchInFlight_Gets503(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	r := newRig(func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		entered <- struct{}{}
		<-leave
		return storeAll(ctx, b)
	}, func(o *ingest.Options) { o.Config.MaxInFlight = 20_000 })
	big := packed(200) // 13 kB with what it declares
	if n, _ := s2.DecodedLen(big); len(big)+n > 20_000 || 2*(len(big)+n) < 20_000 {
		t.Fatalf("the body has %d + %d bytes", len(big), n)
	}
	done := make(chan int)
	go func() { done <- r.post(big).Code }()
	<-entered
	w := r.post(big)
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "requests under way hold") {
		t.Errorf("got %d %v %q", w.Code, w.Header(), w.Body)
	}
	q := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(bytes.NewReader(make([]byte, 20_000))))
	q.ContentLength = -1
	w = httptest.NewRecorder()
	r.ServeHTTP(w, q)
	if w.Code != 503 {
		t.Errorf("length unknown: got %d %q", w.Code, w.Body)
	}
	close(leave)
	if code := <-done; code != 204 {
		t.Errorf("the first request got %d", code)
	}
	if got := r.counter(`tocsin_ingest_in_flight_bytes{protocol="remote_write"}`); got != "0" {
		t.Errorf("%s bytes still in flight", got)
	}
}

func TestHandler_SinkError_Gets503AndNever500(t *testing.T) {
	r := newRig(func(context.Context, *telemetry.Batch) (telemetry.WriteResult, error) {
		return telemetry.WriteResult{}, errors.New("store is read-only: disk full")
	}, nil)
	w := r.post(packed(1))
	if w.Code != 503 || w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), "nothing was stored: store is read-only: disk full") {
		t.Errorf("got %d %v %q", w.Code, w.Header(), w.Body)
	}
}

func TestHandler_OverALimitOnly_Gets429(t *testing.T) {
	var result telemetry.WriteResult
	r := newRig(func(context.Context, *telemetry.Batch) (telemetry.WriteResult, error) { return result, nil }, nil)
	result.Reject(telemetry.Rejection{Reason: telemetry.ReasonSeriesLimit, Message: "limit of 5 series reached", Samples: 1})
	result.Reject(telemetry.Rejection{Series: 1, Reason: telemetry.ReasonMemoryLimit, Message: "no memory", Samples: 1})
	w := r.post(packed(2))
	if w.Code != 429 || w.Header().Get("Retry-After") != "60" || !strings.Contains(w.Body.String(), "limit of 5 series reached [series_limit]") {
		t.Errorf("got %d %v %q", w.Code, w.Header(), w.Body)
	}
	result.Stored = 1 // sent again it would be stored twice, and hold up what comes after
	if w := r.post(packed(3)); w.Code != 400 {
		t.Errorf("with a sample stored: got %d, want 400", w.Code)
	}
	result.Stored = 0
	result.Reject(telemetry.Rejection{Series: 2, Reason: telemetry.ReasonTooOld, Samples: 1})
	if w := r.post(packed(3)); w.Code != 400 {
		t.Errorf("with another fault: got %d, want 400", w.Code)
	}
}

func TestHandler_Source_IsTheHeaderOrTheAddress(t *testing.T) {
	got := ""
	sink := func(_ context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		got = b.Source
		return telemetry.WriteResult{Stored: b.Len()}, nil
	}
	r := newRig(sink, nil)
	if r.post(packed(1), "X-Source", "team-a"); got != "192.0.2.1" {
		t.Errorf("got %q, want the address", got)
	}
	r = newRig(sink, func(o *ingest.Options) { o.Config.SourceHeader = "X-Source" })
	for header, want := range map[string]string{" team-a ": "team-a", "": "192.0.2.1", strings.Repeat("x", 500): strings.Repeat("x", 128)} {
		if r.post(packed(1), "X-Source", header); got != want {
			t.Errorf("header %q: got %q, want %q", header, got, want)
		}
	}
}

func TestHandler_PartlyRefused_Gets400ThatSaysWhat(t *testing.T) {
	var result telemetry.WriteResult
	r := newRig(func(context.Context, *telemetry.Batch) (telemetry.WriteResult, error) { return result, nil }, nil)
	result.Stored = 41
	result.Reject(telemetry.Rejection{Series: 2, Labels: `{__name__="x", a="1"}`, Reason: telemetry.ReasonDuplicate, Message: `label "a" twice`, Samples: 1})
	result.Reject(telemetry.Rejection{Series: 6, Reason: telemetry.ReasonTooOld, Message: "too old", Samples: 1})
	w := r.post(packed(43))
	first, rest, _ := strings.Cut(w.Body.String(), "\n")
	want := `stored 41 of 43 samples; series 3 {__name__="x", a="1"}: label "a" twice [duplicate_label]; series 7: too old [too_old]`
	if w.Code != 400 || first != want {
		t.Errorf("got  %d %s\nwant 400 %s", w.Code, first, want)
	}
	if strings.Count(rest, "\n") != 2 {
		t.Errorf("got %q after the first line, want a line for each", rest)
	}
	for name, want := range map[string]string{
		`tocsin_ingest_samples_total{protocol="remote_write"}`:                           "41",
		`tocsin_ingest_rejected_total{protocol="remote_write",reason="duplicate_label"}`: "1",
		`tocsin_ingest_rejected_total{protocol="remote_write",reason="too_old"}`:         "1",
		`tocsin_ingest_requests_total{protocol="remote_write",code="400"}`:               "1",
	} {
		if got := r.counter(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	// More than fits is counted; the first line stays below what senders log.
	result = telemetry.WriteResult{}
	for i := range 40 {
		result.Reject(telemetry.Rejection{Series: i, Labels: "{" + strings.Repeat("x", 250) + "}", Reason: telemetry.ReasonFuture, Message: "far ahead", Samples: 2})
	}
	first, rest, _ = strings.Cut(r.post(packed(40)).Body.String(), "\n")
	if len(first) > 1024 || !strings.HasPrefix(first, "stored 0 of 40 samples; series 1 {x") || !strings.HasSuffix(first, "; and 74 more refused") || strings.Count(rest, "\n") != telemetry.MaxRejections {
		t.Errorf("got %d bytes: %s\nand %d lines", len(first), first, strings.Count(rest, "\n"))
	}
}

func TestHandler_Panic_Gets500WithANumberInTheLog(t *testing.T) {
	r := newRig(func(context.Context, *telemetry.Batch) (telemetry.WriteResult, error) { panic("boom") }, nil)
	w := r.post(packed(1))
	id, _, _ := strings.Cut(strings.TrimPrefix(w.Body.String(), "internal error "), ";")
	if w.Code != 500 || len(id) != 16 || !strings.Contains(r.logged(), "id="+id) || !strings.Contains(r.logged(), "panic=boom") {
		t.Errorf("got %d %q, logged %.200s", w.Code, w.Body, r.logged())
	}
	if r.counter(`tocsin_ingest_panics_total{protocol="remote_write"}`) != "1" || r.counter(`tocsin_ingest_in_flight_bytes{protocol="remote_write"}`) != "0" {
		t.Error("not counted, or its memory is still claimed")
	}
	abort := newRig(func(context.Context, *telemetry.Batch) (telemetry.WriteResult, error) { panic(http.ErrAbortHandler) }, nil)
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("got %v, want the server's abort passed on", p)
		}
	}()
	abort.post(packed(1))
}

func TestHandler_ManyBadRequests_AreLoggedOncePerSecond(t *testing.T) {
	r := newRig(storeAll, nil)
	for range 5 {
		r.post(nil)
	}
	if n := strings.Count(r.logged(), "empty_body"); n != 1 {
		t.Errorf("logged %d times within one instant, want 1", n)
	}
	r.now = r.now.Add(time.Second)
	r.post(nil)
	if got := r.logged(); strings.Count(got, "empty_body") != 2 || !strings.Contains(got, "not_logged=4") {
		t.Errorf("logged %q", got)
	}
	if got := r.counter(`tocsin_ingest_refused_requests_total{protocol="remote_write",reason="empty_body"}`); got != "6" {
		t.Errorf("counted %s, want 6", got)
	}
}

func TestHandler_RequestsAtOnce_KeepTheirBatchesApart(t *testing.T) {
	r := newRig(func(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error) {
		for i, s := range b.Series {
			if string(s.Unpack()[1].Value) != fmt.Sprint(i) || s.Samples[0].V != float64(i) {
				t.Errorf("series %d is %s", i, s.Unpack()[1].Value)
			}
		}
		return storeAll(ctx, b)
	}, nil)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			body := packed(10 + n)
			for range 50 {
				if w := r.post(body); w.Code != 204 {
					t.Errorf("got %d %s", w.Code, w.Body)
				}
			}
		})
	}
	wg.Wait()
}

func TestHandler_GiantRequest_IsNotPooled(t *testing.T) {
	r := newRig(storeAll, nil)
	for _, n := range []int{70_000, 1} {
		if w := r.post(packed(n)); w.Code != 204 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
}

func TestConfig_Validate_ReportsEachField(t *testing.T) {
	collect := func(c ingest.Config) (got []string) {
		c.Validate(func(path, format string, args ...any) { got = append(got, path+": "+fmt.Sprintf(format, args...)) })
		return got
	}
	if got := collect(ingest.DefaultConfig()); len(got) != 0 {
		t.Errorf("defaults: %v", got)
	}
	got := strings.Join(collect(ingest.Config{MaxInFlight: -1}), "\n")
	for _, path := range []string{"max_body: ", "max_decoded: ", "max_in_flight: ", "body_timeout: "} {
		if !strings.Contains(got, path) {
			t.Errorf("%s is missing in\n%s", path, got)
		}
	}
	c := ingest.DefaultConfig()
	c.MaxInFlight = c.MaxBody
	if got := collect(c); len(got) != 1 || !strings.Contains(got[0], "max_body + max_decoded = 48MiB") {
		t.Errorf("got %v", got)
	}
}
