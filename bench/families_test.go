package main

import (
	"io"
	"testing"
)

// The bench of a few series, which tells that those that were taught alarm less and
// are told more at equal rates.
func TestFamilies_FewSeries_GiveAllFigures(t *testing.T) {
	found, err := families([]string{"-forerunners=4", "-series=4"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"_60s", "_15s"} {
		for _, name := range []string{"first_hour_over_budget", "first_hour_recall_1fa"} {
			with, ok := found[name+step]
			alone, known := found[name+"_alone"+step]
			if !ok || !known || with < 0 || alone < 0 {
				t.Errorf("%s%s: got %v (%v) and %v alone (%v)", name, step, with, ok, alone, known)
			}
		}
		if with, alone := found["first_hour_over_budget"+step], found["first_hour_over_budget_alone"+step]; with >= alone {
			t.Errorf("step%s: taught series spend %v of the budget, others %v", step, with, alone)
		}
	}
	if _, err := families([]string{"-series=0"}, io.Discard); err == nil {
		t.Error("no series are taken")
	}
}
