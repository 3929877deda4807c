package cli

import (
	"errors"
	"path/filepath"

	"github.com/tocsinhq/tocsin/app"
	"github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/rules"
)

// readRuleFiles reads files with alerts:, groups: or signals:, in any mixture,
// under the rules section c, whose own files are left out.
func readRuleFiles(c rules.Config, files []string) (rules.RuleSet, error) {
	c.AlertFiles, c.RuleFiles, c.SignalFiles, c.SLOFiles = nil, nil, nil, nil
	var errs []error
	for _, f := range files {
		kind, err := rules.FileKind(f)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		switch kind {
		case rules.KindAlerts:
			c.AlertFiles = append(c.AlertFiles, f)
		case rules.KindGroups:
			c.RuleFiles = append(c.RuleFiles, f)
		case rules.KindSignals:
			c.SignalFiles = append(c.SignalFiles, f)
		case rules.KindSLOs:
			c.SLOFiles = append(c.SLOFiles, f)
		}
	}
	set, err := app.ReadRules(c, "", false)
	return set, errors.Join(append(errs, err)...)
}

// readConfigured reads a configuration and the rules that it names.
func readConfigured(path string) (config.Config, rules.RuleSet, error) {
	cfg, errs := config.Load(path)
	if err := errs.Err(); err != nil {
		return cfg, rules.RuleSet{}, err
	}
	set, err := app.ReadRules(cfg.Rules, filepath.Dir(path), false)
	return cfg, set, err
}
