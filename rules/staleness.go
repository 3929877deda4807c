package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// askSourceEvery is how often the source of a held alert is looked at: to look at
// all series of a service costs more than a rule does.
const askSourceEvery = time.Minute

// upReach is how far back a target counts as one that was scraped.
const upReach = time.Hour

// dataless returns how an alert without data stands at the time of its data: held,
// or with a stale source when whatever sends its series is known to have been
// silent for so long as the configuration says, and why in words.
func (e *Engine) dataless(ctx context.Context, x *entry, ts, at time.Time) (AlertState, string) {
	after := e.cfg.StaleAfter.Std()
	if ts.Before(e.blind) {
		return x.alert.State.withoutData(), x.silent
	}
	if after == 0 || ts.Sub(x.heldSince) < after {
		return AlertHeld, ""
	}
	if x.asked.IsZero() || ts.Sub(x.asked) >= askSourceEvery {
		x.asked = ts
		x.silent = e.sourceSilence(ctx, x.alert, at)
	}
	if x.silent == "" {
		return AlertHeld, ""
	}
	return AlertStale, x.silent
}

// sourceSilence says in words why the source of an alert's series is silent, ""
// when anything of it still comes or nobody can tell. A source that is scraped is
// as alive as its targets; of one that pushes, any series says that it lives.
func (e *Engine) sourceSilence(ctx context.Context, a Alert, at time.Time) string {
	sets := e.sourceSelectors(a)
	if len(sets) == 0 {
		return ""
	}
	var gone []string
	for _, set := range sets {
		scraped, err := e.query(ctx, fmt.Sprintf("count(last_over_time(up{%s}[%s]))", set, model.Duration(upReach)), at)
		if err != nil {
			return ""
		}
		if len(scraped) > 0 {
			if up, err := e.query(ctx, fmt.Sprintf("up{%s} == 1", set), at); err != nil || len(up) > 0 {
				return ""
			}
			gone = append(gone, fmt.Sprintf("no scrape of %s succeeds (%.0f targets)", set, scraped[0].F))
			continue
		}
		sel := fmt.Sprintf(`{__name__!~"%s.*|ALERTS|ALERTS_FOR_STATE",%s}`, signal.Prefix, set)
		if flowing, _ := e.flows(ctx, sel, at); flowing {
			return ""
		}
	}
	if len(gone) > 0 {
		return strings.Join(gone, ", ")
	}
	return "nothing of " + strings.Join(sets, " or ") + " arrives"
}

// sourceSelectors returns matchers that select what comes from the source of an
// alert: its target where the labels name one, else its service by each label that
// may name it.
func (e *Engine) sourceSelectors(a Alert) []string {
	var target []string
	for _, n := range []string{"job", "instance"} {
		if v := a.Labels[n]; v != "" {
			target = append(target, fmt.Sprintf("%s=%q", n, v))
		}
	}
	if len(target) > 0 {
		return []string{strings.Join(target, ",")}
	}
	if a.Service == "" {
		return nil
	}
	keys := slices.Clone(e.opts.Owner.Labels())
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf("%s=%q", k, a.Service))
	}
	return out
}

// withoutData returns the state that an alert has or takes while nobody can tell
// more than that its data are not there.
func (s AlertState) withoutData() AlertState {
	if s.Dataless() {
		return s
	}
	return AlertHeld
}

// Blind tells the engine that no data could come for a while, since the daemon was
// down, suspended or could not store, and that senders need until the given time
// to send again: an alert on what is absent does not begin to fire before, and no
// source counts as stale.
func (e *Engine) Blind(until time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.blind = until
}

// asksForAbsence reports whether an expression is true of what is not there.
func asksForAbsence(x parser.Expr) bool {
	found := false
	parser.Inspect(x, func(n parser.Node, _ []parser.Node) error {
		if c, ok := n.(*parser.Call); ok && strings.HasPrefix(c.Func.Name, "absent") {
			found = true
		}
		return nil
	})
	return found
}

func staleSummary(a Alert, why string) string {
	return fmt.Sprintf("%s has a stale source: %s, so nobody knows whether it recovered; last known: %s", a.Name, why, figures(a))
}
