package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/rules"
)

type checkCommand struct {
	Config checkConfig `cmd:"" help:"Check a configuration file and every file of rules and scrape jobs that it names."`
	Rules  checkRules  `cmd:"" help:"Check alerts.yml and Prometheus rule files."`
}

type checkConfig struct {
	File string `arg:"" type:"path" help:"Configuration file."`
}

// Run prints every error, one on a line, and fails when there is one.
func (c *checkConfig) Run(_ context.Context, s streams) error {
	cfg, errs := config.Load(c.File)
	if err := errs.Err(); err != nil {
		return refused(s, err)
	}
	set, err := app.ReadRules(cfg.Rules, filepath.Dir(c.File), false)
	if err != nil {
		return refused(s, err)
	}
	if err := app.CheckAlertmanager(cfg, filepath.Dir(c.File)); err != nil {
		return refused(s, err)
	}
	jobs, _, err := app.ReadPrometheus(cfg, filepath.Dir(c.File))
	if err != nil {
		return refused(s, err)
	}
	for _, w := range append(app.Warnings(cfg, set), jobs.Notes...) {
		fmt.Fprintln(s.out, "warning:", w)
	}
	_, err = fmt.Fprintf(s.out, "%s: ok\n", c.File)
	return err
}

type checkRules struct {
	Files   []string `arg:"" type:"path" help:"Files with alerts: or groups:, in any mixture."`
	Explain bool     `help:"Print the PromQL that each alert compiles to."`
}

func (c *checkRules) Run(_ context.Context, s streams) error {
	set, err := readRuleFiles(config.Default().Rules, c.Files)
	if err != nil {
		return refused(s, err)
	}
	if c.Explain {
		if err := explain(s.out, set); err != nil {
			return err
		}
	}
	for _, f := range c.Files {
		fmt.Fprintf(s.out, "%s: ok\n", f)
	}
	return nil
}

// explain prints what each alert of an alerts.yml is evaluated as.
func explain(w io.Writer, set rules.RuleSet) error {
	for _, f := range set.Alerts {
		for _, r := range f.Alerts {
			if err := r.WriteExplanation(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// refused prints errors as they are and leaves with ExitFailed.
func refused(s streams, err error) error {
	fmt.Fprintln(s.err, err)
	return errExit(ExitFailed)
}
