package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/demo"
)

type demoCommand struct {
	ListenAddress string `name:"web.listen-address" env:"TOCSIN_WEB_LISTEN_ADDRESS" default:"127.0.0.1:9099" help:"Address for HTTP."`
	// The daemon's log would stand between the lines of the story.
	Level  string `name:"log.level" default:"error" enum:"debug,info,warn,error" help:"Least severe level of the daemon's log that is shown."`
	Format string `name:"log.format" default:"logfmt" enum:"logfmt,json" help:"Form of log lines."`
}

// Run starts the daemon on a folder of its own with a Slack stub beside it, plays
// the shop against it over HTTP as any sender would, and removes the folder at
// the end.
func (c *demoCommand) Run(ctx context.Context, s streams) error {
	dir, err := os.MkdirTemp("", "tocsin-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.RemoveAll(dir)
	stub := demo.NewSlackStub(s.out)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("demo: listen for the Slack stub: %w", err)
	}
	slack := &http.Server{Handler: stub, ReadHeaderTimeout: 5 * time.Second}
	defer slack.Close()
	file, err := demo.WriteConfig(dir, "http://"+l.Addr().String()+"/api/")
	if err != nil {
		l.Close()
		return err
	}
	a, err := app.New(ctx, app.Options{
		ConfigFile: file, ListenAddress: c.ListenAddress, StoragePath: filepath.Join(dir, "data"),
		Version: Version, Logger: logFlags{Level: c.Level, Format: c.Format}.logger(s.err), Console: s.out,
	})
	if err != nil {
		l.Close()
		return fmt.Errorf("demo: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := slack.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("slack stub: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		defer cancel() // nothing to show without a daemon
		return a.Run(gctx)
	})
	g.Go(func() error {
		defer slack.Close()
		defer cancel()
		return demo.Run(gctx, demo.RunOptions{URL: a.URL(), Out: s.out, Told: stub.Told(), Warm: a.WarmSignals})
	})
	return g.Wait()
}
