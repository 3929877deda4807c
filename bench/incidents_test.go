package main

import (
	"io"
	"strings"
	"testing"
)

func TestIncidents_FewSeries_GiveAllFigures(t *testing.T) {
	var out strings.Builder
	found, err := incidents([]string{"-series=2", "-kinds=counts", "-least=300"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"_300s", "_900s", "_3600s"} {
		if told := found["told"+step]; told < 0.7 || told > 1 {
			t.Errorf("step%s: told %v of all", step, told)
		}
		if n := found["samples"+step]; n < 1 || n > 6 {
			t.Errorf("step%s: told after %v samples", step, n)
		}
		for _, line := range []string{"", "_ewma_z", "_hour_of_day_z"} {
			if told, ok := found["told"+line+step]; !ok || told < 0 || told > 1 {
				t.Errorf("told%s%s: got %v (%v)", line, step, told, ok)
			}
			if n, ok := found["false_a_week"+line+step]; !ok || n < 0 || line != "" && n > 1 {
				t.Errorf("false_a_week%s%s: got %v (%v)", line, step, n, ok)
			}
		}
	}
	for _, line := range []string{"50 counts, half", "all: tocsin", "all: hour of day z", "900 s, within 6"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("want %q in\n%s", line, out.String())
		}
	}
	for _, args := range [][]string{{"-series=0"}, {"-kinds=of no such"}, {"-least=3601"}} {
		if _, err := incidents(args, io.Discard); err == nil {
			t.Errorf("%v are taken", args)
		}
	}
}

func TestEpisodesAt_CloseAfterFiveQuietRows(t *testing.T) {
	got := episodesAt([]float64{2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 2, 1}, 2)
	if len(got) != 2 || got[0] != 0 || got[1] != 11 {
		t.Errorf("got %v", got)
	}
}
