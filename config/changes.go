package config

import (
	"github.com/tocsinhq/tocsin/change"
)

// Changes is all about changes.
type Changes struct {
	// Feed is about those that are known.
	Feed change.Config `yaml:",inline"`
}

func defaultChanges() Changes { return Changes{Feed: change.DefaultConfig()} }

// Validate reports settings that cannot work.
func (c Changes) Validate(report func(path, format string, args ...any)) { c.Feed.Validate(report) }
