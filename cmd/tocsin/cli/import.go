package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/backfill"
	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/telemetry"
)

type importCommand struct {
	OpenMetrics importText   `cmd:"" name:"openmetrics" help:"Import files of OpenMetrics, or of the Prometheus text format, whose samples have times."`
	Blocks      importBlocks `cmd:"" help:"Import a data folder of Prometheus with its log, a folder of blocks, or one block."`
	Prometheus  importServer `cmd:"" help:"Import what a server has that speaks Prometheus' API: by remote read where it can, else by queries."`
}

// importFlags are those of every import.
type importFlags struct {
	StoragePath string            `name:"storage.path" env:"TOCSIN_STORAGE_PATH" default:"data" help:"Data folder that gets the history; its daemon may be running or not."`
	URL         string            `name:"url" env:"TOCSIN_URL" default:"http://127.0.0.1:9099" help:"Address of the daemon if it is running: it is told, and learns at once."`
	ConfigFile  string            `name:"config.file" env:"TOCSIN_CONFIG_FILE" placeholder:"FILE" help:"Configuration of a daemon that is not running; its retention is used."`
	Match       []string          `sep:"none" placeholder:"SELECTOR" help:"Series to import, such as '{job=\"api\"}'; may be given several times. Without it all."`
	Label       map[string]string `placeholder:"NAME=VALUE" help:"Label to put on every series, also over one that it has; may be given several times."`
	From        string            `placeholder:"TIME" help:"First time: a time, or how long ago, such as 30d. By default all that the retention keeps; 14d of a server."`
	To          string            `placeholder:"TIME" help:"Last time, likewise; now by default."`
	MaxBlock    horizonFlag       `name:"max-block-duration" default:"2h" help:"Widest range of time of one block: 2h, 6h, 18h and so on. Wider ones are fewer and take more memory to write."`
	DryRun      bool              `name:"dry-run" help:"Read all, say what would be imported, and write nothing."`
	Again       bool              `help:"Import also what the journal of the data folder says is done."`
	NoWait      bool              `name:"no-wait" help:"Do not wait until the running daemon has learned from it."`
}

// clockMargin is how much later than now a sample may be.
const clockMargin = 10 * time.Minute

// wanted is what the flags say, checked.
type wanted struct {
	now   time.Time
	span  span
	query backfill.Query
}

func (c *importFlags) wanted(s streams, begin time.Duration) (wanted, error) {
	w := wanted{now: time.Now()}
	w.span = span{from: time.UnixMilli(0), to: w.now.Add(clockMargin)}
	if begin > 0 {
		w.span = span{from: w.now.Add(-begin), to: w.now}
	}
	var err error
	if w.span, err = w.span.read(w.now, c.From, c.To); err == nil && len(c.Match) > 0 {
		w.query.Selectors, err = backtest.Selectors(c.Match)
	}
	for name := range c.Label {
		if !model.UTF8Validation.IsValidLabelName(name) || name == model.MetricNameLabel {
			err = errors.Join(err, fmt.Errorf("--label: want the name of a label, got %q", name))
		}
	}
	if err != nil {
		return w, wrongUse(s, fmt.Errorf("import: %w", err))
	}
	w.query.From, w.query.To = w.span.from.UnixMilli(), w.span.to.UnixMilli()
	return w, nil
}

// run imports from a source into the data folder and says what was done.
func (c *importFlags) run(ctx context.Context, s streams, source backfill.Source, w wanted, m *meter) (err error) {
	to, err := c.target(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.release()) }()
	m.noun, m.unit = "samples", "blocks of time"
	o := backfill.Options{
		Source: source, Query: w.query, Data: c.StoragePath, Labels: c.Label,
		Oldest: w.now.Add(-to.retention), Newest: w.now.Add(clockMargin), BlockWidth: backfill.BlockWidth(time.Duration(c.MaxBlock)),
		MinFree: to.minFree, DryRun: c.DryRun, Again: c.Again, Now: time.Now, Taken: &m.rows, Done: &m.units,
	}
	if first, last, ok := source.Span(); ok {
		m.unit = "days"
		first, last = max(first, w.query.From, o.Oldest.UnixMilli()), min(last, w.query.To)
		m.all = int(max(0, last-first)/(24*time.Hour).Milliseconds()) + 1
	}
	stop := m.show(s.err)
	report, err := backfill.Run(ctx, o)
	stop()
	if err != nil {
		done := "nothing was imported"
		if n := len(report.Blocks); n > 0 {
			done = telemetry.Counted(n, "block is", "blocks are") + " in the store already; the same command goes on from there"
			if ctx.Err() == nil {
				fmt.Fprintln(s.err, "tocsin:", done)
			}
		}
		return withDone(fmt.Errorf("import %s: %w", printable(source.Name()), err), "%s", done)
	}
	if err := c.tell(s.out, report, to); err != nil {
		return err
	}
	switch {
	case c.DryRun:
		return nil
	case !report.Any() && report.Known == 0:
		return errExit(ExitFailed)
	}
	return to.learn(ctx, s, len(report.Blocks) > 0, !c.NoWait)
}

// tell prints what was done, or would be.
func (c *importFlags) tell(w io.Writer, r backfill.Report, to target) error {
	day := func(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05") }
	verb := "imported"
	if c.DryRun {
		verb = "would import"
	}
	switch {
	case r.Ranges == 0 && r.Known > 0:
		fmt.Fprintln(w, "all of it was imported before; --again imports it anew")
		return nil
	case r.Any():
		fmt.Fprintf(w, "%s %s of %d series, %s to %s UTC, in %s of %s\n", verb, telemetry.Counted(r.Samples-r.Repeated-r.Conflicts, "sample", "samples"), r.Series, day(r.First), day(r.Last), telemetry.Counted(r.Ranges, "range", "ranges"), backfill.BlockWidth(time.Duration(c.MaxBlock)))
	default:
		fmt.Fprintln(w, "nothing to import")
	}
	if r.Histograms > 0 {
		fmt.Fprintf(w, "  %d of the samples are native histograms\n", r.Histograms)
	}
	if r.Known > 0 {
		fmt.Fprintf(w, "  %s\n", telemetry.Counted(r.Known, "part was imported before and is left as it is; --again imports it anew", "parts were imported before and are left as they are; --again imports them anew"))
	}
	expired := fmt.Sprintf("older than the retention of %s and would be deleted at once; storage.retention says more", model.Duration(to.retention))
	for _, x := range []struct {
		n         int64
		one, more string
	}{
		{r.Expired, "sample is " + expired, "samples are " + expired},
		{r.Outside, "sample lies outside of --from and --to", "samples lie outside of --from and --to"},
		{r.Future, "sample lies in the future", "samples lie in the future"},
		{r.Unmatched, "stretch of a series matches no --match", "stretches of series match no --match"},
		{r.Repeated, "sample came more than once", "samples came more than once"},
		{r.Conflicts, "sample has the time of another of its series and another value; the first stays", "samples have the time of another of their series and another value; the first stays"},
	} {
		if x.n > 0 {
			fmt.Fprintf(w, "  left out: %s\n", telemetry.Counted(x.n, x.one, x.more))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(r.Skipped)) {
		if r.Skipped[what] > 0 {
			fmt.Fprintf(w, "  left out: %d %s, which this way of import cannot take over\n", r.Skipped[what], what)
		}
	}
	if size := to.size; size > 0 {
		_, err := fmt.Fprintf(w, "  the data folder had %s before\n", telemetry.Figure(float64(size), telemetry.UnitBytes))
		return err
	}
	return nil
}
