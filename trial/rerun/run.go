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
	// ConfigFile is a configuration laid over the settings of the capture. If it names
	// any files of rules, they take the place of all that the capture has. "" for none.
	ConfigFile string
	// Set are settings laid over that, as "incidents.resolve_after=1m".
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

// prepare makes the configuration and the rules. Its errors are about what was given.
func (p *player) prepare() (err error) {
	p.now = p.c.Head.From
	p.cfg = config.Default()
	if errs := config.Overlay(&p.cfg, "settings of the capture", []byte(p.c.Settings)); len(errs) > 0 {
		return &InputError{errs}
	}
	r := &p.cfg.Rules
	r.AlertFiles, r.RuleFiles, r.SignalFiles, r.SLOFiles = nil, nil, nil, nil
	if p.o.ConfigFile != "" {
		text, err := os.ReadFile(p.o.ConfigFile)
		if err != nil {
			return &InputError{fmt.Errorf("read configuration: %w", err)}
		}
		if errs := config.Overlay(&p.cfg, p.o.ConfigFile, text); len(errs) > 0 {
			return &InputError{errs}
		}
	}
	for _, s := range p.o.Set {
		text, err := assignment(s)
		if err != nil {
			return &InputError{err}
		}
		if errs := config.Overlay(&p.cfg, "--set "+s, []byte(text)); len(errs) > 0 {
			return &InputError{errs}
		}
	}
	if len(r.AlertFiles)+len(r.RuleFiles)+len(r.SignalFiles)+len(r.SLOFiles) == 0 {
		if err := p.rules(); err != nil {
			return err
		}
	}
	if p.set, err = rules.ReadRuleSet(*r, filepath.Dir(p.o.ConfigFile)); err != nil {
		return &InputError{fmt.Errorf("rules:\n%w", err)}
	}
	p.cfg.Notify = config.Default().Notify
	p.cfg.Notify.Channels = nil
	for _, name := range p.channels() {
		p.cfg.Notify.Channels = append(p.cfg.Notify.Channels, notify.ChannelConfig{Name: name, Console: &notify.ConsoleConfig{}})
	}
	p.cfg.Notify.Default = []string{quiet}
	p.tick = min(max(r.Interval.Std(), minTick), maxTick)
	return nil
}

// InputError is about the capture or the settings, not about the run.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }

// rules writes the rule files of the capture and names them in the configuration.
func (p *player) rules() error {
	dir, err := filepath.Abs(filepath.Join(p.o.Dir, "rules"))
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	r := &p.cfg.Rules
	for n, f := range p.c.Files {
		name := filepath.Join(dir, fmt.Sprintf("%s-%d.yml", f.Kind, n)) // never the name that the file gives
		if err == nil {
			err = os.WriteFile(name, []byte(f.Text), 0o600)
		}
		list := map[capture.FileKind]*[]string{
			capture.FileAlerts: &r.AlertFiles, capture.FileRules: &r.RuleFiles, capture.FileSignals: &r.SignalFiles, capture.FileSLOs: &r.SLOFiles,
		}[f.Kind]
		*list = append(*list, name)
	}
	if err != nil {
		return fmt.Errorf("write rules of the capture: %w", err)
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
