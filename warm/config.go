package warm

import (
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store/remote"
)

// Config says from where, beside the store, series get a history.
type Config struct {
	// Config is the server; an empty url is none, and then only the store is
	// used.
	remote.Config `yaml:",inline"`
	// Lookback is how much history is read from the server. A week is what a
	// weekly season takes. Range 1 hour to 400 days.
	Lookback yamldoc.Duration `yaml:"lookback"`
	// Match are the series selectors of what is read from the server, such as
	// {job="api"}; none is every series.
	Match []string `yaml:"match"`
	// Labels are added to each series of the server: the external labels under
	// which its series come in here.
	Labels map[string]string `yaml:"labels"`
	// Workers is how many series are warmed at once, from the server and from
	// the store. Range 1 to 64.
	Workers int `yaml:"workers"`
}

// DefaultConfig returns the settings of a daemon that has no server to ask.
func DefaultConfig() Config {
	return Config{Config: remote.DefaultConfig(), Lookback: yamldoc.Duration(14 * 24 * time.Hour), Workers: 2}
}

// Validate reports every setting that cannot work, by its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	c.Config.Validate(report)
	if d := c.Lookback.Std(); d < time.Hour || d > 400*24*time.Hour {
		report("lookback", "want a duration from 1h to 400d, got %q", c.Lookback)
	}
	if c.Workers < 1 || c.Workers > 64 {
		report("workers", "want a number from 1 to 64, got %d", c.Workers)
	}
	p := parser.NewParser(parser.Options{})
	for i, s := range c.Match {
		if _, err := p.ParseMetricSelector(s); err != nil {
			report(fmt.Sprintf("match[%d]", i), "want a series selector such as {job=\"api\"}, got %q: %v", s, err)
		}
	}
	for name := range c.Labels {
		if name == "" || name == labels.MetricName {
			report("labels", "want the names of labels, got %q", name)
		}
	}
}

// selectors returns what the server is asked for.
func (c Config) selectors() []string {
	if len(c.Match) == 0 {
		return []string{`{__name__=~".+"}`}
	}
	return c.Match
}
