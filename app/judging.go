package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// How changes are judged.
const (
	judgeEvery     = 30 * time.Second // least time between two looks at the changes
	judgeBlock     = 2 * time.Minute  // a block of package verdict, at the least
	judgeHistory   = 24 * time.Hour
	judgeUnderWay  = 24 * time.Hour // a change that never finished is no longer looked at
	judgeMost      = 50             // changes looked at, the newest first
	judgePeers     = 5
	judgeQueryTime = 20 * time.Second
)

// JudgeChanges looks at every change that has no final verdict yet, at most each
// judgeEvery.
func (c *Core) JudgeChanges(ctx context.Context, now time.Time) error {
	c.mu.Lock()
	due := now.Sub(c.judged) >= judgeEvery
	if due {
		c.judged = now
	}
	c.mu.Unlock()
	if !due {
		return nil
	}
	recent, err := c.feed.List(ctx, change.Filter{From: now.Add(-judgeUnderWay), To: now, Limit: 1000})
	if err != nil {
		return err
	}
	recent = withoutRestarts(recent) // nobody made them, so they do not end the watch on a change either
	judged, err := c.feed.Judged(ctx, ids(recent))
	if err != nil {
		return err
	}
	looked := 0
	for _, ch := range recent {
		if looked == judgeMost {
			break
		}
		if judged[ch.ID] || ch.Status == telemetry.StatusFailed && ch.Finished.IsZero() {
			continue
		}
		looked++
		if err := c.judge(ctx, ch, recent, now); err != nil && ctx.Err() == nil {
			c.log.Warn("a change could not be judged", "change", ch.ID, "error", err)
		}
	}
	return nil
}

// judge says the word of now on a change and puts a new one on the timeline of
// the open incidents of its service.
func (c *Core) judge(ctx context.Context, ch telemetry.Change, recent []telemetry.Change, now time.Time) error {
	cfg := verdict.DefaultConfig()
	in, err := c.judgeInput(ctx, ch, recent, cfg, now)
	if err != nil {
		return err
	}
	next, cut := following(ch, recent)
	if cut && next.Started.Before(now) {
		in.At = next.Started // what comes after it may be its doing
	}
	v := verdict.Judge(cfg, in)
	if in.At.Before(now) && !v.Final {
		v.Final = true
		if v.State == verdict.Collecting || v.State == verdict.Suspicious {
			v.State = verdict.Undecided
			v.Reason = fmt.Sprintf("%s began %s later, too soon to tell them apart; until then: %s", next.Title(), next.Started.Sub(ch.Started).Round(time.Second), v.Reason)
		}
	}
	changed, err := c.feed.SaveVerdict(ctx, ch.ID, v)
	if err != nil || !changed || v.State != verdict.Faulty {
		return err
	}
	c.log.Info("a change did harm", "change", ch.ID, "service", ch.Service, "title", ch.Title(), "reason", v.Reason)
	return c.noteVerdict(ctx, ch, v, now)
}

// following returns the first change of the same service and environment after this one.
func following(ch telemetry.Change, recent []telemetry.Change) (telemetry.Change, bool) {
	var next telemetry.Change
	for _, x := range recent {
		if x.ID == ch.ID || x.Service != ch.Service || x.Environment != ch.Environment || !x.Started.After(ch.Started) {
			continue
		}
		if next.ID == "" || x.Started.Before(next.Started) {
			next = x
		}
	}
	return next, next.ID != ""
}

// judgeInput reads the signals of the service, as they are now, a day and a week
// earlier, and those of services that were not changed.
func (c *Core) judgeInput(ctx context.Context, ch telemetry.Change, recent []telemetry.Change, cfg verdict.Config, now time.Time) (verdict.Input, error) {
	ctx, cancel := context.WithTimeout(ctx, judgeQueryTime)
	defer cancel()
	in := verdict.Input{
		Step: max(judgeBlock, c.engine.RateWindow()), Began: ch.Started, Ended: ch.Finished, At: now,
	}
	in.First = ch.Started.Add(-judgeHistory).Truncate(in.Step)
	g := grid{first: in.First, step: in.Step, n: int(now.Sub(in.First)/in.Step) + 1}
	read := func(services []string, back time.Duration) ([]rules.SignalSeries, error) {
		// The value of a block is that of its end, since signals are means over what came before.
		return c.engine.SignalSeries(ctx, services, in.First.Add(in.Step-back), g.end().Add(-back), in.Step)
	}
	list, err := read([]string{ch.Service}, 0)
	if err != nil {
		return in, err
	}
	own := g.signals(list, ch.Environment, 0)
	var others []map[string]row
	for _, back := range []time.Duration{24 * time.Hour, 7 * 24 * time.Hour} {
		list, err := read([]string{ch.Service}, back)
		if err != nil {
			return in, err
		}
		others = append(others, g.signals(list, ch.Environment, back))
	}
	peers := map[string]map[string]row{}
	names, err := c.peersOf(ctx, ch, recent)
	if err != nil {
		return in, err
	}
	if len(names) > 0 {
		list, err := read(names, 0)
		if err != nil {
			return in, err
		}
		for _, name := range names {
			peers[name] = g.signals(slices.DeleteFunc(slices.Clone(list), func(s rules.SignalSeries) bool { return s.Service != name }), ch.Environment, 0)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		r := own[name]
		if name == "request_rate" {
			in.Requests = r.values
		}
		if r.bad == 0 {
			continue
		}
		s := verdict.Signal{Name: name, Unit: string(r.unit), Bad: r.bad, Floor: floorOf(r.unit), PerRequest: r.symptom, Values: r.values}
		for _, o := range others {
			if p, ok := o[name]; ok {
				s.Past = append(s.Past, p.values)
			}
		}
		for _, peer := range slices.Sorted(maps.Keys(peers)) {
			if p, ok := peers[peer][name]; ok {
				s.Peers = append(s.Peers, p.values)
			}
		}
		in.Signals = append(in.Signals, s)
	}
	return in, ctx.Err()
}

// peersOf returns some services that had no change around this one.
func (c *Core) peersOf(ctx context.Context, ch telemetry.Change, recent []telemetry.Change) ([]string, error) {
	all, err := c.engine.Services(ctx, ch.Started)
	if err != nil {
		return nil, err
	}
	touched := map[string]bool{ch.Service: true}
	for _, x := range recent {
		if x.Started.After(ch.Started.Add(-2 * time.Hour)) {
			touched[x.Service] = true
		}
	}
	var out []string
	for _, s := range all {
		if !touched[s] {
			out = append(out, s)
		}
	}
	return out[:min(len(out), judgePeers)], nil
}

// floorOf is the least shift that anybody would care for.
func floorOf(u signal.Unit) float64 {
	switch u {
	case signal.Ratio:
		return 0.005
	case signal.Percent:
		return 2
	case signal.Seconds:
		return 0.005
	}
	return 0
}
