package scrape

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config is the `scrape:` section of the configuration. Jobs themselves stand in
// `scrape_configs` or in the files that are named here.
type Config struct {
	// ConfigFiles are paths or globs of Prometheus configuration files, whose
	// `scrape_configs`, `scrape_config_files` and `global` are used as they are.
	// Other sections of them have no effect, which is said at the start.
	ConfigFiles []string `yaml:"config_files"`
	// MaxBody bounds the uncompressed answer of a target whose job sets no
	// `body_size_limit`; the scrape of a larger one fails.
	MaxBody yamldoc.Bytes `yaml:"max_body"`
}

// DefaultConfig returns the values of a section that is left out.
func DefaultConfig() Config { return Config{MaxBody: 256 << 20} }

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	for i, pattern := range c.ConfigFiles {
		if _, err := filepath.Match(pattern, ""); err != nil || strings.TrimSpace(pattern) == "" {
			report(fmt.Sprintf("config_files[%d]", i), "want a path or a glob such as prometheus.yml, got %q", pattern)
		}
	}
	if c.MaxBody < 1 {
		report("max_body", "want at least 1B, got %s", c.MaxBody)
	}
}
