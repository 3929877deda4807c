package template

import "fmt"

// Config bounds the miner. One configuration serves all logs.
type Config struct {
	// MaxTemplates bounds the templates of all services together; the least recently seen of the
	// service that needs room goes first. A template takes about 1 KiB. 100 to 1000000.
	MaxTemplates int `yaml:"max_templates"`
	// MaxPerService bounds the templates of one service. When it is full, a line unlike all others
	// must come twice before it is a template of its own. 10 to max_templates.
	MaxPerService int `yaml:"max_per_service"`
	// MaxServices bounds the services whose lines are told apart; lines of further ones are mined
	// together. 1 to 100000.
	MaxServices int `yaml:"max_services"`
	// VaryAfter is how many different words must be seen at a place, all else being equal, for the
	// place to be a variable. Fewer make it easier to mistake two events for one. 3 to 16.
	VaryAfter int `yaml:"vary_after"`
}

// DefaultConfig returns bounds for about 24 MiB.
func DefaultConfig() Config {
	return Config{MaxTemplates: 20000, MaxPerService: 4000, MaxServices: 2000, VaryAfter: 6}
}

// Validate returns what is wrong with the configuration, nil if nothing is.
func (c *Config) Validate() error {
	switch {
	case c.MaxTemplates < 100 || c.MaxTemplates > 1_000_000:
		return fmt.Errorf("max_templates is %d, must be from 100 to 1000000", c.MaxTemplates)
	case c.MaxPerService < 10 || c.MaxPerService > c.MaxTemplates:
		return fmt.Errorf("max_per_service is %d, must be from 10 to max_templates, which is %d", c.MaxPerService, c.MaxTemplates)
	case c.MaxServices < 1 || c.MaxServices > 100_000:
		return fmt.Errorf("max_services is %d, must be from 1 to 100000", c.MaxServices)
	case c.VaryAfter < 3 || c.VaryAfter > 16:
		return fmt.Errorf("vary_after is %d, must be from 3 to 16", c.VaryAfter)
	}
	return nil
}
