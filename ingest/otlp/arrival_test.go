package otlp_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"
)

// What comes by gRPC and cannot be unpacked, or is no whole message, is counted as what
// comes by HTTP is. Senders are told by the gRPC library, so that they do not try again.
func TestServer_DamagedMessages_AreRefusedAndCounted(t *testing.T) {
	r := newRig(t, nil)
	address := serveGRPC(t, r, nil)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	frame := func(packed byte, length int, body string) string {
		return string(binary.BigEndian.AppendUint32([]byte{packed}, uint32(length))) + body
	}
	const internal, unimplemented = "13", "12"
	for name, tt := range map[string]struct{ encoding, body, status, want string }{
		"not gzip":         {"gzip", frame(1, 5, "hello"), internal, "failed to decompress"},
		"gzip that is cut": {"gzip", frame(1, 12, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x02"), internal, "unexpected EOF"},
		"a message cut":    {"gzip", frame(0, 500, "hello"), internal, "unexpected EOF"},
		"no message":       {"gzip", "", internal, "received no request message"},
		"unknown encoding": {"brotli", frame(1, 5, "hello"), unimplemented, "brotli"},
		"not packed":       {"identity", frame(0, 0, ""), "0", ""},
	} {
		q, err := http.NewRequest(http.MethodPost, "http://"+address+"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/grpc+proto")
		q.Header.Set("Grpc-Encoding", tt.encoding)
		q.Header.Set("Te", "trailers")
		response, err := transport.RoundTrip(q)
		if err != nil {
			t.Fatalf("%s: %s", name, err)
		}
		if _, err := io.Copy(new(bytes.Buffer), response.Body); err != nil {
			t.Fatalf("%s: %s", name, err)
		}
		response.Body.Close()
		told := func(key string) string { return response.Header.Get(key) + response.Trailer.Get(key) }
		if got := told("Grpc-Status"); got != tt.status || !strings.Contains(told("Grpc-Message"), tt.want) {
			t.Errorf("%s: got status %s %q, want %s and %q", name, got, told("Grpc-Message"), tt.status, tt.want)
		}
	}
	for name, want := range map[string]string{
		`tocsin_ingest_requests_total{protocol="otlp",code="400"}`:                        "4",
		`tocsin_ingest_refused_requests_total{protocol="otlp",reason="malformed"}`:        "4",
		`tocsin_ingest_requests_total{protocol="otlp",code="415"}`:                        "1",
		`tocsin_ingest_refused_requests_total{protocol="otlp",reason="content_encoding"}`: "1",
		`tocsin_ingest_requests_total{protocol="otlp",code="200"}`:                        "1",
		`tocsin_ingest_in_flight_bytes{protocol="otlp"}`:                                  "0",
	} {
		if got := r.counter(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
