package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/trial/replay"
)

// backtestRules are the flags of a backtest of rules.
type backtestRules struct {
	Rules   []string `type:"path" placeholder:"FILE" help:"Instead of judging series, evaluate these files of rules over the past and say what would have paged; may be given several times."`
	Against []string `placeholder:"FILE" help:"Rules to compare with: files of rules, a tocsin.yml, or the address of a daemon or Prometheus that runs them. By default those of --config.file, if given."`
}

// runRules evaluates rules over a store or a server.
func (c *backtestCommand) runRules(ctx context.Context, s streams) error {
	o, err := c.rulesOptions(ctx, s)
	if err != nil {
		return err
	}
	defer o.Source.Close()
	meter := &meter{noun: "evaluations", unit: "minutes", all: int(o.To.Sub(o.From).Minutes())}
	o.Minutes, o.Evaluations = &meter.units, &meter.rows
	out, finish, err := c.output(s)
	if err != nil {
		return err
	}
	stop := meter.show(s.err)
	report, err := replay.Run(ctx, o)
	stop()
	buffer := bufio.NewWriterSize(out, 64<<10)
	if err == nil && c.Format == "jsonl" {
		err = journal.WriteJSON(buffer, report.Entries)
	} else if err == nil {
		err = report.WriteText(buffer)
	}
	if err := finish(errors.Join(err, buffer.Flush())); err != nil {
		return withDone(fmt.Errorf("backtest: %w", err), "what rules do is written at the end, so that nothing was")
	}
	_, err = fmt.Fprintln(s.err, report)
	return err
}

// rulesOptions reads the flags. The caller closes the source.
func (c *backtestCommand) rulesOptions(ctx context.Context, s streams) (o replay.Options, err error) {
	if len(c.Input) > 0 || (c.StoragePath != "") == (c.Prometheus != "") {
		return o, wrongUse(s, errors.New("backtest: --rules wants one of --storage.path and --prometheus"))
	}
	if len(c.Match) > 0 || c.Explain != "" || c.Budget != nil || c.Format == "csv" {
		return o, wrongUse(s, errors.New("backtest: --match, --explain, --budget and --format=csv do not go with --rules"))
	}
	o.Config = config.Default()
	if c.ConfigFile != "" {
		var running rules.RuleSet
		if o.Config, running, err = readConfigured(c.ConfigFile); err != nil {
			return o, fmt.Errorf("configuration:\n%w", err)
		}
		o.Running = &running
	}
	if o.Rules, err = readRuleFiles(o.Config.Rules, c.Rules); err != nil {
		return o, refused(s, err)
	}
	if len(c.Against) > 0 {
		running, err := c.against(ctx, s, o)
		if err != nil {
			return o, err
		}
		o.Running = &running
	}
	now := time.Now()
	w := span{from: now.Add(-defaultLookback), to: now}
	if w, err = w.read(now, c.From, c.To); err != nil {
		return o, wrongUse(s, fmt.Errorf("backtest: %w", err))
	}
	o.From, o.To = w.from.Truncate(time.Second), w.to.Truncate(time.Second)
	o.Logger = slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelError}))
	if c.Prometheus != "" {
		reader, err := c.reader(s, c.Prometheus)
		o.Source = replay.Remote{Reader: reader}
		return o, err
	}
	return o, c.openPast(ctx, &o)
}

// reachBack is how much before the beginning a store is opened: as far as rules may
// look from there.
const reachBack = 31 * 24 * time.Hour

func (c *backtestCommand) openPast(ctx context.Context, o *replay.Options) error {
	q, done, err := store.OpenReadOnly(c.StoragePath, o.From.Add(-reachBack).UnixMilli(), o.To.UnixMilli(), o.Logger)
	if err != nil {
		return err
	}
	o.Source = replay.Stored{Querier: q, Done: done}
	if o.Changes, err = readChanges(ctx, filepath.Join(c.StoragePath, "state.db"), o.From, o.To); err != nil {
		return errors.Join(err, done())
	}
	return nil
}

// readChanges reads the changes of a data folder; that of a Prometheus has none.
func readChanges(ctx context.Context, path string, from, to time.Time) ([]telemetry.Change, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	db, err := store.ReadState(ctx, path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	feed := change.NewFeed(db, change.Options{})
	var out []telemetry.Change
	for until := to; ; {
		page, err := feed.List(ctx, change.Filter{From: from, To: until, Limit: 1000})
		if err != nil {
			return nil, err
		}
		out = append(out, page...)
		if len(page) < 1000 {
			return out, nil
		}
		until = page[len(page)-1].Started
	}
}

// against reads the rules to compare with.
func (c *backtestCommand) against(ctx context.Context, s streams, o replay.Options) (rules.RuleSet, error) {
	first := c.Against[0]
	if strings.HasPrefix(first, "http://") || strings.HasPrefix(first, "https://") {
		if len(c.Against) > 1 {
			return rules.RuleSet{}, wrongUse(s, errors.New("backtest: --against takes one address, or files"))
		}
		reader, err := c.reader(s, first)
		if err != nil {
			return rules.RuleSet{}, err
		}
		defer reader.Close()
		return replay.Running(ctx, reader, o.Rules)
	}
	if _, err := rules.FileKind(first); err != nil && len(c.Against) == 1 {
		if _, set, cerr := readConfigured(first); cerr == nil {
			return set, nil
		}
	}
	set, err := readRuleFiles(o.Config.Rules, c.Against)
	if err != nil {
		return set, refused(s, err)
	}
	return set, nil
}
