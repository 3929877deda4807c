package statsd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Bounds of what is read at a time.
const (
	maxLine = 64 << 10
	idle    = 5 * time.Minute
)

// Server receives statsd lines. It is safe for concurrent use.
type Server struct {
	*ingest.Receiver
	config     Config
	sink       ingest.Sink
	set        *metrics.Set
	aggregator *aggregator
	lines      *metrics.Counter
	failed     *metrics.Counter
}

// NewServer returns a server. It starts nothing; see Run.
func NewServer(o ingest.Options, c Config) *Server {
	s := &Server{
		Receiver: ingest.NewReceiver("statsd", o), config: c, sink: o.Sink, set: o.Metrics,
		aggregator: newAggregator(c),
		lines:      o.Metrics.NewCounter(`tocsin_statsd_lines_total`),
		failed:     o.Metrics.NewCounter(`tocsin_statsd_flush_failures_total`),
	}
	o.Metrics.NewGauge(`tocsin_statsd_series`, func() float64 { return float64(s.aggregator.len()) })
	return s
}

// Run reads packets and connections until ctx ends and stores what came in each
// flush interval, the last time at the end. It closes both listeners and returns
// when all is over; an error is that of a listener.
func (s *Server) Run(ctx context.Context, packets net.PacketConn, streams net.Listener) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		<-ctx.Done()
		return errors.Join(packets.Close(), streams.Close())
	})
	g.Go(func() error {
		return ingest.ReadPackets(ctx, packets, "statsd packets", func(b []byte, from net.Addr) { s.Take(b, from.String()) })
	})
	g.Go(func() error {
		return ingest.Accept(ctx, streams, "statsd connections", func(c net.Conn) { s.read(ctx, c) })
	})
	g.Go(func() error {
		s.flushEach(ctx)
		return nil
	})
	err := g.Wait()
	s.Flush(context.WithoutCancel(ctx), s.Now())
	return err
}

// read takes the lines of a connection.
func (s *Server) read(ctx context.Context, c net.Conn) {
	defer context.AfterFunc(ctx, func() { c.Close() })()
	from := c.RemoteAddr().String()
	in := bufio.NewReaderSize(c, maxLine)
	for {
		if c.SetReadDeadline(time.Now().Add(idle)) != nil {
			return
		}
		text, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			s.refuse(reasonLength, text, from)
			return // what follows is the rest of that line
		}
		if err != nil && !errors.Is(err, io.EOF) { // cut off within a line, whose rest may have been a tag or a digit
			if len(text) > 0 {
				s.lines.Inc()
				s.refuse(reasonCut, text, from)
			}
			return
		}
		s.Take(text, from)
		if err != nil {
			return
		}
	}
}

// Take takes the lines of a packet. Bad ones are counted by reason and cost no other.
func (s *Server) Take(packet []byte, from string) {
	s.Took(len(packet), len(packet))
	now := s.Now()
	for text := range bytes.SplitSeq(packet, []byte{'\n'}) {
		text = bytes.TrimRight(text, "\r ")
		if len(text) == 0 {
			continue
		}
		s.lines.Inc()
		if reason := s.aggregator.add(text, now); reason != "" {
			s.refuse(reason, text, from)
		}
	}
}

func (s *Server) refuse(reason string, text []byte, from string) {
	s.set.GetOrCreateCounter(`tocsin_statsd_refused_lines_total{reason="` + reason + `"}`).Inc()
	s.Warn(fmt.Sprintf("line %q refused [%s]", text[:min(len(text), 200)], reason), from)
}

func (s *Server) flushEach(ctx context.Context) {
	tick := time.NewTicker(s.config.FlushInterval.Std())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.Flush(ctx, s.Now())
		}
	}
}

// Flush stores what is known at now. If it cannot be stored, totals are kept for the
// next time.
func (s *Server) Flush(ctx context.Context, now time.Time) {
	var b telemetry.Batch
	s.aggregator.collect(&b, now)
	b.Source = "statsd"
	if len(b.Series) == 0 {
		return
	}
	result, err := s.sink.Write(ctx, &b)
	if err != nil {
		s.failed.Inc()
		s.Refused(ingest.Unavailable(err), "flush")
		return
	}
	s.aggregator.done()
	s.Stored(&result)
	if f := ingest.PartlyRefused(&result, b.Len()); f != nil {
		s.Warn(f.Text, "flush")
	}
}
