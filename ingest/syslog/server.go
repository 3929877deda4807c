package syslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/logline"
)

// Bounds of what is read at a time.
const (
	waiting     = 4096 // datagrams that may wait to be stored
	atOnce      = 1024 // of them, stored as one batch
	flushWithin = 5 * time.Second
	dueEvery    = 250 * time.Millisecond
)

// Server receives syslog. It is safe for concurrent use.
type Server struct {
	*ingest.LogReceiver
	config   Config
	location *time.Location
	joiner   *logline.Joiner
	dropped  *metrics.Counter
	long     *metrics.Counter
	empty    *metrics.Counter
}

// NewServer returns a server. It starts nothing; see Run. An error is that of a
// setting which Config.Validate refuses.
func NewServer(o ingest.LogOptions, c Config) (*Server, error) {
	location, err := c.location()
	if err != nil {
		return nil, fmt.Errorf("syslog.time_zone: %w", err)
	}
	return &Server{
		LogReceiver: ingest.NewLogReceiver("syslog", o), config: c, location: location, joiner: logline.NewJoiner(),
		dropped: o.Metrics.NewCounter(`tocsin_syslog_dropped_packets_total`),
		long:    o.Metrics.NewCounter(`tocsin_syslog_cut_messages_total`),
		empty:   o.Metrics.NewCounter(`tocsin_syslog_empty_messages_total`),
	}, nil
}

// Listeners are what a server listens on; nil ones are not served. TLS is that of a
// listener which does the handshake when it is read from, such as that of tls.NewListener.
type Listeners struct {
	Packets net.PacketConn
	Streams net.Listener
	TLS     net.Listener
}

// Run reads datagrams and connections until ctx ends, and stores what came. It closes the
// listeners and returns when all is over; an error is that of a listener.
func (s *Server) Run(ctx context.Context, l Listeners) error {
	// What was read is stored although no more is to be read.
	storing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		<-ctx.Done()
		late := time.AfterFunc(flushWithin, stop)
		context.AfterFunc(storing, func() { late.Stop() })
		var err error
		for _, c := range l.closers() {
			err = errors.Join(err, c())
		}
		return err
	})
	if l.Packets != nil {
		packets := make(chan packet, waiting)
		g.Go(func() error {
			defer close(packets)
			return s.readPackets(ctx, l.Packets, packets)
		})
		g.Go(func() error {
			s.storePackets(storing, packets)
			return nil
		})
	}
	for _, streams := range []net.Listener{l.Streams, l.TLS} {
		if streams != nil {
			g.Go(func() error { return s.accept(ctx, storing, streams) })
		}
	}
	g.Go(func() error {
		s.letGo(ctx, storing)
		return nil
	})
	err := g.Wait()
	s.Due(storing, s.joiner, "syslog", s.Now(), true)
	return err
}

func (l Listeners) closers() (all []func() error) {
	if l.Packets != nil {
		all = append(all, l.Packets.Close)
	}
	if l.Streams != nil {
		all = append(all, l.Streams.Close)
	}
	if l.TLS != nil {
		all = append(all, l.TLS.Close)
	}
	return all
}

// letGo stores what has been held back for a second.
func (s *Server) letGo(ctx, storing context.Context) {
	tick := time.NewTicker(dueEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.Due(storing, s.joiner, "syslog", s.Now(), false)
		}
	}
}

// packet is a datagram and whom it is from.
type packet struct {
	bytes []byte
	from  string
}

// readPackets reads datagrams as fast as they come. Those for which there is no room are
// counted.
func (s *Server) readPackets(ctx context.Context, c net.PacketConn, to chan<- packet) error {
	return ingest.ReadPackets(ctx, c, "syslog datagrams", func(b []byte, from net.Addr) {
		select {
		case to <- packet{bytes: bytes.Clone(b), from: ingest.Host(from.String())}:
		default:
			s.dropped.Inc()
		}
	})
}

// storePackets stores datagrams as they come, many at a time when many wait.
func (s *Server) storePackets(ctx context.Context, from <-chan packet) {
	d := &Decoder{Location: s.location}
	batch := make([]packet, 0, atOnce)
	for first := range from {
		batch = append(batch[:0], first)
		size := len(first.bytes)
	more:
		for len(batch) < atOnce {
			select {
			case p, ok := <-from:
				if !ok {
					break more
				}
				batch = append(batch, p)
				size += len(p.bytes)
			default:
				break more
			}
		}
		s.guarded("datagrams", func() {
			s.take(ctx, "syslog", size, func(sheet *logline.Sheet, now time.Time) {
				for _, p := range batch {
					s.decode(d, sheet, p.bytes, now, p.from)
				}
			})
		})
		clear(batch)
	}
}

// decode writes one message on a sheet.
func (s *Server) decode(d *Decoder, sheet *logline.Sheet, message []byte, now time.Time, from string) {
	if !d.Decode(sheet, message, now, []byte(from)) {
		s.empty.Inc()
	}
}

// take stores messages. It waits until they are stored, which holds their sender back.
func (s *Server) take(ctx context.Context, source string, size int, decode func(sheet *logline.Sheet, now time.Time)) {
	s.Took(size, size)
	now := s.Now()
	s.Timed(func() {
		s.Take(ctx, ingest.LogTake{Source: source, Joiner: s.joiner, Patient: true, Decode: func(sheet *logline.Sheet) { decode(sheet, now) }})
	})
}

// guarded runs a part of the work; a panic is logged and costs that part alone.
func (s *Server) guarded(from string, work func()) {
	defer func() {
		if p := recover(); p != nil {
			s.Recovered(p, from)
		}
	}()
	work()
}

func (s *Server) accept(ctx, storing context.Context, l net.Listener) error {
	return ingest.Accept(ctx, l, "syslog connections", func(c net.Conn) {
		s.guarded(c.RemoteAddr().String(), func() { s.read(ctx, storing, c) })
	})
}

// read takes the messages of a connection until it ends or has been silent for too
// long.
func (s *Server) read(ctx, storing context.Context, c net.Conn) {
	// The end stops the reading; what was read is still stored.
	defer context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })()
	from := ingest.Host(c.RemoteAddr().String())
	var b ingest.Body
	defer s.Release(&b)
	f := newFramer(c, int(s.LogReceiver.Config().Logs.MaxLine), func(n int) error {
		if refusal := s.Reserve(&b, int64(n)); refusal != nil {
			return errors.New(refusal.Text)
		}
		return nil
	})
	d := &Decoder{Location: s.location}
	for {
		if c.SetReadDeadline(time.Now().Add(s.config.IdleTimeout.Std())) != nil {
			return
		}
		if ctx.Err() != nil {
			return
		}
		had := f.w - f.r
		err := f.fill()
		if err != nil && f.w == 0 && ctx.Err() == nil && had == 0 && isHandshake(err) {
			s.Warn(fmt.Sprintf("TLS handshake: %s", err), from)
		}
		s.messages(storing, f, d, from)
		if err != nil {
			return
		}
	}
}

// messages stores all whole messages that were read.
func (s *Server) messages(ctx context.Context, f *framer, d *Decoder, from string) {
	first, err := f.next()
	if err != nil {
		return
	}
	size := len(first)
	s.take(ctx, from, f.w-f.r+size, func(sheet *logline.Sheet, now time.Time) {
		for m := first; err == nil; m, err = f.next() {
			s.decode(d, sheet, m, now, from)
		}
	})
	if f.long > 0 {
		s.long.Add(f.long)
		f.long = 0
	}
}
