package main

import (
	"io"
	"testing"
)

// The bench of few services, which tells what they spend and refuses what it would
// take for a service without alarms.
func TestBudget_FewServices_GiveAllFigures(t *testing.T) {
	args := []string{"-natures=white,counter", "-series=1", "-steps=900", "-budgets=4", "-samples=60000", "-weeks=6"}
	found, err := budgetBench(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, span := range []string{"first", "then", "later"} {
		spent, ok := found["spent_"+span]
		if !ok || spent < 0.2 || spent > 3 {
			t.Errorf("spent_%s: got %v (%v), want about the budget", span, spent, ok)
		}
		for _, name := range []string{"outside_", "off_"} {
			if _, ok := found[name+span]; !ok {
				t.Errorf("%s%s is missing", name, span)
			}
		}
	}
	for _, wrong := range []string{"-series=0", "-steps=x", "-budgets=0", "-budgets=-1", "-weeks=3", "-natures=none"} {
		if _, err := budgetBench([]string{wrong}, io.Discard); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}
