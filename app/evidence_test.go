package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Lines of a template are counted for each request, and a process that began anew is a
// restart.
func TestEvidence_LinesForEachRequest_AndRestarts(t *testing.T) {
	s := newTracedShop(t)
	start := s.h.now
	var m template.Match
	lines := func(n int) {
		for range 10 * 12 {
			s.run(5 * time.Second)
			for i := range n {
				s.h.core.MineLog("pay", telemetry.SeverityWarn, nil, fmt.Appendf(nil, "no answer from bank after %d ms", i), s.h.now.UnixNano(), &m)
			}
			s.h.write("process_start_time_seconds", 0, float64(start.Unix()))
		}
	}
	lines(4) // as many as requests
	start = s.h.now
	lines(12)
	got := s.read("pay", "bank")
	l := got["pay template no answer from bank after <num> ms"]
	if len(l.Points) < 20 || l.Bad != 1 || l.Source != rca.SourceTemplate {
		t.Fatalf("got %d points of %d series: %+v", len(l.Points), len(got), l)
	}
	if before, after := at(l, start.Add(-time.Minute)), last(l); !near(before, 1) || !near(after, 3) {
		t.Errorf("lines for each request: got %g, then %g", before, after)
	}
	r := got["pay restarts restarts"]
	if before, then, after := at(r, start.Add(-time.Minute)), at(r, start.Add(time.Minute)), last(r); before != 0 || then != 1 || after != 0 {
		t.Errorf("restarts: got %g, then %g, then %g", before, then, after)
	}
	for key := range got {
		if got[key].Service == "web" {
			t.Errorf("%s was not asked for", key)
		}
	}
}

// at returns the value of a series at a time, -1 without one.
func at(s rca.Series, t time.Time) float64 {
	v := -1.0
	for _, p := range s.Points {
		if p.T <= t.UnixMilli() {
			v = p.V
		}
	}
	return v
}
