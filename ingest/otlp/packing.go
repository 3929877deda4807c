package otlp

import (
	"context"
	"net/http"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/stats"

	"github.com/tocsinhq/tocsin/ingest"
)

// packings counts the calls that the gRPC library refuses before anybody here is asked:
// those of an encoding that it cannot unpack. It tells the senders itself.
type packings struct{ services map[string]exporter } // by name of the method

func newPackings(services map[string]exporter) packings {
	p := packings{map[string]exporter{}}
	for signal, to := range services {
		p.services["/"+exportService(signal)+"/"+exportMethod] = to
	}
	return p
}

// HandleRPC looks at the headers of a call.
func (p packings) HandleRPC(_ context.Context, s stats.RPCStats) {
	header, ok := s.(*stats.InHeader)
	if !ok {
		return
	}
	name := header.Compression
	to := p.services[header.FullMethod]
	if to == nil || name == "" || name == encoding.Identity || encoding.GetCompressor(name) != nil {
		return
	}
	from := "unknown"
	if header.RemoteAddr != nil {
		from = header.RemoteAddr.String()
	}
	to.Timed(func() {
		to.Refused(ingest.Refuse(http.StatusUnsupportedMediaType, "content_encoding", "grpc-encoding %q is not accepted; send gzip", name), from)
	})
}

// TagRPC does nothing.
func (packings) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// TagConn does nothing.
func (packings) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (packings) HandleConn(context.Context, stats.ConnStats) {}
