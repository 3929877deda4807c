package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/tocsinhq/tocsin/app"
)

// daemonFlags are shared by every command that runs the daemon.
type daemonFlags struct {
	ConfigFile    string `name:"config.file" env:"TOCSIN_CONFIG_FILE" placeholder:"FILE" help:"Configuration file. Without it the embedded default is used."`
	ListenAddress string `name:"web.listen-address" env:"TOCSIN_WEB_LISTEN_ADDRESS" default:"127.0.0.1:9099" help:"Address for HTTP. Port 0 takes a free one."`
	StoragePath   string `name:"storage.path" env:"TOCSIN_STORAGE_PATH" default:"data" help:"Folder for all data. One daemon at a time."`
}

// logFlags choose how the daemon logs to standard error.
type logFlags struct {
	Level  string `name:"log.level" env:"TOCSIN_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"Least severe level that is logged."`
	Format string `name:"log.format" env:"TOCSIN_LOG_FORMAT" default:"logfmt" enum:"logfmt,json" help:"Form of log lines."`
}

// logger returns a logger that writes to w.
func (f logFlags) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.Level)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if f.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// memoryShare is the share of the container's or the machine's memory that the
// process may use; the rest is for the cache of files.
const memoryShare = 0.8

type serveCommand struct {
	daemonFlags
	logFlags
}

// Run starts the daemon and blocks until it has stopped in order.
func (c *serveCommand) Run(ctx context.Context, s streams) error {
	log := c.logger(s.err)
	// The collector must know the limit, or the kernel ends the process before it
	// has tried to free anything; and the store refuses new series below it.
	// GOMEMLIMIT goes before it.
	provider := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)
	if _, err := memlimit.Set(memlimit.WithRatio(memoryShare), memlimit.WithProvider(provider)); err != nil && !errors.Is(err, memlimit.ErrNoLimit) {
		log.Warn("memory limit of the container or the machine is not used; storage.limits.memory sets one", "error", err)
	}
	a, err := app.New(ctx, app.Options{
		ConfigFile:    c.ConfigFile,
		ListenAddress: c.ListenAddress,
		StoragePath:   c.StoragePath,
		Version:       Version,
		Logger:        log,
		Console:       s.out,
	})
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	stop := reloadOnHangup(a)
	defer stop()
	return a.Run(ctx)
}

// reloadOnHangup asks for a reload on every SIGHUP until stop is called.
func reloadOnHangup(a *app.App) (stop func()) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-hup:
				a.RequestReload()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(hup)
		close(done)
	}
}
