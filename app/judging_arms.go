package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Labels by which the series of two versions of a service can be told apart.
var (
	versionArms = []string{"version", "service_version", "app_version"}
	trackArms   = []string{"track", "canary", "deployment_track"}
)

// armSplit are the values of a label on either side.
type armSplit struct {
	label            string
	canary, baseline []string
}

// judgeArms reads the signals of a canary and of what runs beside it; nil if their
// series have no label that tells them apart. Only blocks in which both have data count.
func (c *Core) judgeArms(ctx context.Context, ch telemetry.Change, in verdict.Input, g grid, now time.Time) (*verdict.Arms, error) {
	if ch.Kind != telemetry.KindDeployment {
		return nil, nil
	}
	end := now
	if !ch.Finished.IsZero() && ch.Finished.Before(now) {
		end = ch.Finished
	}
	if end.Sub(ch.Started) < 2*in.Step {
		return nil, nil // nothing ran side by side for long enough to be compared
	}
	split, ok, err := c.splitArms(ctx, ch, end)
	if err != nil || !ok {
		return nil, err
	}
	from := in.First.Add(ch.Started.Sub(in.First).Truncate(in.Step) + in.Step)
	read := func(values []string) (map[string]row, error) {
		list, err := c.engine.ArmSeries(ctx, ch.Service, split.label, values, from, end, in.Step)
		list = slices.DeleteFunc(list, func(s rules.SignalSeries) bool { return bad(s.Bad) == 0 && s.Signal != "request_rate" })
		return g.signals(list, ch.Environment, 0), err
	}
	canary, err := read(split.canary)
	if err != nil {
		return nil, err
	}
	baseline, err := read(split.baseline)
	if err != nil {
		return nil, err
	}
	arms := &verdict.Arms{Label: split.label, Canary: strings.Join(split.canary, ", "), Baseline: strings.Join(split.baseline, ", ")}
	for _, name := range slices.Sorted(maps.Keys(canary)) {
		r, other := canary[name], baseline[name]
		if name == "request_rate" {
			arms.Requests = r.values // of a canary that gets few requests little is known
			continue
		}
		if r.bad == 0 || other.values == nil {
			continue
		}
		arms.Signals = append(arms.Signals, verdict.ArmSignal{
			Name: name, Unit: string(r.unit), Bad: r.bad, Floor: floorOf(r.unit), PerRequest: r.symptom, Canary: r.values, Baseline: other.values,
		})
	}
	if len(arms.Signals) == 0 {
		return nil, nil
	}
	return arms, nil
}

// splitArms finds the label that tells the new version of a change from the old one.
func (c *Core) splitArms(ctx context.Context, ch telemetry.Change, end time.Time) (armSplit, bool, error) {
	for _, label := range slices.Concat(versionArms, trackArms) {
		values, err := c.engine.ServiceLabel(ctx, ch.Service, label, ch.Started, end)
		if err != nil {
			return armSplit{}, false, err
		}
		s := armSplit{label: label}
		track := slices.Contains(trackArms, label)
		for _, v := range values {
			switch {
			case !track && ch.VersionTo != "" && change.SameVersion(telemetry.Change{VersionTo: v}, ch),
				track && slices.Contains([]string{"canary", "true", "1", "yes", "preview"}, strings.ToLower(v)):
				s.canary = append(s.canary, v)
			case track || ch.VersionFrom == "" || change.SameVersion(telemetry.Change{VersionTo: v}, telemetry.Change{VersionTo: ch.VersionFrom}):
				s.baseline = append(s.baseline, v)
			}
		}
		if len(s.canary) > 0 && len(s.baseline) > 0 {
			return s, true, nil
		}
	}
	return armSplit{}, false, nil
}
