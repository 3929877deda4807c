package rca

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Changes is where a Ranker finds changes; *change.Feed is one.
type Changes interface {
	List(ctx context.Context, f change.Filter) ([]telemetry.Change, error)
}

// SeriesQuery asks for the signals of some services. Services is never empty.
type SeriesQuery struct {
	Services []string
	From, To time.Time // both inclusive
	Step     time.Duration
}

// SeriesSource is where a Ranker finds the signals of services. It must return
// when the context ends.
type SeriesSource interface {
	SignalSeries(ctx context.Context, q SeriesQuery) ([]Series, error)
}

// Lines is where a Ranker finds templates of log lines that a service wrote for the
// first time from one time to another, both inclusive. known is false if its lines
// had not been watched for long enough before for that to mean anything.
type Lines interface {
	NewLines(service string, from, to time.Time) (lines []Line, known bool)
}

// Options of a Ranker. Changes and Series are required.
type Options struct {
	Changes Changes
	Series  SeriesSource
	Lines   Lines // nil: nothing is known of log lines
	// Graph returns what depends on what around a service, the service included; nil:
	// nothing is known of it.
	Graph func(service string) Graph
	// Guards returns what is known of the guards of the changes, of which there are a
	// few dozen at most; nil: nothing is.
	Guards  func(ctx context.Context, changes []telemetry.Change) Guards
	Config  Config
	Logger  *slog.Logger     // nil: silent
	Metrics *metrics.Set     // nil: counted but shown nowhere
	Now     func() time.Time // measures how long a ranking takes; nil: time.Now
}

// Ranker gathers what Rank needs. It keeps nothing between calls and is safe for
// concurrent use.
type Ranker struct {
	o Options
	m rankerMetrics
}

// NewRanker returns a ranker, or an error that names the first setting that
// cannot work.
func NewRanker(o Options) (*Ranker, error) {
	var bad error
	o.Config.Validate(func(path, format string, args ...any) {
		if bad == nil {
			bad = fmt.Errorf("rca config: %s: "+format, append([]any{path}, args...)...)
		}
	})
	if bad != nil {
		return nil, bad
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = wallClock
	}
	return &Ranker{o: o, m: newRankerMetrics(o.Metrics)}, nil
}

// Query is what is to be explained: the service and onset of an incident, and
// the event time At up to which evidence counts.
type Query struct {
	Service     string
	Environment string
	Onset, At   time.Time
	Seen        time.Time // when the incident was opened; a change begun later is not its cause

	Fixes         []Fix // see Input
	TimeToResolve *Estimate
	Weights       Weights
}

const (
	historyDays    = 30 * 24 * time.Hour
	historyLimit   = 500 // changes of one service looked at for its record
	changesLimit   = 1000
	servicesLimit  = 50 // asked for series; the incident's first, then those that changed last
	longStep       = 5 * time.Minute
	longBeforeHead = 10 * time.Minute
)

// Rank gathers the changes and series around an onset and ranks them. Series that
// cannot be read within the deadline do not fail it: the ranking then says so in
// its effect terms. It fails when the changes cannot be read or ctx ends.
func (r *Ranker) Rank(ctx context.Context, q Query) (Ranking, error) {
	begun := r.o.Now() // what is decided depends on q alone
	defer func() { r.m.seconds.Update(r.o.Now().Sub(begun).Seconds()) }()
	c := r.o.Config
	changes, err := r.o.Changes.List(ctx, change.Filter{
		From: q.Onset.Add(-time.Duration(c.LeakWindow)), To: q.At.Add(time.Millisecond), Limit: changesLimit})
	if err != nil {
		r.m.failed.Inc()
		return Ranking{}, fmt.Errorf("rank causes for %q: %w", q.Service, err)
	}
	if len(changes) >= changesLimit {
		r.m.changesLimit.Inc()
	}
	in := Input{Service: q.Service, Environment: q.Environment, Onset: q.Onset, Seen: q.Seen, At: q.At,
		Step: time.Duration(c.Step), Changes: changes,
		Fixes: q.Fixes, TimeToResolve: q.TimeToResolve, Weights: q.Weights}
	if in.History, err = r.history(ctx, q, changes); err != nil {
		r.m.failed.Inc()
		return Ranking{}, fmt.Errorf("rank causes for %q: %w", q.Service, err)
	}
	if r.o.Graph != nil && q.Service != "" {
		in.Graph = r.o.Graph(q.Service)
	}
	if r.o.Guards != nil {
		in.Guards = r.o.Guards(ctx, guarded(changes, q.Onset.Add(-time.Duration(c.Window))))
	}
	r.lines(q, &in)
	if err := r.series(ctx, q, &in); err != nil {
		if ctx.Err() != nil {
			r.m.failed.Inc()
			return Ranking{}, fmt.Errorf("rank causes for %q: %w", q.Service, ctx.Err())
		}
		r.m.unread.Inc()
		r.o.Logger.Warn("ranking without all series", "service", q.Service, "error", err)
		in.Unread = "the store did not answer"
		if errors.Is(err, context.DeadlineExceeded) {
			in.Unread = fmt.Sprintf("not within %s", time.Duration(c.Deadline))
		}
	}
	r.m.made.Inc()
	return Rank(in, c), nil
}

// history counts how earlier changes to the services of the recent ones went.
func (r *Ranker) history(ctx context.Context, q Query, changes []telemetry.Change) (map[Habit]Record, error) {
	oldest := q.Onset.Add(-time.Duration(r.o.Config.Window))
	out := make(map[Habit]Record)
	for _, service := range services("", changes, oldest) {
		past, err := r.o.Changes.List(ctx, change.Filter{Service: service, From: q.Onset.Add(-historyDays), To: oldest, Limit: historyLimit})
		if err != nil {
			return nil, err
		}
		for _, ch := range past {
			if ch.Status == telemetry.StatusStarted {
				continue
			}
			h := Habit{ch.Kind, ch.Service}
			rec := out[h]
			rec.Changes++
			if ch.Status == telemetry.StatusFailed || ch.Status == telemetry.StatusRolledBack {
				rec.Failed++
			}
			out[h] = rec
		}
	}
	return out, nil
}

// series reads the signals of the services concerned: finely for the recent
// changes, coarsely over a longer time for those that may have sprung a leak.
func (r *Ranker) series(ctx context.Context, q Query, in *Input) error {
	c := r.o.Config
	ctx, cancel := context.WithTimeout(ctx, time.Duration(c.Deadline))
	defer cancel()
	recentFrom := q.Onset.Add(-time.Duration(c.Window))
	before := time.Duration(c.Baseline) + recent + 2*in.Step
	var err error
	if names := withNeighbours(services(q.Service, in.Changes, recentFrom), in.Graph); len(names) > 0 {
		in.Series, err = r.o.Series.SignalSeries(ctx, SeriesQuery{Services: names,
			From: recentFrom.Add(-before), To: q.At, Step: in.Step})
		if err != nil {
			return err
		}
	}
	old := slices.DeleteFunc(slices.Clone(in.Changes), func(ch telemetry.Change) bool { return !ch.Started.Before(recentFrom) })
	if names := services("", old, time.Time{}); len(names) > 0 {
		in.Long, err = r.o.Series.SignalSeries(ctx, SeriesQuery{Services: names,
			From: q.Onset.Add(-time.Duration(c.LeakWindow) - before - longBeforeHead), To: q.At, Step: longStep})
	}
	return err
}

// lines asks for what the services that changed wrote for the first time since.
func (r *Ranker) lines(q Query, in *Input) {
	if r.o.Lines == nil {
		return
	}
	in.Lines = map[string][]Line{}
	from := q.Onset.Add(-time.Duration(r.o.Config.Window))
	for _, service := range services("", in.Changes, from) {
		first := q.At
		for _, ch := range in.Changes {
			if ch.Service == service && !ch.Started.Before(from) && ch.Started.Before(first) {
				first = ch.Started
			}
		}
		if lines, known := r.o.Lines.NewLines(service, first.Add(-in.Step), q.At); known {
			in.Lines[service] = lines
		}
	}
}

// withNeighbours adds the nodes of a graph, each once, of which there are at most
// servicesLimit.
func withNeighbours(names []string, g Graph) []string {
	most := len(names) + servicesLimit
	for _, e := range g.Edges {
		for _, n := range []string{e.From, e.To} {
			if len(names) < most && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// guarded returns the changes begun at or after from, in their order, as many as
// anybody would ask about.
func guarded(changes []telemetry.Change, from time.Time) []telemetry.Change {
	var out []telemetry.Change
	for _, ch := range changes {
		if !ch.Started.Before(from) && len(out) < servicesLimit {
			out = append(out, ch)
		}
	}
	return out
}

// services names the incident's service, if it has one, and those that changed
// at or after from, in the order of the changes, each once.
func services(first string, changes []telemetry.Change, from time.Time) []string {
	var out []string
	if first != "" {
		out = append(out, first)
	}
	for _, ch := range changes {
		if len(out) >= servicesLimit {
			break
		}
		if !ch.Started.Before(from) && !slices.Contains(out, ch.Service) {
			out = append(out, ch.Service)
		}
	}
	return out
}
