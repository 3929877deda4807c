package main

import (
	"errors"
	"io"
	"testing"
)

// The floors are what the bench aims at, where the data here have twins at all:
// each root and fault of Online Boutique occurs once in a day.
func TestSimilar_PastFaults_AreFoundAgain(t *testing.T) {
	found, err := similarBench([]string{"--data", "../../shared/data"}, io.Discard)
	if errors.Is(err, errLacking) {
		t.Skipf("the root-cause cases are not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v", found)
	for name, least := range map[string]float64{"petshop_top1": 0.85, "petshop_top3": 0.95, "ob_twin_top3": 0.65, "ob_root_top3": 0.5, "tt_twin_top3": 0.45} {
		if got, ok := found[name]; ok && got < least {
			t.Errorf("%s: got %.2f, want at least %.2f", name, got, least)
		}
	}
}
