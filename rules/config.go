package rules

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config is the `rules:` section of the configuration.
type Config struct {
	// Interval is the time between evaluations of signals and alerts, and of
	// groups of Prometheus rule files that give none of their own.
	Interval yamldoc.Duration `yaml:"interval"`
	// RateWindow is the range over which signals take the rates of counters.
	// It should hold at least four samples of the slowest sender.
	RateWindow yamldoc.Duration `yaml:"rate_window"`
	// QueryOffset makes all rules look at data this much older than the time
	// of evaluation, for senders that deliver late.
	QueryOffset yamldoc.Duration `yaml:"query_offset"`
	// AlertFiles are paths or globs of files with a top-level `alerts:` list.
	AlertFiles []string `yaml:"alert_files"`
	// RuleFiles are paths or globs of Prometheus rule files.
	RuleFiles []string `yaml:"rule_files"`
	// SignalFiles are paths or globs of files with a top-level `signals:` list
	// that extend or replace the shipped catalogue.
	SignalFiles []string `yaml:"signal_files"`
	// SLOFiles are paths or globs of files with a top-level `slos:` list of
	// service level objectives.
	SLOFiles []string `yaml:"slo_files"`
	// EnvironmentLabels are asked in order for the environment of a series.
	EnvironmentLabels []string `yaml:"environment_labels"`
	// OutageTolerance is the longest time that Tocsin may have been down for
	// the `for` of pending alerts to go on where it was.
	OutageTolerance yamldoc.Duration `yaml:"outage_tolerance"`
	// RefreshInterval is the least time between two reports of a firing alert
	// whose value changed but whose state did not.
	RefreshInterval yamldoc.Duration `yaml:"refresh_interval"`
	// CloseHeldAfter ends an alert that has been held for lack of data this
	// long, such as one of a host that was taken away; 0 means never.
	CloseHeldAfter yamldoc.Duration `yaml:"close_held_after"`
	// StaleAfter is how long an alert is held before it counts as one with a
	// stale source, if by then nothing comes of the target or service that sends
	// its series; 0 means never.
	StaleAfter yamldoc.Duration `yaml:"stale_after"`
}

// DefaultConfig returns the values of a section that is left out.
func DefaultConfig() Config {
	return Config{
		Interval:          yamldoc.Duration(15 * time.Second),
		RateWindow:        yamldoc.Duration(2 * time.Minute),
		EnvironmentLabels: []string{"environment", "env", "deployment_environment", "deployment_environment_name"},
		OutageTolerance:   yamldoc.Duration(time.Hour),
		RefreshInterval:   yamldoc.Duration(time.Minute),
		CloseHeldAfter:    yamldoc.Duration(7 * 24 * time.Hour),
		StaleAfter:        yamldoc.Duration(5 * time.Minute),
	}
}

// Validate reports everything that cannot work, with the path inside the
// section.
func (c Config) Validate(report func(path, format string, args ...any)) {
	atLeast := func(path string, d yamldoc.Duration, least time.Duration) {
		if d.Std() < least {
			report(path, "want %s or more, got %s", yamldoc.Duration(least), d)
		}
	}
	atLeast("interval", c.Interval, time.Second)
	atLeast("rate_window", c.RateWindow, time.Second)
	if c.RateWindow.Std() >= time.Second && c.RateWindow < 2*c.Interval {
		report("rate_window", "want at least twice the interval %s so that a rate has two samples, got %s", c.Interval, c.RateWindow)
	}
	for path, d := range map[string]yamldoc.Duration{"interval": c.Interval, "rate_window": c.RateWindow} {
		if d.Std()%time.Millisecond != 0 {
			report(path, "want whole milliseconds, got %s", d)
		}
	}
	atLeast("query_offset", c.QueryOffset, 0)
	atLeast("outage_tolerance", c.OutageTolerance, 0)
	atLeast("refresh_interval", c.RefreshInterval, time.Second)
	atLeast("close_held_after", c.CloseHeldAfter, 0)
	atLeast("stale_after", c.StaleAfter, 0)
	if len(c.EnvironmentLabels) == 0 {
		report("environment_labels", "want at least one label, such as environment")
	}
	for i, l := range c.EnvironmentLabels {
		if !model.LegacyValidation.IsValidLabelName(l) {
			report(indexed("environment_labels", i), "want a label name, got %q", l)
		}
	}
	for path, list := range map[string][]string{"alert_files": c.AlertFiles, "rule_files": c.RuleFiles, "signal_files": c.SignalFiles, "slo_files": c.SLOFiles} {
		for i, pattern := range list {
			if _, err := filepath.Match(pattern, ""); err != nil || strings.TrimSpace(pattern) == "" {
				report(indexed(path, i), "want a path or a glob such as rules/*.yml, got %q", pattern)
			}
		}
	}
}
