package main

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

func TestMakeGroup_Incidents_MoveTheMetricsOfTheirKind(t *testing.T) {
	g := makeGroup(0, 2)
	quiet := makeGroup(0, 2)
	if len(g.events) < 5 || len(g.kinds) != len(g.events) || len(g.guilty) != len(g.events) {
		t.Fatalf("got %d events, %d kinds, %d guilty", len(g.events), len(g.kinds), len(g.guilty))
	}
	for i, x := range g.guilty {
		want := map[string]int{"1": 1, "2": 2, "quarter": len(g.metrics) / 4, "all": len(g.metrics)}
		if n, known := want[g.kinds[i].count]; known && len(x.metrics) != n {
			t.Errorf("event %d of kind %+v: %d metrics move, want %d", i, g.kinds[i], len(x.metrics), n)
		}
		if x.from < madeQuiet || i > 0 && x.from <= g.guilty[i-1].to {
			t.Errorf("event %d at rows %d to %d: in the quiet time or within the one before", i, x.from, x.to)
		}
	}
	for m := range g.metrics {
		if !slices.Equal(g.metrics[m], quiet.metrics[m]) {
			t.Fatal("the same number makes another service")
		}
	}
}

func TestMadeQuality_Verdicts_ByHand(t *testing.T) {
	var q madeQuality
	named := func(metrics ...int) (out []detector.Guilt) {
		for _, m := range metrics {
			out = append(out, detector.Guilt{Slot: detector.Slot(m + 1)})
		}
		return out
	}
	q.verdict([]int{4, 7}, named(7, 1, 4), true)
	q.verdict([]int{0, 1, 2}, named(5, 0), true)
	m := q.mean()
	for name, x := range map[string][2]float64{
		"hit": {m.hit100, (1.0/2 + 1.0/3) / 2}, "ac1": {m.ac1, 0.5}, "ac3": {m.ac3, (1.0 + 1.0/3) / 2},
	} {
		if math.Abs(x[0]-x[1]) > 1e-9 {
			t.Errorf("%s: got %v, want %v", name, x[0], x[1])
		}
	}
	if q.apart != 2 || q.first != 0 {
		t.Errorf("got %d of %d that begin with the first mover, want 0 of 2", q.first, q.apart)
	}
}

func TestRun_GroupsMade_TooFewServices_SaysHowMany(t *testing.T) {
	var out, complaints bytes.Buffer
	if got := run([]string{"groups", "--made", "--services", "2"}, &out, &complaints); got == 0 || !strings.Contains(complaints.String(), "want at least 3") {
		t.Errorf("got code %d: %s", got, complaints.String())
	}
}
