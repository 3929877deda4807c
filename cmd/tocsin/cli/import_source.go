package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/tocsinhq/tocsin/backfill"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store/remote"
)

type importText struct {
	importFlags
	Format string   `enum:"openmetrics,prometheus" default:"openmetrics" help:"OpenMetrics has times in seconds and ends with # EOF; the Prometheus text format has them in milliseconds."`
	Files  []string `arg:"" name:"file" help:"Files to read; - is standard input, and what ends in .gz is unpacked."`
}

// Run imports the files as one.
func (c *importText) Run(ctx context.Context, s streams) error {
	w, err := c.wanted(s, 0)
	if err != nil {
		return err
	}
	m := new(meter)
	for _, path := range c.Files {
		if have, err := os.Stat(path); err == nil {
			m.size.Add(have.Size())
		}
	}
	source := backfill.NewText(backfill.TextOptions{
		Paths: c.Files, Stdin: os.Stdin, Format: backfill.Format(c.Format), Newest: w.now.Add(clockMargin), Bytes: &m.read,
	})
	return c.run(ctx, s, source, w, m)
}

type importBlocks struct {
	importFlags
	Folder string `arg:"" type:"existingdir" help:"Data folder of Prometheus or of another daemon, which may be running, a folder of blocks, or one block."`
}

// Run imports a folder.
func (c *importBlocks) Run(ctx context.Context, s streams) (err error) {
	w, err := c.wanted(s, 0)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	source, err := backfill.OpenStored(c.Folder, w.now, log)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	return c.run(ctx, s, source, w, new(meter))
}

type importServer struct {
	importFlags
	Server  string `arg:"" help:"Its address, such as http://user:password@prometheus:9090."`
	Token   string `name:"prometheus.bearer-token" env:"TOCSIN_PROMETHEUS_BEARER_TOKEN" placeholder:"TOKEN" help:"Sent to the server as authorization."`
	CAFile  string `name:"prometheus.ca-file" type:"path" placeholder:"FILE" help:"Certificates to trust for the server, instead of the system's."`
	Timeout string `name:"prometheus.timeout" default:"5m" help:"Bound of each request to the server."`
	Step    string `name:"prometheus.step" default:"1m" help:"Distance of samples when the server gives nothing but query_range."`
}

// answerMost bounds one answer of a server: of two hours of all that is selected.
const answerMost = 2 << 30

// Run imports what a server has.
func (c *importServer) Run(ctx context.Context, s streams) (err error) {
	w, err := c.wanted(s, defaultLookback)
	if err != nil {
		return err
	}
	settings := remote.DefaultConfig()
	settings.URL, settings.BearerToken, settings.TLS.CAFile, settings.MaxResponse = c.Server, yamldoc.Secret(c.Token), c.CAFile, answerMost
	var wrong error
	for _, x := range []struct {
		flag, text string
		to         *yamldoc.Duration
	}{{"timeout", c.Timeout, &settings.Timeout}, {"step", c.Step, &settings.Step}} {
		d, err := yamldoc.ParseDuration(x.text)
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("--prometheus.%s: %w", x.flag, err))
			continue
		}
		*x.to = d
	}
	settings.Validate(func(path, format string, args ...any) {
		wrong = errors.Join(wrong, fmt.Errorf(path+": "+format, args...))
	})
	if wrong != nil {
		return wrongUse(s, fmt.Errorf("import: %w", wrong))
	}
	reader, err := remote.NewReader(settings)
	if err != nil {
		return err
	}
	source := backfill.NewServer(reader, w.span.from.Truncate(time.Millisecond), w.span.to)
	defer func() { err = errors.Join(err, source.Close()) }()
	return c.run(ctx, s, source, w, new(meter))
}
