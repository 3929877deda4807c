package otlp

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // senders compress with it
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/tocsinhq/tocsin/ingest"
)

// Server serves exports of metrics, logs and traces by gRPC.
type Server struct {
	metrics   *Service
	logs      *LogService         // nil: not served
	traces    *TraceService       // nil: not served
	receiving *semaphore.Weighted // one for each message that may arrive at a time
}

// Bounds of a connection.
const (
	maxStreams       = 64
	maxHeaderBytes   = 64 << 10
	connectTimeout   = 10 * time.Second
	pingEvery        = 10 * time.Second // how often a client may ask whether we live
	maxIdle          = 10 * time.Minute
	stopTimeout      = 5 * time.Second
	receivingRetry   = time.Second
	receivingPatient = 5 * time.Second
)

// NewServer returns a server over the services. Without one for logs or traces they are
// not served. It starts nothing; see Serve.
func NewServer(s *Service, logs *LogService, traces *TraceService) *Server {
	limits := s.Config()
	// A message is taken into memory whole before its size can be claimed, at most
	// twice: packed and unpacked.
	atOnce := max(1, int64(limits.MaxInFlight)/(2*int64(limits.MaxDecoded)))
	return &Server{metrics: s, logs: logs, traces: traces, receiving: semaphore.NewWeighted(atOnce)}
}

// Serve answers on l until ctx ends, then lets calls under way finish for some
// seconds and returns when all have. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	limits := s.metrics.Config()
	services := s.services()
	server := grpc.NewServer(
		grpc.StatsHandler(newPackings(services)),
		grpc.ForceServerCodecV2(rawCodec{}),
		grpc.MaxRecvMsgSize(int(limits.MaxDecoded)),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.ConnectionTimeout(connectTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: maxIdle}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingEvery, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	)
	for signal, to := range services {
		server.RegisterService(describe(signal, func(stream grpc.ServerStream) error { return s.answer(stream, to) }), s)
	}
	ended, end := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ended.Done()
		cut := time.AfterFunc(stopTimeout, server.Stop)
		defer cut.Stop()
		server.GracefulStop()
	}()
	err := server.Serve(l)
	broken := ctx.Err() == nil // the listener, for nobody asked for the end
	end()
	<-done
	if broken {
		return err
	}
	return nil
}

// services returns what is served, by OpenTelemetry's word for the signal.
func (s *Server) services() map[string]exporter {
	all := map[string]exporter{"metrics": s.metrics}
	if s.logs != nil {
		all["logs"] = s.logs
	}
	if s.traces != nil {
		all["trace"] = s.traces
	}
	return all
}

// exportService returns the name of the service of a signal, and exportMethod that of its only method.
func exportService(signal string) string {
	return "opentelemetry.proto.collector." + signal + ".v1." + strings.ToUpper(signal[:1]) + signal[1:] + "Service"
}

const exportMethod = "Export"

// describe returns the service of one of OpenTelemetry's signals. It is written as a
// stream of one message, which on the wire is the same as a plain call, so that the
// handler decides when a message is taken in.
func describe(signal string, handle func(stream grpc.ServerStream) error) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: exportService(signal),
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: exportMethod,
			Handler:    func(_ any, stream grpc.ServerStream) error { return handle(stream) },
		}},
		Metadata: "opentelemetry/proto/collector/" + signal + "/v1/" + signal + "_service.proto",
	}
}

// exporter is a service as the server sees it.
type exporter interface {
	export(ctx context.Context, message []byte, b *ingest.Body, from string) (response []byte, f *ingest.Refusal, err error)
	Timed(serve func())
	Recovered(p any, from string) string
	Refused(f *ingest.Refusal, from string)
	Answered(code int)
	Release(b *ingest.Body)
}

// raw is a message as it came, or as it is to be sent.
type raw struct{ bytes []byte }

// rawCodec leaves messages encoded, so that they are decoded by the same code and
// under the same limits as those that come by HTTP.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.(*raw).bytes)}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	v.(*raw).bytes = data.Materialize()
	return nil
}

// answer answers one call.
func (s *Server) answer(stream grpc.ServerStream, to exporter) (err error) {
	from := "unknown"
	if p, ok := peer.FromContext(stream.Context()); ok {
		from = p.Addr.String()
	}
	defer func() {
		if p := recover(); p != nil {
			err = status.Error(codes.Internal, to.Recovered(p, from))
		}
	}()
	to.Timed(func() { err = s.call(stream, to, from) })
	return err
}

func (s *Server) call(stream grpc.ServerStream, to exporter, from string) error {
	var b ingest.Body
	defer to.Release(&b)
	message, f := s.receive(stream)
	var response []byte
	var err error
	if f == nil {
		response, f, err = to.export(stream.Context(), message, &b, from)
	}
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if f != nil {
		to.Refused(f, from)
		return statusOf(f).Err()
	}
	to.Answered(200)
	return stream.SendMsg(&raw{response})
}

// receive takes in the message, when there is memory for one more and within its
// time.
func (s *Server) receive(stream grpc.ServerStream) ([]byte, *ingest.Refusal) {
	patient, cancel := context.WithTimeout(stream.Context(), receivingPatient)
	defer cancel()
	if s.receiving.Acquire(patient, 1) != nil {
		return nil, ingest.Refuse(503, "overloaded", "too many messages arrive at a time; try again").After(receivingRetry)
	}
	type arrival struct {
		message raw
		err     error
	}
	arrived := make(chan arrival, 1)
	go func() {
		defer s.receiving.Release(1)
		var a arrival
		a.err = stream.RecvMsg(&a.message)
		arrived <- a
	}()
	limit := s.metrics.Config().BodyTimeout
	timer := time.NewTimer(limit.Std())
	defer timer.Stop()
	select {
	case a := <-arrived:
		return a.message.bytes, refuseArrival(a.err)
	case <-timer.C:
		// Returning ends the stream, which ends the wait for the message.
		return nil, ingest.Refuse(408, "body_too_slow", "message did not arrive within %s", limit)
	}
}

// refuseArrival says why a message did not come, or nothing. The library has told the
// sender already, by its own code; what is returned is counted and logged.
func refuseArrival(err error) *ingest.Refusal {
	switch text := status.Convert(err).Message(); status.Code(err) {
	case codes.OK:
		return nil
	case codes.ResourceExhausted:
		return ingest.Refuse(413, "decoded_too_large", "%s", text)
	case codes.Internal: // the library's word for what cannot be unpacked, or ends too early
		return ingest.Refuse(400, "malformed", "message cannot be read: %s", text)
	default: // the sender gave up, or the connection did
		return ingest.Refuse(400, "body_incomplete", "message did not come: %s", text)
	}
}

// export takes a message that came by gRPC and returns the response, encoded.
func (s *Service) export(ctx context.Context, message []byte, b *ingest.Body, from string) ([]byte, *ingest.Refusal, error) {
	if f := s.Reserve(b, int64(len(message))); f != nil {
		return nil, f, nil
	}
	s.Took(len(message), len(message))
	request, f := s.decode(message, typeProtobuf, b)
	if f != nil {
		return nil, f, nil
	}
	response, f := s.Take(ctx, request, ingest.Host(from))
	if f != nil {
		return nil, f, nil
	}
	body, err := response.MarshalProto()
	if err != nil {
		return nil, nil, fmt.Errorf("marshal ExportMetricsServiceResponse: %w", err)
	}
	return body, nil, nil
}
