package replay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Options say which rules to run over what.
type Options struct {
	Rules    rules.RuleSet
	Running  *rules.RuleSet // to compare with; nil is nothing
	Config   config.Config  // everything but rules and notify is of the rules' surroundings
	Source   Source         // stays open
	Changes  []telemetry.Change
	From, To time.Time
	Dir      string // where folders for what rules record are made; empty is the system's
	Logger   *slog.Logger

	Minutes     *atomic.Int64 // is set to how many minutes of the past are done; nil: nobody asks
	Evaluations *atomic.Int64 // likewise rules evaluated
}

// retention of what rules record: all of the replay.
const retention = 10 * 365 * 24 * time.Hour

// lane is one set of rules on its way through the past.
type lane struct {
	past    *Window
	history *app.History
	tracker *journal.Tracker
	entries []journal.Entry
	next    time.Time
	evals   int64
	failed  failures
}

// Run evaluates the rules from From to To. The error is for what keeps it from
// going on; rules that failed are in the report.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if !o.From.Before(o.To) {
		return nil, fmt.Errorf("backtest: want a beginning before the end, got %s and %s", stamp(o.From), stamp(o.To))
	}
	dir, err := os.MkdirTemp(o.Dir, "tocsin-backtest-")
	if err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	window := NewWindow(o.Source, o.To)
	sets := []rules.RuleSet{o.Rules}
	if o.Running != nil {
		sets = append(sets, *o.Running)
	}
	lanes := make([]*lane, 0, len(sets))
	defer func() {
		for _, l := range lanes {
			err = errors.Join(err, l.history.Close())
		}
	}()
	for i, set := range sets {
		l, err := o.lane(ctx, set, window, filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			return nil, err
		}
		lanes = append(lanes, l)
	}
	began := time.Now()
	if err := o.walk(ctx, lanes); err != nil {
		return nil, err
	}
	return o.report(lanes, window, time.Since(began)), nil
}

func (o Options) lane(ctx context.Context, set rules.RuleSet, past *Window, dir string) (*lane, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	cfg := o.Config
	cfg.Storage.Retention = yamldoc.Duration(retention)
	l := &lane{past: past, tracker: journal.NewTracker(nil), failed: failures{}}
	var err error
	l.history, err = app.NewHistory(ctx, app.HistoryOptions{
		Config: cfg, RuleSet: set.Lean(), Past: past, Dir: dir, Logger: o.Logger,
		Notify: func(_ context.Context, alerts []rules.Alert) {
			l.entries = append(l.entries, l.tracker.Take(alerts)...)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	return l, nil
}

// walk moves all lanes from the beginning to the end, together, so that they read
// the same part of the past.
func (o Options) walk(ctx context.Context, lanes []*lane) error {
	changes := slices.Clone(o.Changes)
	slices.SortStableFunc(changes, func(a, b telemetry.Change) int { return known(a).Compare(known(b)) })
	changes = slices.DeleteFunc(changes, func(c telemetry.Change) bool { return known(c).Before(o.From) })
	for now := o.From; !now.After(o.To); {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for len(changes) > 0 && !known(changes[0]).After(now) {
			for _, l := range lanes {
				l.history.Change(ctx, changes[0], known(changes[0]))
			}
			changes = changes[1:]
		}
		next := o.To.Add(time.Nanosecond)
		for _, l := range lanes {
			if !l.next.After(now) {
				if err := l.step(ctx, now); err != nil {
					return err
				}
				if o.Evaluations != nil {
					o.Evaluations.Add(int64(l.history.Rules()))
				}
			}
			if l.next.Before(next) {
				next = l.next
			}
		}
		if len(changes) > 0 && known(changes[0]).Before(next) {
			next = known(changes[0])
		}
		now = next
		if o.Minutes != nil {
			o.Minutes.Store(int64(now.Sub(o.From).Minutes()))
		}
	}
	return nil
}

// step evaluates what is due in a lane. Failures of rules are noted; those of the
// source end the run, because everything after them would be a guess.
func (l *lane) step(ctx context.Context, now time.Time) error {
	next, err := l.history.Eval(ctx, now)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if lost := l.past.failed(); lost != nil {
		return fmt.Errorf("backtest: at %s: %w", stamp(now), lost)
	}
	if err != nil {
		l.failed.note(err, now)
	}
	l.evals += int64(l.history.Rules())
	if !next.After(now) {
		next = now.Add(time.Second)
	}
	l.next = next
	return nil
}

// known returns when a change was known in the state in which it is stored.
func known(c telemetry.Change) time.Time {
	if c.Finished.After(c.Received) {
		return c.Finished
	}
	return c.Received
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
