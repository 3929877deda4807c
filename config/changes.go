package config

import (
	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/ingest/changes"
)

// Changes is all about changes.
type Changes struct {
	// Feed is about those that are known.
	Feed change.Config `yaml:",inline"`
	// Hooks is about who sends them.
	Hooks changes.Config `yaml:",inline"`
}

func defaultChanges() Changes {
	return Changes{Feed: change.DefaultConfig(), Hooks: changes.DefaultConfig()}
}

// Validate reports settings that cannot work.
func (c Changes) Validate(report func(path, format string, args ...any)) {
	c.Feed.Validate(report)
	c.Hooks.Validate(report)
}
