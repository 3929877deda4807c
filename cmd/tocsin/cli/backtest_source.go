package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/store/remote"
)

// defaultTimeColumn is the default of --time-column.
const defaultTimeColumn = "timestamp"

// backtestSource says what to judge: files, a store or a server.
type backtestSource struct {
	Input       []string `type:"path" sep:"none" placeholder:"FILE" help:"CSV file with a line of column names, also with semicolons or tabs, and by gzip; - is standard input; may be given several times."`
	TimeColumn  string   `name:"time-column" default:"timestamp" help:"Column of the times: Unix seconds or milliseconds, RFC 3339, or 2006-01-02 15:04:05 in UTC."`
	ValueColumn string   `name:"value-column" placeholder:"NAME" help:"Column of the values. By default value; if there is none, every column but the time and label, as the metrics of one service."`
	StoragePath string   `name:"storage.path" aliases:"store" type:"path" placeholder:"DIR" help:"Data folder of a daemon, which may be running, or of Prometheus; nothing in it is changed."`
	Prometheus  string   `placeholder:"URL" help:"Server that speaks Prometheus' API, such as http://user:password@prometheus:9090."`
	Token       string   `name:"prometheus.bearer-token" env:"TOCSIN_PROMETHEUS_BEARER_TOKEN" placeholder:"TOKEN" help:"Sent to the server as authorization."`
	CAFile      string   `name:"prometheus.ca-file" type:"path" placeholder:"FILE" help:"Certificates to trust for the server, instead of the system's."`
	Timeout     string   `name:"prometheus.timeout" default:"1m" help:"Bound of each request to the server."`
	Step        string   `name:"prometheus.step" default:"1m" help:"Distance of samples where a server has nothing but query_range; that of its scrapes is right."`
	Match       []string `sep:"none" placeholder:"SELECTOR" help:"Series of the store or server, such as '{job=\"api\"}'; may be given several times. Without it all."`
	From        string   `placeholder:"TIME" help:"First time of the store or server: a time, or how long ago, such as 30d. By default all of the store, and 14d of a server."`
	To          string   `placeholder:"TIME" help:"Last time, likewise; now by default."`
}

// checkSource tells what is wrong with the flags.
func (c *backtestSource) checkSource(s streams) error {
	named := 0
	for _, is := range [...]bool{len(c.Input) > 0, c.StoragePath != "", c.Prometheus != ""} {
		if is {
			named++
		}
	}
	switch {
	case named != 1:
		return wrongUse(s, errors.New("backtest: want one of --input, --storage.path and --prometheus"))
	case len(c.Input) > 0 && (len(c.Match) > 0 || c.From != "" || c.To != ""):
		return wrongUse(s, errors.New("backtest: --match, --from and --to go with --storage.path and --prometheus; of a file every line is judged"))
	case len(c.Input) == 0 && (c.ValueColumn != "" || c.TimeColumn != defaultTimeColumn):
		return wrongUse(s, errors.New("backtest: --time-column and --value-column go with --input"))
	}
	return nil
}

// opened is a source that is ready to be judged.
type opened struct {
	columns backtest.Columns // that its rows need
	run     func(context.Context, judgement) (backtest.Report, error)
	close   func() error
}

// open opens what the flags name. The meter is told how much there is.
func (c *backtestSource) open(s streams, m *meter) (opened, error) {
	if len(c.Input) > 0 {
		return c.openFiles(m)
	}
	span, err := c.span(time.Now())
	selectors, serr := backtest.Selectors(c.Match)
	if err := errors.Join(err, serr); err != nil {
		return opened{}, wrongUse(s, fmt.Errorf("backtest: %w", err))
	}
	read, done, err := c.openPast(s, span)
	if err != nil {
		return opened{}, err
	}
	run := func(ctx context.Context, j judgement) (backtest.Report, error) {
		return backtest.RunPast(ctx, backtest.PastOptions{
			Read: read, Selectors: selectors, From: span.from.UnixMilli(), To: span.to.UnixMilli(),
			Owner: j.owner.Service, Detector: j.detector, Format: j.format, Out: j.out, Workers: runtime.GOMAXPROCS(0),
			Rows: &j.meter.rows, Streams: &j.meter.units, Passed: &j.meter.read, Span: &j.meter.size,
		})
	}
	return opened{backtest.Columns{Series: true}, run, done}, nil
}

func (c *backtestSource) openFiles(m *meter) (opened, error) {
	files, err := backtest.NewCSV(backtest.CSVOptions{Paths: c.Input, Stdin: os.Stdin, TimeColumn: c.TimeColumn, ValueColumn: c.ValueColumn, Read: &m.read})
	if err != nil {
		return opened{}, err
	}
	for _, path := range c.Input {
		have, err := os.Stat(path)
		if path == backtest.Stdin {
			have, err = os.Stdin.Stat()
		}
		if err == nil && have.Mode().IsRegular() { // of a pipe nobody knows how much will come
			m.size.Add(have.Size())
		}
	}
	m.all, m.unit = len(c.Input), "files"
	run := func(ctx context.Context, j judgement) (backtest.Report, error) {
		return backtest.Run(ctx, backtest.Options{
			Source: files, Detector: j.detector, NoShare: j.noShare, Format: j.format, Out: j.out, Workers: runtime.GOMAXPROCS(0), Rows: &j.meter.rows, Units: &j.meter.units,
		})
	}
	return opened{backtest.Columns{Series: len(c.Input) > 1, Metric: files.SeveralMetrics()}, run, files.Close}, nil
}

// span is what of the history is wanted.
type span struct{ from, to time.Time }

// defaultLookback is how much of a server's history is judged.
const defaultLookback = 14 * 24 * time.Hour

func (c *backtestSource) span(now time.Time) (span, error) {
	s := span{from: time.UnixMilli(0), to: now}
	if c.Prometheus != "" {
		s.from = now.Add(-defaultLookback)
	}
	return s.read(now, c.From, c.To)
}

// read returns the span with what --from and --to say.
func (s span) read(now time.Time, from, to string) (span, error) {
	for _, x := range [...]struct {
		flag, text string
		to         *time.Time
	}{{"--from", from, &s.from}, {"--to", to, &s.to}} {
		if x.text == "" {
			continue
		}
		if d, err := yamldoc.ParseDuration(x.text); err == nil && d > 0 {
			*x.to = now.Add(-d.Std())
			continue
		}
		ms, err := backtest.ParseTime(x.text)
		if err != nil {
			return s, fmt.Errorf("%s: %w, or how long ago, such as 30d", x.flag, err)
		}
		*x.to = time.UnixMilli(ms)
	}
	if !s.from.Before(s.to) {
		return s, fmt.Errorf("want --from before --to, got %s and %s", s.from.UTC().Format(time.RFC3339), s.to.UTC().Format(time.RFC3339))
	}
	return s, nil
}

// openPast opens a store or a server; done closes it.
func (c *backtestSource) openPast(s streams, w span) (read backtest.Read, done func() error, err error) {
	if c.Prometheus != "" {
		reader, err := c.reader(s, c.Prometheus)
		if err != nil {
			return nil, nil, err
		}
		return backtest.Remote(reader), reader.Close, nil
	}
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	q, done, err := store.OpenReadOnly(c.StoragePath, w.from.UnixMilli(), w.to.UnixMilli(), log)
	if err != nil {
		return nil, nil, err
	}
	return backtest.Stored(q), done, nil
}

// reader returns a reader of a server, with the flags on how to be let in.
func (c *backtestSource) reader(s streams, address string) (*remote.Reader, error) {
	settings := remote.DefaultConfig()
	settings.URL, settings.BearerToken, settings.TLS.CAFile = address, yamldoc.Secret(c.Token), c.CAFile
	var wrong error
	for _, x := range [...]struct {
		flag, text string
		to         *yamldoc.Duration
	}{{"timeout", c.Timeout, &settings.Timeout}, {"step", c.Step, &settings.Step}} {
		d, err := yamldoc.ParseDuration(x.text)
		if err != nil { // what is there instead is none to judge
			wrong = errors.Join(wrong, fmt.Errorf("backtest: --prometheus.%s: %w", x.flag, err))
			continue
		}
		*x.to = d
	}
	if wrong != nil {
		return nil, wrongUse(s, wrong)
	}
	settings.Validate(func(path, format string, args ...any) {
		wrong = errors.Join(wrong, fmt.Errorf(path+": "+format, args...))
	})
	if wrong != nil {
		return nil, wrongUse(s, fmt.Errorf("backtest: %s: %w", address, wrong))
	}
	return remote.NewReader(settings)
}
