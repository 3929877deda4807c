package app

import (
	"context"
	"crypto/tls"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/journald"
	"github.com/tocsinhq/tocsin/ingest/position"
	"github.com/tocsinhq/tocsin/ingest/syslog"
	"github.com/tocsinhq/tocsin/ingest/tail"
)

// logSources are the receivers of logs that do not come over HTTP; nil ones are not
// configured.
type logSources struct {
	syslog  *syslog.Server
	tail    *tail.Follower
	journal *journald.Follower
}

// newLogSources builds them over a sink of log records.
func (a *App) newLogSources(c *Core, o ingest.LogOptions) (*logSources, error) {
	cfg := a.loaded.config
	positions := position.NewStore(c.state)
	s := new(logSources)
	var err error
	if cfg.Syslog.Listens() {
		if s.syslog, err = syslog.NewServer(o, cfg.Syslog); err != nil {
			return nil, err
		}
	}
	if len(cfg.Tail.Files) > 0 {
		if s.tail, err = tail.New(o, cfg.Tail, positions); err != nil {
			return nil, err
		}
	}
	if cfg.Journal.Follow {
		s.journal = journald.NewFollower(o, cfg.Journal, positions)
	}
	return s, nil
}

// listenSyslog binds the addresses of syslog.
func (a *App) listenSyslog() (err error) {
	c := a.loaded.config.Syslog
	if c.UDPListenAddress != "" {
		if a.syslog.Packets, err = a.listenUDP("syslog.udp_listen_address", c.UDPListenAddress); err != nil {
			return err
		}
	}
	if c.TCPListenAddress != "" {
		if a.syslog.Streams, err = a.listen("syslog.tcp_listen_address", c.TCPListenAddress); err != nil {
			return err
		}
	}
	if c.TLSListenAddress != "" {
		secure, err := syslog.TLSConfig(c)
		if err != nil {
			return err
		}
		l, err := a.listen("syslog.tls_listen_address", c.TLSListenAddress)
		if err != nil {
			return err
		}
		a.syslog.TLS = tls.NewListener(l, secure)
	}
	return nil
}

// runLogSources starts them.
func (a *App) runLogSources(s *logSources, named func(name string, run func(context.Context) error)) {
	if s.syslog != nil {
		if l := a.syslog.Packets; l != nil {
			a.log.Info("listening for syslog by UDP", "address", l.LocalAddr().String())
		}
		if l := a.syslog.Streams; l != nil {
			a.log.Info("listening for syslog by TCP", "address", l.Addr().String())
		}
		if l := a.syslog.TLS; l != nil {
			a.log.Info("listening for syslog by TLS", "address", l.Addr().String())
		}
		named("syslog", func(ctx context.Context) error { return s.syslog.Run(ctx, a.syslog) })
	}
	if s.tail != nil {
		named("log files", s.tail.Run)
	}
	if s.journal != nil {
		named("journal", s.journal.Run)
	}
}
