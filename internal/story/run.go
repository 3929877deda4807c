package story

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Pager is the channel that gets what no alert routes elsewhere.
const Pager = "pager"

// channelNames are the channels that every story has.
var channelNames = []string{Pager, "slack", "pagerduty", "email"}

// Run plays a script on a fresh folder and returns one line for each assertion
// that did not hold, each with file and line. The error is for stories that
// could not be played at all.
func Run(ctx context.Context, s *Script, dir string, log *slog.Logger) (failures []string, err error) {
	r := &runner{s: s, dir: filepath.Join(dir, "data0"), root: dir, log: log, book: &book{}, checks: newChecks(s)}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	if r.core, err = r.open(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if cerr := r.core.Close(ctx, r.time(s.End)); err == nil && cerr != nil {
			err = cerr
		}
	}()
	if err := r.play(ctx); err != nil {
		return nil, err
	}
	return r.checks.failures(r.book), nil
}

type runner struct {
	s      *Script
	root   string
	dir    string
	log    *slog.Logger
	cfg    config.Config
	core   *app.Core
	routes amfile.Document
	stages stage.Pipeline
	book   *book
	checks *checks
	now    time.Duration
	lives  int
}

func (r *runner) time(at time.Duration) time.Time { return r.s.Start.Add(at) }

// prepare writes the story's rule files and makes its configuration: the
// daemon's defaults, the story's channels, and on top what the script says.
func (r *runner) prepare() error {
	r.cfg = config.Default()
	r.cfg.Rules.AlertFiles, r.cfg.Rules.RuleFiles = nil, nil
	if r.s.Alerts != "" {
		path := filepath.Join(r.root, "alerts.yml")
		if err := os.WriteFile(path, []byte(r.s.Alerts), 0o600); err != nil {
			return err
		}
		r.cfg.Rules.AlertFiles = []string{path}
	}
	if r.s.Rules != "" {
		path := filepath.Join(r.root, "rules.yml")
		if err := os.WriteFile(path, []byte(r.s.Rules), 0o600); err != nil {
			return err
		}
		r.cfg.Rules.RuleFiles = []string{path}
	}
	if r.s.Routes != "" {
		conf, errs := amfile.Parse(r.s.File, []byte(r.s.Routes))
		if len(errs) > 0 {
			return errs
		}
		r.routes = amfile.Document{Config: conf, File: r.s.File, Text: []byte(r.s.Routes)}
	}
	if r.s.SLOs != "" {
		path := filepath.Join(r.root, "slos.yml")
		if err := os.WriteFile(path, []byte(r.s.SLOs), 0o600); err != nil {
			return err
		}
		r.cfg.Rules.SLOFiles = []string{path}
	}
	if err := r.readStages(); err != nil {
		return err
	}
	r.cfg.Notify.Channels = nil
	for _, name := range channelNames { // the recorders of open take their place
		r.cfg.Notify.Channels = append(r.cfg.Notify.Channels, notify.ChannelConfig{Name: name, Console: &notify.ConsoleConfig{}})
	}
	r.cfg.Notify.Default = []string{Pager}
	if errs := config.Overlay(&r.cfg, r.s.File, []byte(r.s.Config)); len(errs) > 0 {
		return errs
	}
	return nil
}

// open starts a core on the current folder.
func (r *runner) open(ctx context.Context) (*app.Core, error) {
	set, err := rules.ReadRuleSet(r.cfg.Rules, r.root)
	if err != nil {
		return nil, err
	}
	channels := make([]notify.Channel, len(channelNames))
	for i, name := range channelNames {
		channels[i] = &recorder{name: name, book: r.book, now: func() time.Time { return r.time(r.now) }}
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return nil, err
	}
	core, err := app.NewCore(ctx, app.CoreOptions{
		Config:   r.cfg,
		RuleSet:  set,
		Dir:      r.dir,
		Stages:   r.stages,
		Channels: channels,

		Alertmanager: r.routes,
		Receiver: func(c notify.Channel) notify.Channel {
			return &recorder{name: c.Name(), book: r.book, now: func() time.Time { return r.time(r.now) }}
		},
		Now:    func() time.Time { return r.time(r.now) },
		Logger: r.log,
	})
	if err != nil {
		return nil, err
	}
	if err := core.Warm(ctx); err != nil {
		return nil, errors.Join(err, core.Close(ctx, r.time(r.now)))
	}
	return core, nil
}

// play moves virtual time tick by tick: first what came in since the last tick,
// then the moments of the script, then the core's own step, then the assertions.
func (r *runner) play(ctx context.Context) error {
	ps := points(r.s)
	lines := logLines(r.s)
	actions := r.s.Actions
	var match template.Match
	var b telemetry.Batch
	for r.now = 0; r.now <= r.s.End; r.now += r.s.Tick {
		n := 0
		for n < len(ps) && ps[n].at <= r.now {
			n++
		}
		if n > 0 {
			batch(&b, r.s.Start, ps[:n])
			res, err := r.core.Write(ctx, &b)
			if err != nil {
				return fmt.Errorf("%s: write at %s: %w", r.s.File, r.now, err)
			}
			if res.RefusedTotal() > 0 {
				return fmt.Errorf("%s: write at %s: refused: %s", r.s.File, r.now, res.Rejected[0].Message)
			}
			ps = ps[n:]
		}
		for len(lines) > 0 && lines[0].at <= r.now {
			l := lines[0].from
			r.core.MineLog(l.Service, l.Severity, nil, []byte(lines[0].body), r.time(lines[0].at).UnixNano(), &match)
			lines = lines[1:]
		}
		for len(actions) > 0 && actions[0].At <= r.now {
			if err := r.act(ctx, actions[0]); err != nil {
				return fmt.Errorf("%s:%d: %w", r.s.File, actions[0].Line, err)
			}
			actions = actions[1:]
		}
		if err := r.core.Step(ctx, r.time(r.now)); err != nil {
			return fmt.Errorf("%s: step at %s: %w", r.s.File, r.now, err)
		}
		if err := r.checks.at(ctx, r.now, r.core, r.book); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) act(ctx context.Context, a Action) error {
	switch a.Kind {
	case ActionChange:
		return r.change(ctx, a)
	case ActionRestart:
		if err := r.core.Close(ctx, r.time(r.now)); err != nil {
			return err
		}
	case ActionCrash:
		if err := r.crash(ctx); err != nil {
			return err
		}
	case ActionAck, ActionResolve, ActionPerson:
		return r.person(ctx, a)
	case ActionSilence:
		return r.silence(ctx, a)
	case ActionAlert:
		return r.alert(ctx, a)
	case ActionExpected, ActionUnexpected, ActionFeedback, ActionRefit, ActionUndo:
		return r.taught(ctx, a)
	case ActionDown:
		return r.book.down(a, r.time(a.At))
	}
	var err error
	r.core, err = r.open(ctx)
	return err
}

// crash copies the folder as the disk holds it at this moment, and goes on with
// the copy: what a process that was killed would find. The old core is then
// stopped only to free its memory.
func (r *runner) crash(ctx context.Context) error {
	r.lives++
	next := filepath.Join(r.root, fmt.Sprintf("data%d", r.lives))
	if err := os.CopyFS(next, os.DirFS(r.dir)); err != nil {
		return fmt.Errorf("copy data folder: %w", err)
	}
	if err := r.core.Close(ctx, r.time(r.now)); err != nil {
		return err
	}
	r.dir = next
	return nil
}

func (r *runner) change(ctx context.Context, a Action) error {
	c := telemetry.Change{
		ID: a.Args["id"], Kind: telemetry.ChangeKind(a.Args["kind"]), Service: a.Args["service"],
		Environment: a.Args["environment"], VersionFrom: a.Args["version_from"], VersionTo: a.Args["version_to"],
		Status: telemetry.ChangeStatus(a.Args["status"]), Author: a.Args["author"], Summary: a.Args["summary"],
		Started: r.time(a.At),
	}
	switch c.Status {
	case telemetry.StatusSucceeded, telemetry.StatusFailed, telemetry.StatusRolledBack:
		c.Finished = c.Started
	}
	if err := told(&c, a.Args); err != nil {
		return err
	}
	_, _, err := r.core.RecordChange(ctx, c, r.time(r.now))
	return err
}

func (r *runner) person(ctx context.Context, a Action) error {
	id, err := r.active(ctx, a.Kind, a.Args["service"])
	if err != nil {
		return err
	}
	m, actor, note, at := r.core.Incidents(), a.Args["actor"], a.Args["note"], r.time(a.At)
	what := a.Args["does"]
	if a.Kind != ActionPerson {
		what = string(a.Kind)
	}
	switch what {
	case "ack":
		_, err = m.Ack(ctx, id, actor, note, at)
	case "resolve":
		_, err = m.Resolve(ctx, id, actor, note, at)
	case "mitigate":
		_, err = m.Mitigate(ctx, id, actor, note, at)
	case "close":
		_, err = m.Close(ctx, id, actor, note, at)
	case "false_positive":
		_, err = m.FalsePositive(ctx, id, actor, note, at)
	case "merge":
		var other string
		if other, err = r.active(ctx, a.Kind, a.Args["other"]); err == nil {
			_, err = m.Merge(ctx, id, other, actor, note, at)
		}
	case "split":
		_, err = m.Split(ctx, id, a.Args["key"], actor, note, at)
	default:
		err = fmt.Errorf("person: does: want mitigate, close, false_positive, merge or split, got %q", what)
	}
	return err
}

// active returns the id of the latest active incident of a service.
func (r *runner) active(ctx context.Context, kind ActionKind, service string) (string, error) {
	list, err := r.core.Incidents().List(ctx, incident.Filter{Service: service, States: incident.ActiveStates()})
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", fmt.Errorf("%s: no open incident of service %q", kind, service)
	}
	return list[0].ID, nil
}
