package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
)

type backtestCommand struct {
	Files []string `arg:"" optional:"" name:"file" type:"path" help:"CSV files, as with --input: what a shell makes of *.csv."`
	backtestSource
	backtestRules
	Output     string   `type:"path" placeholder:"FILE" help:"Where the rows go; standard output by default, or by -. A file is put in place when it is whole."`
	Format     string   `enum:",text,csv,jsonl" default:"" help:"Form of the rows: csv (the default) or jsonl; of what rules did: text (the default) or jsonl."`
	Budget     *float64 `placeholder:"NUMBER" help:"False alarms that the series of one service may raise in a week together; detector.budget of the configuration by default. A file is a service."`
	ConfigFile string   `name:"config.file" env:"TOCSIN_CONFIG_FILE" placeholder:"FILE" help:"Configuration file; its detector section is used and which labels name a service, and for rules everything that they depend on."`
	NoShare    bool     `name:"no-share" help:"Files only: let the service and its budget move nothing, so that scores can be held against a threshold of your own; those of go run ./bench detection are these."`
	Explain    string   `placeholder:"TIME" help:"Instead of rows, say why what was seen at this time was or was not anomalous."`
}

// Run judges the source and writes a row for each of its samples.
func (c *backtestCommand) Run(ctx context.Context, s streams) error {
	c.Input = append(c.Input, c.Files...)
	if c.NoShare && (len(c.Input) == 0 || c.Budget != nil) {
		return wrongUse(s, errors.New("backtest: --no-share goes with --input, and not with --budget, of which it spends none"))
	}
	if len(c.Rules) > 0 {
		return c.runRules(ctx, s)
	}
	if len(c.Against) > 0 || c.Format == "text" {
		return wrongUse(s, errors.New("backtest: --against and --format=text go with --rules"))
	}
	if c.Explain != "" && c.Format != "" {
		return wrongUse(s, errors.New("backtest: --format is about rows, of which --explain writes none"))
	}
	if err := c.checkSource(s); err != nil {
		return err
	}
	if err := c.checkOutput(); err != nil {
		return wrongUse(s, err)
	}
	settings, owner, err := c.detector(s)
	if err != nil {
		return err
	}
	meter := new(meter)
	j, err := c.open(s, meter)
	if err != nil {
		return err
	}
	defer j.close()
	format, explain, err := c.format(settings, j.columns)
	if err != nil {
		return wrongUse(s, err)
	}
	out, finish, err := c.output(s)
	if err != nil {
		return err
	}
	lines := &lineCounter{w: out}
	buffer := bufio.NewWriterSize(lines, 256<<10)
	stop := meter.show(s.err)
	report, err := j.run(ctx, judgement{detector: settings, noShare: c.NoShare, owner: owner, format: format, out: buffer, meter: meter})
	stop()
	if ferr := buffer.Flush(); err == nil {
		err = ferr
	}
	if err == nil && explain != nil {
		err = explain.Missed()
	}
	if err := finish(err); err != nil {
		return withDone(fmt.Errorf("backtest: %w", err), "%s", c.left(lines.n))
	}
	_, err = fmt.Fprintln(s.err, report)
	return err
}

// standardOutput tells whether rows go to standard output rather than a file.
func (c *backtestCommand) standardOutput() bool { return c.Output == "" || c.Output == backtest.Stdin }

// left says what there is of the output of a run that ended early.
func (c *backtestCommand) left(lines int) string {
	if have, err := os.Stat(c.Output); c.standardOutput() || err == nil && !have.Mode().IsRegular() {
		return fmt.Sprintf("%s written until then, the last one whole", telemetry.Counted(lines, "line was", "lines were"))
	} else if err == nil {
		return fmt.Sprintf("%s is as it was before", c.Output)
	}
	return fmt.Sprintf("%s was not written", c.Output)
}

// lineCounter counts the lines that are written through it.
type lineCounter struct {
	w io.Writer
	n int
}

// Write passes on what it counts.
func (l *lineCounter) Write(p []byte) (int, error) {
	n, err := l.w.Write(p)
	l.n += bytes.Count(p[:n], []byte{'\n'})
	return n, err
}

// judgement is by what, and whereto, a source is judged.
type judgement struct {
	detector detector.Config
	noShare  bool
	owner    topology.Owner
	format   backtest.Format
	out      io.Writer
	meter    *meter
}

// detector returns the detector's configuration and which service a series belongs to.
func (c *backtestCommand) detector(s streams) (detector.Config, topology.Owner, error) {
	settings, owner := detector.DefaultConfig(), topology.NewOwner(nil)
	if c.ConfigFile != "" {
		whole, errs := config.Load(c.ConfigFile)
		if err := errs.Err(); err != nil {
			return settings, owner, fmt.Errorf("configuration:\n%w", err)
		}
		settings, owner = whole.Detector, topology.NewOwner(whole.Services.Labels)
	}
	if c.Budget == nil {
		return settings, owner, nil
	}
	settings.Budget = *c.Budget
	var wrong error
	settings.Validate(func(path, format string, args ...any) {
		wrong = errors.Join(wrong, fmt.Errorf("--"+path+": "+format, args...))
	})
	if wrong != nil {
		return settings, owner, wrongUse(s, wrong)
	}
	return settings, owner, nil
}

// format returns what rows look like; the explanation is nil when rows are wanted.
func (c *backtestCommand) format(d detector.Config, columns backtest.Columns) (backtest.Format, *backtest.Explanation, error) {
	switch {
	case c.Explain != "":
		t, err := backtest.ParseTime(c.Explain)
		if err != nil {
			return nil, nil, fmt.Errorf("--explain: %w", err)
		}
		explain := backtest.Explain(t, d)
		return explain, explain, nil
	case c.Format == "jsonl":
		return backtest.JSONLines(columns), nil, nil
	}
	return backtest.CSV(columns), nil, nil
}

// checkOutput refuses rows that would take the place of what they are made from, as of
// *.csv in a folder that holds those of the run before.
func (c *backtestCommand) checkOutput() error {
	have, err := os.Stat(c.Output)
	if err != nil || !have.Mode().IsRegular() {
		return nil // there is nothing yet, or output says what is wrong
	}
	for _, path := range c.Input {
		if in, err := os.Stat(path); err == nil && os.SameFile(in, have) {
			return fmt.Errorf("backtest: --output: %s is an input, whose place the rows would take; want another name", c.Output)
		}
	}
	return nil
}

// output opens where rows go. finish ends it: with nil the file is put in place,
// with an error, which it returns, the file that was there stays.
func (c *backtestCommand) output(s streams) (w io.Writer, finish func(error) error, err error) {
	if c.standardOutput() {
		return s.out, func(err error) error { return err }, nil
	}
	if have, err := os.Stat(c.Output); err == nil && !have.Mode().IsRegular() { // a pipe, a terminal
		f, err := os.OpenFile(c.Output, os.O_WRONLY, 0)
		if err != nil {
			return nil, nil, fmt.Errorf("backtest: %w", err)
		}
		return f, func(err error) error { return errors.Join(err, f.Close()) }, nil
	}
	f, err := os.CreateTemp(filepath.Dir(c.Output), filepath.Base(c.Output)+".*")
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err // not the name that nobody gave
		}
		return nil, nil, fmt.Errorf("backtest: --output: no file can be made beside %s, where rows wait until they are whole: %w; want a folder that is there and may be written to", c.Output, err)
	}
	return f, func(err error) error {
		err = errors.Join(err, f.Close())
		if err == nil {
			err = errors.Join(os.Chmod(f.Name(), 0o644), os.Rename(f.Name(), c.Output))
		}
		if err != nil {
			os.Remove(f.Name())
		}
		return err
	}, nil
}

// wrongUse tells what is wrong with flags and leaves with ExitUsage.
func wrongUse(s streams, err error) error {
	fmt.Fprintln(s.err, "tocsin:", printableLines(err.Error()))
	return errExit(ExitUsage)
}
