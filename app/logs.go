package app

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/logs/watch"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	logsDir       = "logs" // in the data folder: all that is kept of logs
	templatesFile = "templates"
	watchFile     = "normal.json"
	// logsEvery is how often the counts of log lines become samples.
	logsEvery = time.Minute
)

// logLines is what is known of log lines: their templates, and what is normal of them.
type logLines struct {
	miner   *template.Miner
	journal *template.Journal
	watch   *watch.Watcher
	batch   telemetry.Batch
	written time.Time // when counts last became samples
}

// openLogs opens the templates and what was learnt of them.
func (c *Core) openLogs(o CoreOptions) error {
	dir := filepath.Join(o.Dir, logsDir)
	if err := ensureDir(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, templatesFile)
	miner, journal, leftOut, err := template.Open(path, o.Config.LogTemplates)
	if err != nil {
		return err
	}
	if leftOut > 0 {
		c.log.Warn("the end of the log templates was not whole and is left out; templates that it held come back with their next line", "file", path, "bytes", leftOut)
	}
	c.undo.add("close log templates", journal.Close)
	watcher, err := watch.New(o.Config.LogWatch, miner)
	if err != nil {
		return err
	}
	c.lines = &logLines{miner: miner, journal: journal, watch: watcher}
	o.Metrics.RegisterMetricsWriter(func(w io.Writer) {
		miner.WriteMetrics(w)
		watcher.WriteMetrics(w)
	})
	return c.watchKept().load(c.log, func(r io.Reader) error { return watcher.Load(r, o.Now().UnixNano()) })
}

// watchKept is what an earlier process learnt of log lines.
func (c *Core) watchKept() keepsake {
	return keepsake{filepath.Join(c.dir, logsDir, watchFile), "what is normal of log lines"}
}

// saveLogWatch writes what was learnt in place of the old.
func (c *Core) saveLogWatch() error { return c.watchKept().save(c.lines.watch.Save) }

// MineLog finds the template of a log line, writes it to m, and counts the line. It
// keeps neither given nor body; at is the time of the line in nanoseconds. It is safe
// for concurrent use, each caller with a Match of its own.
func (c *Core) MineLog(service string, sev telemetry.Severity, given, body []byte, at int64, m *template.Match) {
	c.mineLog(service, nil, sev, given, body, at, m)
}

// mineLog is as MineLog, for a line that was written in an environment.
func (c *Core) mineLog(service string, environment []byte, sev telemetry.Severity, given, body []byte, at int64, m *template.Match) {
	c.lines.miner.Mine(service, sev, given, body, at, m)
	c.lines.watch.Observe(service, environment, sev, m, at, body)
}

// LogTemplates returns the miner of log templates.
func (c *Core) LogTemplates() *template.Miner { return c.lines.miner }

// StepLogs judges the minutes of log lines that are over by event time t: what is odd
// goes into the anomaly log and the incident manager, and counts become samples, which
// the detector watches like any. One caller at a time.
func (c *Core) StepLogs(ctx context.Context, t time.Time) error {
	l := c.lines
	for _, f := range l.watch.Step(t) {
		o := c.mark(incident.FromLogs(f, f.Environment))
		if err := c.anomalies.Record(ctx, o, phaseOfLogs(f.Phase)); err != nil {
			return err
		}
		if err := c.incidents.Apply(ctx, c.excuse(ctx, o)); err != nil {
			return err
		}
	}
	if t.Sub(l.written) < logsEvery {
		return nil
	}
	l.written = t
	l.batch.Reset()
	l.batch.Source = "logs"
	l.watch.Series(&l.batch, t)
	if len(l.batch.Series) == 0 {
		return nil
	}
	res, err := c.writer.Write(ctx, &l.batch)
	if err != nil {
		return fmt.Errorf("store counts of log lines: %w", err)
	}
	if n := res.RefusedTotal(); n > 0 {
		c.log.Warn("some counts of log lines were refused", "refused", n, "first", res.Rejected[0].Message)
	}
	return nil
}

func phaseOfLogs(p watch.Phase) detector.Phase {
	switch p {
	case watch.Opened:
		return detector.PhaseOpened
	case watch.Closed:
		return detector.PhaseClosed
	}
	return detector.PhaseChanged
}

// newLines tells root cause which templates of a service are new.
type newLines struct{ watch *watch.Watcher }

// NewLines returns the templates that a service wrote for the first time from one time
// to another; see rca.Lines.
func (n newLines) NewLines(service string, from, to time.Time) ([]rca.Line, bool) {
	all, known := n.watch.NewSince(service, from, to)
	lines := make([]rca.Line, len(all))
	for i, f := range all {
		lines[i] = rca.Line{At: f.At, Text: f.Text, Severity: f.Severity}
	}
	return lines, known
}

// logsLoop keeps the journal of templates.
func (c *Core) logsLoop(ctx context.Context) error {
	c.lines.journal.Run(ctx, func(err error) {
		c.log.Error("log templates are not on disk; those of the last minutes would get their ids anew after a crash", "error", err)
	})
	return nil
}
