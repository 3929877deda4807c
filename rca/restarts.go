package rca

import (
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// settles is how long after a deployment the processes of a service may still begin
// anew because of it.
const settles = 10 * time.Minute

// unplanned returns the series without the restarts that a change brings about by
// itself: a deployment that is as it should be restarts what it deploys, which is no
// evidence against it. What restarts before or later is left as it is, and a crash loop
// shows by that and by its errors. Only series of restarts are copied.
func unplanned(series []Series, changes []telemetry.Change) []Series {
	out := series
	for i := range series {
		s := &series[i]
		if s.Source != SourceRestarts {
			continue
		}
		var planned []span
		for c := range changes {
			if ch := &changes[c]; ch.Service == s.Service && restarts(ch.Kind) {
				planned = append(planned, lasts(ch))
			}
		}
		if len(planned) == 0 {
			continue
		}
		if &out[0] == &series[0] {
			out = slices.Clone(series)
		}
		out[i].Points = slices.DeleteFunc(slices.Clone(s.Points), func(p telemetry.Sample) bool {
			at := time.UnixMilli(p.T)
			return slices.ContainsFunc(planned, func(x span) bool { return !at.Before(x.from) && !at.After(x.to) })
		})
	}
	return out
}

// restarts says whether a change of a kind is made by starting processes anew.
func restarts(k telemetry.ChangeKind) bool {
	switch k {
	case telemetry.KindDeployment, telemetry.KindConfig, telemetry.KindInfra, telemetry.KindScale, telemetry.KindDependency:
		return true
	}
	return false
}

// lasts returns the time in which a change restarts things, as far as clocks can be
// relied on. One whose end is not told is given as long again: what still restarts then
// does not come up.
func lasts(ch *telemetry.Change) span {
	end := ch.Finished
	if end.Before(ch.Started) {
		end = ch.Started.Add(settles)
	}
	return span{ch.Started.Add(-time.Minute), end.Add(settles)}
}
