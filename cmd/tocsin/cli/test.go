package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/tocsinhq/tocsin/trial"
)

type testCommand struct {
	Rules testRules `cmd:"" help:"Run tests of rules: promtool's files as they stand, and in them anomalies, changes, gaps, incidents and notifications."`
}

type testRules struct {
	Files []string `arg:"" type:"path" help:"Files of tests."`
	Only  []string `name:"run" sep:"none" placeholder:"REGEXP" help:"Only tests whose names match; may be given several times."`
	Diff  bool     `help:"Colour what was wanted and what was there instead, also where the output is no terminal."`
	Debug bool     `help:"Print each test, how long it took, and all of its data."`
	JUnit string   `name:"junit" type:"path" placeholder:"FILE" help:"Write the results in JUnit's XML."`
}

// Run prints what became of each file and fails when something did not hold.
func (c *testRules) Run(ctx context.Context, s streams) error {
	o := trial.Options{Files: c.Files}
	if len(c.Only) > 0 {
		only, err := regexp.Compile(strings.Join(c.Only, "|"))
		if err != nil {
			return wrongUse(s, fmt.Errorf("--run: %w", err))
		}
		o.Only = only
	}
	if c.Debug {
		o.Debug = s.err
	}
	failed := false
	var told error
	o.Done = func(r trial.FileResult) {
		failed = failed || !r.OK()
		told = errors.Join(told, r.WriteText(s.out, c.Diff || isTerminal(s.out)))
	}
	results, err := trial.Run(ctx, o)
	if err := errors.Join(err, told); err != nil {
		return fmt.Errorf("test rules: %w", err)
	}
	if c.JUnit != "" {
		if err := writeJUnit(c.JUnit, results); err != nil {
			return fmt.Errorf("test rules: %w", err)
		}
	}
	if failed {
		return errExit(ExitFailed)
	}
	return nil
}

func writeJUnit(path string, results []trial.FileResult) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(trial.WriteJUnit(f, results), f.Close())
}
