package rerun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/report/capture"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/store"
)

// Options of Run.
type Options struct {
	Capture capture.Capture
	Dir     string // an empty folder, which Run fills
	// Config and RuleSet take the place of those of the capture when Config is set.
	Config  *config.Config
	RuleSet rules.RuleSet
	// Set are settings laid over the configuration, as "incidents.resolve_after=1m".
	Set       []string
	Tolerance time.Duration // by which times may differ and still count as the same
	Logger    *slog.Logger
}

// century keeps all samples in memory, so that no block is made.
const century = 100 * 365 * 24 * time.Hour

// Bounds of a step.
const (
	minTick = time.Second
	maxTick = 15 * time.Second
)

// Run plays a capture and compares. It takes about as long as the core needs for the
// samples: seconds for an hour of a hundred series.
func Run(ctx context.Context, o Options) (Report, error) {
	p := &player{o: o, c: o.Capture}
	if err := p.prepare(); err != nil {
		return Report{}, err
	}
	if err := p.past(ctx); err != nil {
		return Report{}, err
	}
	if err := p.open(ctx); err != nil {
		return Report{}, err
	}
	rep, err := p.play(ctx)
	return rep, errors.Join(err, p.core.Close(ctx, p.now))
}

// player plays one capture.
type player struct {
	o    Options
	c    capture.Capture
	cfg  config.Config
	set  rules.RuleSet
	tick time.Duration
	now  time.Time
	core *app.Core
}

// prepare makes the configuration and the rules.
func (p *player) prepare() (err error) {
	p.now = p.c.Head.From
	if p.o.Config != nil {
		p.cfg, p.set = *p.o.Config, p.o.RuleSet
	} else if err := p.captured(); err != nil {
		return err
	}
	for _, s := range p.o.Set {
		text, err := assignment(s)
		if err != nil {
			return err
		}
		if errs := config.Overlay(&p.cfg, "--set "+s, []byte(text)); len(errs) > 0 {
			return errs
		}
	}
	p.cfg.Notify = config.Default().Notify
	p.cfg.Notify.Channels = nil
	for _, name := range p.channels() {
		p.cfg.Notify.Channels = append(p.cfg.Notify.Channels, notify.ChannelConfig{Name: name, Console: &notify.ConsoleConfig{}})
	}
	p.cfg.Notify.Default = []string{quiet}
	p.cfg.Storage.OutOfOrderWindow = config.Default().Storage.OutOfOrderWindow
	p.tick = min(max(p.cfg.Rules.Interval.Std(), minTick), maxTick)
	return nil
}

// captured lays the settings of the capture over the defaults and reads its rules.
func (p *player) captured() error {
	p.cfg = config.Default()
	if errs := config.Overlay(&p.cfg, "settings of the capture", []byte(p.c.Settings)); len(errs) > 0 {
		return errs
	}
	r := &p.cfg.Rules
	r.AlertFiles, r.RuleFiles, r.SignalFiles, r.SLOFiles = nil, nil, nil, nil
	for n, f := range p.c.Files {
		dir := filepath.Join(p.o.Dir, "rules")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("write rules of the capture: %w", err)
		}
		name := filepath.Join(dir, fmt.Sprintf("%s-%d.yml", f.Kind, n)) // never the name that the file gives
		if err := os.WriteFile(name, []byte(f.Text), 0o600); err != nil {
			return fmt.Errorf("write rules of the capture: %w", err)
		}
		list := map[capture.FileKind]*[]string{
			capture.FileAlerts: &r.AlertFiles, capture.FileRules: &r.RuleFiles, capture.FileSignals: &r.SignalFiles, capture.FileSLOs: &r.SLOFiles,
		}[f.Kind]
		*list = append(*list, name)
	}
	var err error
	if p.set, err = rules.ReadRuleSet(*r, ""); err != nil {
		return fmt.Errorf("rules of the capture:\n%w", err)
	}
	return nil
}

// past writes the history into the store that the core will find.
func (p *player) past(ctx context.Context) (err error) {
	dir := filepath.Join(p.o.Dir, "data", "tsdb")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: dir, Config: p.cfg.Storage, Logger: p.o.Logger, Block: century, Now: func() time.Time { return p.now }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, s := range p.c.Series {
		if !s.History {
			continue
		}
		a := db.AppenderV2(ctx)
		var ref storage.SeriesRef
		for _, x := range s.Samples {
			if ref, err = a.Append(ref, s.Labels, 0, x.T, x.V, nil, nil, storage.AppendV2Options{}); err != nil {
				return errors.Join(fmt.Errorf("write history of %s: %w", s.Labels, err), a.Rollback())
			}
		}
		if err := a.Commit(); err != nil {
			return fmt.Errorf("write history of %s: %w", s.Labels, err)
		}
	}
	return nil
}

// open starts the core and lets it learn from the history.
func (p *player) open(ctx context.Context) error {
	var channels []notify.Channel
	for _, name := range p.channels() {
		channels = append(channels, silent(name))
	}
	core, err := app.NewCore(ctx, app.CoreOptions{
		Config: p.cfg, RuleSet: p.set, Dir: filepath.Join(p.o.Dir, "data"), Channels: channels,
		Now: func() time.Time { return p.now }, Logger: p.o.Logger, Virtual: app.Virtual{Block: century},
	})
	if err != nil {
		return err
	}
	p.core = core
	if err := core.Warm(ctx); err != nil {
		return errors.Join(err, core.Close(ctx, p.now))
	}
	return nil
}
