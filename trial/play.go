package trial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

// defaultChannel hears of what no alert routes elsewhere, when the file
// configures no channels.
const defaultChannel = "default"

// century is how long the samples of a test stay in memory: its store makes no
// blocks, which would take longer than the test.
const century = 100 * 365 * 24 * time.Hour

// player plays one group.
type player struct {
	file  *File
	group *Group
	log   *slog.Logger
	dir   string
	plain bool
	debug io.Writer // nil: nobody asks

	cfg    config.Config
	set    rules.RuleSet
	names  []string // of channels
	start  time.Time
	step   time.Duration
	end    time.Duration
	now    time.Duration
	core   *app.Core // nil while the daemon is down
	book   *book
	feeds  []*feed
	exact  exact
	expect []*expectation
}

// play runs the group in the empty folder dir and returns what did not hold.
func (p *player) play(ctx context.Context) (failed []string, err error) {
	if err := p.prepare(); err != nil {
		return nil, err
	}
	if p.core, err = p.open(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if p.core != nil {
			err = errors.Join(err, p.core.Close(ctx, p.time(p.now)))
		}
	}()
	changes := slices.Clone(p.group.Changes)
	slices.SortStableFunc(changes, func(x, y Change) int { return int(x.At - y.At) })
	for ; p.now <= p.end; p.now += p.step {
		p.book.move(p.now)
		if err := p.turn(ctx); err != nil {
			return nil, err
		}
		if err := p.receive(ctx); err != nil {
			return nil, err
		}
		for len(changes) > 0 && changes[0].At.std() <= p.now && p.core != nil {
			if err := p.change(ctx, changes[0]); err != nil {
				return nil, err
			}
			changes = changes[1:]
		}
		if p.core != nil {
			if err := p.advance(ctx); err != nil {
				return append(p.exact.failed, err.Error()), nil
			}
		}
		if err := p.look(ctx); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if p.core == nil {
		if p.core, err = p.open(ctx); err != nil {
			return nil, err
		}
	}
	p.exact.queries(ctx, p)
	p.dump(ctx)
	failed = p.exact.failed
	for _, e := range p.expect {
		failed = append(failed, e.verdict()...)
	}
	return append(failed, p.group.messages(p.book.all(), p.end)...), nil
}

func (p *player) time(off time.Duration) time.Time { return p.start.Add(off) }

// turn stops or starts the daemon where a gap of its own begins or ends.
func (p *player) turn(ctx context.Context) (err error) {
	down, _ := p.down(p.now)
	switch {
	case down && p.core != nil:
		err = p.core.Close(ctx, p.time(p.now))
		p.core = nil
	case !down && p.core == nil:
		p.core, err = p.open(ctx)
	}
	return err
}

// down reports whether the daemon is down at an offset, and whether what is sent
// meanwhile is delivered later.
func (p *player) down(off time.Duration) (down, late bool) {
	for _, g := range p.group.Gaps {
		if g.Tocsin && off >= g.From.std() && off < g.To.std() {
			return true, g.Late
		}
	}
	return false, false
}

// receive gives the core what was sent since the last step. While the daemon is
// down it is lost, or kept for later.
func (p *player) receive(ctx context.Context) error {
	down, late := p.down(p.now)
	if down && late {
		return nil
	}
	var app storage.AppenderV2
	if !down {
		app = p.core.Appendable().AppenderV2(ctx)
	}
	for _, f := range p.feeds {
		if err := f.until(app, p.start, p.now); err != nil {
			if app != nil {
				err = errors.Join(err, app.Rollback())
			}
			return fmt.Errorf("samples at %s: %w", span(p.now), err)
		}
	}
	if app == nil {
		return nil
	}
	if err := app.Commit(); err != nil {
		return fmt.Errorf("samples at %s: %w", span(p.now), err)
	}
	return nil
}

func (p *player) change(ctx context.Context, in Change) error {
	c := telemetry.Change{
		ID: in.ID, Kind: telemetry.ChangeKind(in.Kind), Service: in.Service, Environment: in.Environment,
		VersionFrom: in.VersionFrom, VersionTo: in.VersionTo, Status: telemetry.ChangeStatus(in.Status),
		Author: in.Author, Summary: in.Summary, Started: p.time(in.At.std()),
	}
	switch c.Status {
	case telemetry.StatusSucceeded, telemetry.StatusFailed, telemetry.StatusRolledBack:
		c.Finished = c.Started
	}
	if _, _, err := p.core.RecordChange(ctx, c, p.time(p.now)); err != nil {
		return fmt.Errorf("change of %s at %s: %w", in.Service, in.At, err)
	}
	return nil
}

// prepare reads the rules and makes configuration, series and expectations.
func (p *player) prepare() (err error) {
	p.plain = p.file.plain(p.group)
	p.step, p.end = p.file.EvaluationInterval.std(), p.group.end()
	if p.end/p.step > maxSteps {
		return fmt.Errorf("the test lasts %s in steps of %s; want at most %d steps", p.end, p.step, maxSteps)
	}
	if p.start = p.group.StartTimestamp.Time; p.start.IsZero() {
		p.start = time.Unix(0, 0).UTC()
	}
	p.cfg = config.Default()
	p.cfg.Rules.Interval = yamldoc.Duration(max(p.step, time.Second).Truncate(time.Millisecond))
	p.cfg.Rules.RateWindow = max(p.cfg.Rules.RateWindow, 4*p.cfg.Rules.Interval)
	p.cfg.Storage.Retention = yamldoc.Duration(math.MaxInt64)
	p.cfg.Notify.Channels = nil
	if at := p.file.Config.at; at.Kind() != yamldoc.Nothing {
		if errs := at.Decode(&p.cfg); len(errs) > 0 {
			return errs
		}
	}
	p.cfg.Rules.AlertFiles, p.cfg.Rules.RuleFiles, p.cfg.Rules.SignalFiles = p.file.AlertFiles, p.file.RuleFiles, p.file.SignalFiles
	if p.set, err = rules.ReadRuleSet(p.cfg.Rules, ""); err != nil {
		return err
	}
	p.arrange()
	p.channels()
	if err := p.valid(); err != nil {
		return err
	}
	if p.feeds, err = p.group.feeds(p.start); err != nil {
		return err
	}
	p.book = new(book)
	p.exact = newExact(p.file, p.group)
	p.expect = expectations(p.group, p.end)
	return nil
}

// arrange makes every group due at every step, as promtool does, and leaves the
// signals out of a group that does not know them.
func (p *player) arrange() {
	p.set.Order = p.file.GroupEvalOrder
	for i, f := range p.set.Files {
		p.set.Files[i] = f.WithInterval(p.step)
	}
	if p.plain {
		p.set.Catalogue = p.set.Catalogue.Only(func(string) bool { return false })
	}
}

// channels gives every channel that is configured, or that an alert names, to the
// recorder.
func (p *player) channels() {
	for _, c := range p.cfg.Notify.Channels {
		p.names = append(p.names, c.Name)
	}
	if len(p.names) > 0 {
		return
	}
	p.names = []string{defaultChannel}
	for _, f := range p.set.Alerts {
		for _, r := range f.Alerts {
			for _, name := range r.Channels {
				if !slices.Contains(p.names, name) {
					p.names = append(p.names, name)
				}
			}
		}
	}
	for _, name := range p.names { // the recorders of open take their places
		p.cfg.Notify.Channels = append(p.cfg.Notify.Channels, notify.ChannelConfig{Name: name, Console: &notify.ConsoleConfig{}})
	}
	p.cfg.Notify.Default = []string{defaultChannel}
}

// valid checks the configuration as a whole.
func (p *player) valid() error {
	var errs []error
	p.cfg.Validate(func(path, format string, args ...any) {
		errs = append(errs, fmt.Errorf("config: %s: "+format, append([]any{path}, args...)...))
	})
	return errors.Join(errs...)
}

// open starts a core on the folder.
func (p *player) open(ctx context.Context) (*app.Core, error) {
	channels := make([]notify.Channel, len(p.names))
	for i, name := range p.names {
		channels[i] = &recorder{name: name, book: p.book}
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, err
	}
	core, err := app.NewCore(ctx, app.CoreOptions{
		Config: p.cfg, RuleSet: p.set, Dir: p.dir, Channels: channels,
		Now: func() time.Time { return p.time(p.now) }, Logger: p.log,
		Virtual: app.Virtual{
			Rules: rules.Virtual{Origin: p.start, Fresh: p.now == 0, Exact: p.plain},
			Block: century, SubqueryStep: p.step, ExternalURL: p.group.ExternalURL, ExternalLabels: labels.FromMap(p.group.ExternalLabels),
		},
	})
	if err != nil {
		return nil, err
	}
	if err := core.Warm(ctx); err != nil {
		return nil, errors.Join(err, core.Close(ctx, p.time(p.now)))
	}
	return core, nil
}

// advance moves the core to now. A plain group looks at nothing but rules, and so
// nothing else is moved.
func (p *player) advance(ctx context.Context) error {
	if !p.plain {
		return p.core.Step(ctx, p.time(p.now))
	}
	_, err := p.core.Rules().EvalDue(ctx, p.time(p.now))
	return err
}

// look evaluates what is wanted at this step.
func (p *player) look(ctx context.Context) error {
	if p.core == nil {
		return nil
	}
	p.exact.alerts(p)
	looks := func(e *expectation) bool { return e.window.covers(p.now, p.step, p.end) }
	if !slices.ContainsFunc(p.expect, looks) {
		return nil
	}
	w, err := p.world(ctx)
	if err != nil {
		return err
	}
	for _, e := range p.expect {
		if looks(e) {
			e.note(w)
		}
	}
	return nil
}
