package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/slo"
)

type checkCommand struct {
	Config checkConfig `cmd:"" help:"Check a configuration file and every file of rules and scrape jobs that it names."`
	Rules  checkRules  `cmd:"" help:"Check alerts.yml, service level objectives and Prometheus rule files."`
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
	if _, err := stage.Read(cfg.Changes.Feed.DeploymentStagesFiles, filepath.Dir(c.File)); err != nil {
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
	Files   []string `arg:"" type:"path" help:"Files with alerts:, slos:, signals: or groups:, in any mixture."`
	Explain bool     `help:"Print what each alert and objective asks, its signals and its PromQL, and who is told."`
}

func (c *checkRules) Run(_ context.Context, s streams) error {
	cfg := config.Default().Rules
	set, err := readRuleFiles(cfg, c.Files)
	if err != nil {
		return refused(s, err)
	}
	if c.Explain {
		if err := explain(s.out, set, cfg); err != nil {
			return err
		}
	}
	for _, f := range c.Files {
		fmt.Fprintf(s.out, "%s: ok\n", f)
	}
	return nil
}

// explain prints what each alert and each objective is evaluated as.
func explain(w io.Writer, set rules.RuleSet, cfg rules.Config) error {
	for _, f := range set.Alerts {
		for _, r := range f.Alerts {
			if err := r.WriteExplanation(w); err != nil {
				return err
			}
		}
	}
	for _, f := range set.SLOs {
		for _, o := range f.Objectives {
			if err := o.WriteExplanation(w, slo.StepsFor(cfg.Interval.Std())); err != nil {
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
