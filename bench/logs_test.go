package main

import (
	"math"
	"testing"
)

func TestScoreGrouping_ByHand(t *testing.T) {
	wantGroup := []string{"a", "a", "b", "b", "c"}
	want := []string{"A <*>", "A <*>", "B", "B", "C"}
	for name, c := range map[string]struct {
		group []uint64
		text  []string
		want  grouping
	}{
		"all right": {[]uint64{1, 1, 2, 2, 3}, want, grouping{1, 1, 1, 1}},
		// b is split: its lines are wrong, and one of three groups is found among four.
		"split": {[]uint64{1, 1, 2, 4, 3}, []string{"A <*>", "A <*>", "B", "B x", "C"}, grouping{0.6, 2 * 2.0 / 7, 0.8, 2 * 3.0 / 7}},
		// a and b are one: two of five lines, one of two groups, of three wanted.
		"merged": {[]uint64{1, 1, 1, 1, 3}, []string{"<*>", "<*>", "<*>", "<*>", "C"}, grouping{0.2, 2 * 1.0 / 5, 0.2, 2 * 1.0 / 5}},
		// A text that is right for some of its lines only is not a right template.
		"mixed text": {[]uint64{1, 1, 2, 2, 3}, []string{"B", "A <*>", "B", "B", "C"}, grouping{1, 1, 0.8, 2 * 2.0 / 6}},
	} {
		got := scoreGrouping(c.group, wantGroup, c.text, want)
		for what, pair := range map[string][2]float64{
			"ga": {got.ga, c.want.ga}, "fga": {got.fga, c.want.fga}, "pa": {got.pa, c.want.pa}, "fta": {got.fta, c.want.fta},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-9 {
				t.Errorf("%s: %s is %v, want %v", name, what, pair[0], pair[1])
			}
		}
	}
}

func TestConfusion_ByHand(t *testing.T) {
	var c confusion
	for _, x := range [][2]bool{{true, true}, {true, true}, {true, false}, {false, true}, {false, false}} {
		c.add(x[0], x[1])
	}
	if c.precision() != 2.0/3 || c.recall() != 2.0/3 || c.f1() != 2.0/3 {
		t.Errorf("got %v, %v, %v", c.precision(), c.recall(), c.f1())
	}
}

func TestDistance_IsTheShareOfLinesThatDiffer(t *testing.T) {
	a := counts([]string{"x", "x", "y"})
	for _, c := range []struct {
		events []string
		want   float64
	}{{[]string{"y", "x", "x"}, 0}, {[]string{"z"}, 1}, {[]string{"x", "y"}, 1.0 / 3}, {[]string{"x", "x", "y", "z"}, 0.25}} {
		if got := distance(a, counts(c.events)); got != c.want {
			t.Errorf("%v: got %v, want %v", c.events, got, c.want)
		}
	}
}

func TestPassing_GoesBeyondFewAndCutsMany(t *testing.T) {
	many := make([]float64, 1000)
	for i := range many {
		many[i] = float64(i)
	}
	if got := passing(many); got != 989 {
		t.Errorf("of 1000: got %v, want the 99th percentile, 989", got)
	}
	if few := passing([]float64{0, 1, 2, 3}); few <= 3 {
		t.Errorf("of 4: got %v, want more than the largest", few)
	}
	if got := passing(nil); got != 0 {
		t.Errorf("of none: got %v", got)
	}
}
