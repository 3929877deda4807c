package otlp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"

	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// dial serves a rig by gRPC and returns a connection to it.
func dial(t *testing.T, r *rig) *grpc.ClientConn {
	t.Helper()
	return dialBoth(t, r, nil)
}

// dialBoth is dial for metrics and logs.
func dialBoth(t *testing.T, r *rig, logs *otlp.LogService) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(serveGRPC(t, r, logs), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// serveGRPC serves a rig by gRPC until the test ends and returns its address.
func serveGRPC(t *testing.T, r *rig, logs *otlp.LogService) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- otlp.NewServer(r.service, logs, nil).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %s", err)
		}
	})
	return l.Addr().String()
}

func TestServer_TakesExports(t *testing.T) {
	r := newRig(t, nil)
	client := pmetricotlp.NewGRPCClient(dial(t, r))
	ctx := context.Background()
	if _, err := client.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(oneGauge())); err != nil {
		t.Fatal(err)
	}
	e := newExport(start, "service.name", "cart")
	e.gauge("packed", 2)
	e.gauge("", 3)
	response, err := client.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(e.Metrics), grpc.UseCompressor(gzip.Name))
	if err != nil || response.PartialSuccess().RejectedDataPoints() != 1 || !strings.Contains(response.PartialSuccess().ErrorMessage(), "missing_metric_name") {
		t.Errorf("got %d %q, %v", response.PartialSuccess().RejectedDataPoints(), response.PartialSuccess().ErrorMessage(), err)
	}
	r.expect(`g + on (job) packed`, `{job="cart"} 3`)
	if got := r.counter(`tocsin_ingest_requests_total{protocol="otlp",code="200"}`); got != "2" {
		t.Errorf("counted %s requests", got)
	}
}

func TestServer_Refusals(t *testing.T) {
	r := newRig(t, func(o *otlp.Options) { o.Config.MaxDecoded = 100 << 10 })
	conn := dial(t, r)
	client := pmetricotlp.NewGRPCClient(conn)
	ctx := context.Background()
	big := newExport(start)
	for range 1000 {
		big.gauge(strings.Repeat("a", 200), 1)
	}
	for name, options := range map[string][]grpc.CallOption{"plain": nil, "packed": {grpc.UseCompressor(gzip.Name)}} {
		_, err := client.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(big.Metrics), options...)
		if st := status.Convert(err); st.Code() != codes.ResourceExhausted || len(st.Details()) != 0 {
			t.Errorf("too large, %s: got %v, want RESOURCE_EXHAUSTED without a time to come again", name, err)
		}
	}
	r.fail = errors.New("store is read-only")
	_, err := client.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(oneGauge()))
	st := status.Convert(err)
	if st.Code() != codes.Unavailable || len(st.Details()) != 1 {
		t.Fatalf("store fails: got %v %v", err, st.Details())
	}
	if info, ok := st.Details()[0].(*errdetails.RetryInfo); !ok || info.RetryDelay.AsDuration() != 5*time.Second {
		t.Errorf("got %v, want RetryInfo of 5 s", st.Details())
	}
	if _, err := client.Export(ctx, pmetricotlp.NewExportRequestFromMetrics(nested(1000, places["gauge"]))); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "nest deeper") {
		t.Errorf("deep: got %v", err)
	}
	err = conn.Invoke(ctx, "/opentelemetry.proto.collector.trace.v1.TraceService/Export", status.New(0, "").Proto(), status.New(0, "").Proto())
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("traces: got %v, want UNIMPLEMENTED", err)
	}
	if got := r.counter(`tocsin_ingest_in_flight_bytes{protocol="otlp"}`); got != "0" {
		t.Errorf("%s bytes are still claimed", got)
	}
}

func TestServer_Panic_GetsANumber(t *testing.T) {
	r := newRig(t, func(o *otlp.Options) { o.Sink = nil })
	_, err := pmetricotlp.NewGRPCClient(dial(t, r)).Export(context.Background(), pmetricotlp.NewExportRequestFromMetrics(oneGauge()))
	if status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "the log tells more under this number") {
		t.Errorf("got %v", err)
	}
}

func TestServer_SlowMessage_EndsTheCall(t *testing.T) {
	r := newRig(t, func(o *otlp.Options) { o.Config.BodyTimeout = yamldoc.Duration(30 * time.Millisecond) })
	stream, err := dial(t, r).NewStream(context.Background(), &grpc.StreamDesc{ClientStreams: true}, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(status.New(0, "").Proto()); status.Code(err) != codes.DeadlineExceeded || !strings.Contains(err.Error(), "did not arrive within 30ms") {
		t.Errorf("got %v", err)
	}
}

func TestServer_Ends_WithoutLeaks(t *testing.T) {
	r := newRig(t, nil)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- otlp.NewServer(r.service, nil, nil).Serve(ctx, l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pmetricotlp.NewGRPCClient(conn).Export(ctx, pmetricotlp.NewExportRequestFromMetrics(oneGauge())); err != nil {
		t.Error(err)
	}
	conn.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	broken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	broken.Close()
	live, stop := context.WithCancel(context.Background())
	if err := otlp.NewServer(r.service, nil, nil).Serve(live, broken); err == nil {
		t.Error("a listener that is closed gave no error")
	}
	stop()
}
