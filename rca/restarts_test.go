package rca_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// A deployment that restarts its two processes and does no harm is not suspected for
// that; restarts without one, or that go on for long after it, are evidence.
func TestRank_Restarts(t *testing.T) {
	onset := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	series := func(service, source string, value func(at time.Time) float64) rca.Series {
		s := rca.Series{Service: service, Signal: source, Source: source, Bad: 1}
		if source == rca.SourceMetric {
			s.Signal = "error_rate"
		}
		for at := onset.Add(-2 * time.Hour); !at.After(onset.Add(30 * time.Minute)); at = at.Add(30 * time.Second) {
			s.Points = append(s.Points, telemetry.Sample{T: at.UnixMilli(), V: value(at)})
		}
		return s
	}
	within := func(from, to time.Duration, v float64) func(time.Time) float64 {
		return func(at time.Time) float64 {
			if d := at.Sub(onset); d >= from && d < to {
				return v
			}
			return 0
		}
	}
	deployed := telemetry.Change{ID: "d1", Kind: telemetry.KindDeployment, Service: "pay", Status: telemetry.StatusSucceeded,
		Started: onset.Add(-time.Minute), Finished: onset.Add(time.Minute)}
	ranked := func(at time.Duration, changes []telemetry.Change, restarts func(time.Time) float64) rca.Ranking {
		in := rca.Input{Service: "web", Onset: onset, At: onset.Add(at), Step: 30 * time.Second, Changes: changes,
			Series: []rca.Series{series("pay", rca.SourceRestarts, restarts), series("web", rca.SourceMetric, within(0, time.Hour, 0.3))}}
		points := slices.Clone(in.Series[0].Points)
		out := rca.Rank(in, rca.DefaultConfig())
		if !slices.Equal(points, in.Series[0].Points) {
			t.Error("the caller's points were altered")
		}
		return out
	}
	shows := func(r rca.Ranking) bool {
		return slices.ContainsFunc(r.Suspects, func(c rca.Cause) bool {
			return slices.ContainsFunc(c.Evidence, func(e rca.Evidence) bool { return e.Source == rca.SourceRestarts })
		})
	}
	if r := ranked(6*time.Minute, []telemetry.Change{deployed}, within(0, 3*time.Minute, 2)); shows(r) || r.Findings[0].Change != nil {
		t.Errorf("restarted by its deployment: got %+v", r.Findings[0])
	}
	if !shows(ranked(6*time.Minute, nil, within(0, 3*time.Minute, 2))) {
		t.Error("restarted by nobody: no evidence")
	}
	if !shows(ranked(25*time.Minute, []telemetry.Change{deployed}, within(0, time.Hour, 2))) {
		t.Error("restarts for long after the deployment: no evidence")
	}
}
