package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/changes"
	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/ingest/push"
	"github.com/tocsinhq/tocsin/ingest/statsd"
	"github.com/tocsinhq/tocsin/web"
)

// receivers are what takes samples and logs in. They live as long as the process and share
// the memory for bodies.
type receivers struct {
	write http.Handler
	otlp  *otlp.Service
	push  http.Handler
	spans *otlp.TraceService
	stats *statsd.Server
	logs  *logWays    // nil: there is nowhere to keep logs
	files *logSources // likewise

	changes *changes.Handler // of change webhooks
}

// newReceivers builds them over the writer of an open core.
func (a *App) newReceivers(c *Core) (receivers, error) {
	cfg := a.loaded.config
	o := ingest.Options{
		Sink: c.writer, Config: cfg.Ingest, Logger: a.log.With("component", "ingest"), Metrics: a.set, Now: c.now,
		Memory: new(ingest.Memory),
	}
	limits := cfg.Storage.Limits
	r := receivers{
		write: ingest.NewHandler(o),
		otlp: otlp.NewService(otlp.Options{
			Options: o, Names: cfg.OTLP,
			Limits: otlp.Limits{LabelValueBytes: limits.MaxLabelValueBytes, Labels: limits.MaxLabels},
		}),
		push: push.NewHandler(o),

		spans: otlp.NewTraceService(o, c.graphs),
	}
	r.changes = a.newChangeHooks(c, o)
	if c.logSink != nil {
		logs := ingest.LogOptions{Options: o, Logs: c.logSink}
		r.logs = newLogWays(logs)
		var err error
		if r.files, err = a.newLogSources(c, logs); err != nil {
			return r, err
		}
	}
	if a.statsd.packets != nil {
		r.stats = statsd.NewServer(o, cfg.Statsd)
	}
	return r, nil
}

// statsdListeners are those of statsd, nil when it is not served.
type statsdListeners struct {
	packets net.PacketConn
	streams net.Listener
}

// listen binds the address of a receiver with a listener of its own; the server that
// is named closes it.
func (a *App) listen(setting, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another %s, or leave it empty", address, err, setting)
	}
	a.undo.add("close listener of "+setting, func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return web.LimitListener(l, a.loaded.config.Web.MaxConnections), nil
}

// listenReceivers binds the addresses of the receivers that have one, so that a start
// fails at once when one is taken. Who connects before the stores are open waits.
func (a *App) listenReceivers() (err error) {
	if address := a.loaded.config.OTLP.GRPCListenAddress; address != "" {
		if a.grpc, err = a.listen("otlp.grpc_listen_address", address); err != nil {
			return err
		}
	}
	if address := a.loaded.config.Statsd.ListenAddress; address != "" {
		if err := a.listenStatsd(address); err != nil {
			return err
		}
	}
	return a.listenSyslog()
}

// listenStatsd binds one port for both transports.
func (a *App) listenStatsd(address string) (err error) {
	const setting = "statsd.listen_address"
	if a.statsd.streams, err = a.listen(setting, address); err != nil {
		return err
	}
	a.statsd.packets, err = a.listenUDP(setting, a.statsd.streams.Addr().String())
	return err
}

// listenUDP binds the address of a receiver of datagrams; the server that is named
// closes it.
func (a *App) listenUDP(setting, address string) (net.PacketConn, error) {
	udp, err := net.ListenPacket("udp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s by UDP: %w; choose another %s, or leave it empty", address, err, setting)
	}
	a.undo.add("close UDP of "+setting, func() error {
		if err := udp.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return udp, nil
}

// runReceivers starts the receivers that have a listener of their own.
func (a *App) runReceivers(named func(name string, run func(context.Context) error)) {
	if a.grpc != nil {
		a.log.Info("listening for OTLP by gRPC", "address", a.grpc.Addr().String())
		var logs *otlp.LogService
		if ways := a.server.receivers.logs; ways != nil {
			logs = ways.otlp
		}
		named("OTLP by gRPC", func(ctx context.Context) error {
			return otlp.NewServer(a.server.receivers.otlp, logs, a.server.receivers.spans).Serve(ctx, a.grpc)
		})
	}
	if s := a.server.receivers.stats; s != nil {
		a.log.Info("listening for statsd by UDP and TCP", "address", a.statsd.packets.LocalAddr().String())
		named("statsd", func(ctx context.Context) error { return s.Run(ctx, a.statsd.packets, a.statsd.streams) })
	}
	if ways := a.server.receivers.logs; ways != nil {
		named("uploads of journals", ways.uploads.Run)
		a.runLogSources(a.server.receivers.files, named)
	}
}
