package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tuned reads a file of parameters as benches do.
func tuned(t *testing.T, content string) (printed string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := flag.NewFlagSet("x", flag.ContinueOnError)
	tune := parametersFlag(flags)
	if err := flags.Parse([]string{"--parameters", path}); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cfg, err := tune.config(&out)
	if err == nil && cfg.Parameters.Tail.Prior != 0.3 {
		t.Errorf("the prior is %v, want 0.3", cfg.Parameters.Tail.Prior)
	}
	return out.String(), err
}

func TestTuning_Override_IsTakenAndPrinted(t *testing.T) {
	printed, err := tuned(t, `{"Tail":{"Prior":0.3},"Charts":{"Bonus":[-0.4,-0.2,0.2]}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Tail.Prior is 0.3 instead of 0.12", "Charts.Bonus[2] is 0.2 instead of 0.1"} {
		if !strings.Contains(printed, want) || strings.Count(printed, "\n") != 2 {
			t.Errorf("got %q, want %q and nothing beside the two", printed, want)
		}
	}
}

func TestTuning_WrongFile_NamesFileAndParameter(t *testing.T) {
	for content, want := range map[string]string{
		`{"Tail":{"Priors":0.3}}`: "Priors",
		`{"Tail":{"Prior":9}}`:    "Tail.Prior: want a number from 0.1 to 1, got 9",
		`{} {}`:                   "more follows",
	} {
		if _, err := tuned(t, content); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "p.json") {
			t.Errorf("%s: got %v, want the file and %q", content, err, want)
		}
	}
}
