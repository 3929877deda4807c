//go:build linux

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// How long the machine is left alone, so that the detector learns it, and how
// long its cores are kept busy at most.
const (
	baseline = 150 * time.Second
	burnFor  = 45 * time.Second
)

// scene is what the steps of the real-input story share.
type scene struct {
	d          *daemon
	prometheus string
	writer     *writer
	opened     []incident.Incident // incidents before the kill
}

// TestRealInput_LoadAndKill_SeenAndNothingLost is one story in steps: a real
// Prometheus sends a real machine's figures, the machine comes under load, the
// daemon is killed and comes back.
func TestRealInput_LoadAndKill_SeenAndNothingLost(t *testing.T) {
	if testing.Short() {
		t.Skip("takes about five minutes")
	}
	program(t, "prometheus", "prometheus")
	target := startNodeExporter(t)
	s := &scene{d: serve(t)}
	s.d.whole = t // a step boots it again, and the next steps want it too
	s.prometheus = startPrometheus(t, target, s.d)
	begun := time.Now()
	s.writer = &writer{d: s.d, acked: make(map[int64]float64)}
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { s.writer.run(ctx) })
	t.Cleanup(func() { stop(); done.Wait() })

	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"series of node exporter answer PromQL", s.seriesAnswer},
		{"machine under load is an anomaly of CPU", func(t *testing.T) {
			pass(t, max(0, baseline-time.Since(begun)))
			s.loadIsSeen(t)
		}},
		{"kill -9 loses no acknowledged sample", s.killLosesNothing},
		{"after the restart nothing opens again", s.nothingOpensAgain},
		{"the detector still knows its series", s.detectorRemembers},
		{"SIGTERM stops in order", func(t *testing.T) { stopsInOrder(t, s.d) }},
	} {
		if !t.Run(step.name, step.do) {
			return // the next steps stand on this one
		}
	}
}

func (s *scene) seriesAnswer(t *testing.T) {
	eventually(t, 30*time.Second, "series of the node exporter", func() error {
		n, err := s.d.number(`count({job="node"})`)
		if err != nil {
			return err
		}
		if n < 50 {
			return fmt.Errorf("%g series of job node, want at least 50", n)
		}
		return nil
	})
	eventually(t, 30*time.Second, "a rate over real counters", func() error {
		// The modes of all cores add up to one second per second and core.
		n, err := s.d.number(`sum(rate(node_cpu_seconds_total[10s])) / count(node_cpu_seconds_total{mode="idle"})`)
		if err != nil {
			return err
		}
		if n < 0.8 || n > 1.2 {
			return fmt.Errorf("CPU time per core and second is %g, want about 1", n)
		}
		return nil
	})
}

// isCPU says whether an anomaly is one of a CPU series: a counter of the node
// exporter or the signal made of it.
func isCPU(a anomaly) bool {
	return strings.HasPrefix(a.Labels["__name__"], "node_cpu_") || strings.HasPrefix(a.Name, "node_cpu_") || strings.Contains(a.Name, "cpu_usage")
}

func (s *scene) loadIsSeen(t *testing.T) {
	// A machine that was busy all the while has no calm to leave.
	idle, err := s.d.number(fmt.Sprintf(`avg(rate(node_cpu_seconds_total{mode="idle"}[%ds]))`, int(baseline.Seconds())))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("before the load each core was idle %.0f%% of the time", 100*idle)
	if idle < 0.6 {
		t.Logf("the machine is not calm: each core was idle only %.0f%% of the %s before the load; should no anomaly be seen, end what else runs", 100*idle, baseline)
	}
	began := time.Now()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range runtime.NumCPU() {
		p := startWith(t, []string{burnVar + "=" + burnFor.String()}, self)
		defer p.kill()
	}
	eventually(t, burnFor, "anomaly of a CPU series", func() error {
		all, err := s.d.anomalies(began.Add(-time.Second))
		if err != nil {
			return err
		}
		var names []string
		for _, a := range all {
			names = append(names, a.Name)
			if !isCPU(a) || a.Since.Before(began.Add(-2*time.Second)) {
				continue
			}
			if !(a.Score > 0 && a.Score <= 1) {
				t.Errorf("%s: score=%v, want in (0, 1]", a.Name, a.Score)
			}
			if a.Source != incident.SourceAnomaly || a.Kind == "" || len(a.Labels) == 0 {
				t.Errorf("anomaly=%+v, want a source, a kind and labels", a)
			}
			if a.Value >= a.Lower && a.Value <= a.Upper {
				t.Errorf("%s: value %v lies within its band %v to %v", a.Name, a.Value, a.Lower, a.Upper)
			}
			t.Logf("seen %s after the load began: %s %v: %v, expected %v, score %v", time.Since(began).Round(time.Second), a.Name, a.Labels, a.Value, a.Expected, a.Score)
			return nil
		}
		slices.Sort(names)
		return fmt.Errorf("%d anomalies since the load began: %v", len(names), slices.Compact(names))
	})
}

func (s *scene) killLosesNothing(t *testing.T) {
	var err error
	if s.opened, err = s.d.incidents(); err != nil {
		t.Fatal(err)
	}
	s.d.kill()
	acked, _, refused := s.writer.snapshot()
	if refused != "" {
		t.Errorf("before the kill a write was refused: %s", refused)
	}
	if len(acked) < 1000 {
		t.Fatalf("%d samples acknowledged before the kill, want at least 1000", len(acked))
	}
	eventually(t, 5*time.Second, "writes that find no daemon", func() error {
		if _, failures, _ := s.writer.snapshot(); failures == 0 {
			return fmt.Errorf("none yet")
		}
		return nil
	})
	s.d.boot(t)
	if lost := missing(s.d, acked); lost != "" {
		t.Error(lost)
	}
	eventually(t, 10*time.Second, "writes go on", func() error {
		now, _, _ := s.writer.snapshot()
		if len(now) <= len(acked) {
			return fmt.Errorf("%d acknowledged, as before the kill", len(now))
		}
		return nil
	})
	// Prometheus sends again what was not acknowledged, so that in the end both
	// hold the same, sample by sample, over the kill.
	end := time.Now()
	eventually(t, 60*time.Second, "both hold the same samples", func() error {
		if text := differ(s.prometheus, s.d.url, `{job="node",__name__=~"node_cpu_seconds_total|node_load1|up"}`, end, 90*time.Second); text != "" {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
}

// nothingOpensAgain holds the incidents after the restart against those before.
func (s *scene) nothingOpensAgain(t *testing.T) {
	after, err := s.d.incidents()
	if err != nil {
		t.Fatal(err)
	}
	find := func(id string) *incident.Incident {
		for i := range after {
			if after[i].ID == id {
				return &after[i]
			}
		}
		return nil
	}
	for _, was := range s.opened {
		is := find(was.ID)
		if is == nil {
			t.Errorf("incident %s %q is gone", was.ID, was.Title)
			continue
		}
		if is.Reopened != was.Reopened {
			t.Errorf("incident %s was opened again by the restart", was.ID)
		}
		if !is.Opened.Equal(was.Opened) {
			t.Errorf("incident %s opened=%s, want %s as before", was.ID, is.Opened, was.Opened)
		}
		for _, other := range after {
			if other.ID != was.ID && other.Service == was.Service && was.State != incident.StateResolved && !slices.ContainsFunc(s.opened, func(i incident.Incident) bool { return i.ID == other.ID }) {
				t.Errorf("incident %s of %s opened beside %s, which was open", other.ID, other.Service, was.ID)
			}
		}
	}
}

// detectorRemembers moves a gauge that was steady before the kill out of its
// band. A detector that had forgotten it would be learning it still.
func (s *scene) detectorRemembers(t *testing.T) {
	began := time.Now()
	s.writer.disturb.Store(true)
	defer s.writer.disturb.Store(false)
	eventually(t, 20*time.Second, "anomaly of "+gaugeName, func() error {
		all, err := s.d.anomalies(began.Add(-time.Second))
		if err != nil {
			return err
		}
		for _, a := range all {
			if a.Name == gaugeName || a.Labels["__name__"] == gaugeName {
				if !(a.Expected > 90 && a.Expected < 110) {
					t.Errorf("expected=%v, want about 100 as learned before the kill", a.Expected)
				}
				return nil
			}
		}
		return fmt.Errorf("%d anomalies, none of it", len(all))
	})
}
