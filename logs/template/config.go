package template

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

// Validate calls report for each setting that cannot work, with its name.
func (c Config) Validate(report func(path, format string, args ...any)) {
	between := func(name string, got, low, high int) {
		if got < low || got > high {
			report(name, "want %d to %d, got %d", low, high, got)
		}
	}
	between("max_templates", c.MaxTemplates, 100, 1_000_000)
	between("max_per_service", c.MaxPerService, 10, max(10, c.MaxTemplates))
	between("max_services", c.MaxServices, 1, 100_000)
	between("vary_after", c.VaryAfter, 3, 16)
}
