package tail

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says which files are read.
type Config struct {
	// Files are groups of files that have something in common.
	Files []Files `yaml:"files"`
	// PollInterval is how often files are looked at for more.
	PollInterval yamldoc.Duration `yaml:"poll_interval"`
	// ScanInterval is how often new files are looked for.
	ScanInterval yamldoc.Duration `yaml:"scan_interval"`
	// MaxFiles bounds the files that are open at a time.
	MaxFiles int `yaml:"max_files"`
	// TimeZone is that of times in lines that name none. Empty: that of this machine.
	TimeZone string `yaml:"time_zone"`
}

// Files is one group.
type Files struct {
	// Paths are files or patterns of them, such as /var/log/app/*.log; ** is not known.
	// Compressed files are left out.
	Paths []string `yaml:"paths"`
	// Exclude are patterns of paths or of names that are left out.
	Exclude []string `yaml:"exclude"`
	// Service is that of the records, unless they are JSON that names another. Empty: the name of the file
	// without its end.
	Service string `yaml:"service"`
	// Labels are put on all records.
	Labels map[string]string `yaml:"labels"`
	// FromStart reads files that are there at the first start from their beginning.
	// Otherwise reading begins at their end. Later files are always read whole.
	FromStart bool `yaml:"from_start"`
}

// DefaultConfig returns a configuration without files.
func DefaultConfig() Config {
	return Config{
		PollInterval: yamldoc.Duration(250 * time.Millisecond),
		ScanInterval: yamldoc.Duration(5 * time.Second),
		MaxFiles:     1000,
	}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	for i, g := range c.Files {
		under := yamldoc.Under(report, fmt.Sprintf("files[%d]", i))
		if len(g.Paths) == 0 {
			under("paths", "want at least one path or pattern, got none")
		}
		for _, p := range g.Paths {
			if _, err := filepath.Match(p, ""); err != nil {
				under("paths", "%q is not a pattern: %s", p, err)
			} else if !filepath.IsAbs(p) {
				under("paths", "want an absolute path, got %q", p)
			}
		}
		for _, p := range g.Exclude {
			if _, err := filepath.Match(p, ""); err != nil {
				under("exclude", "%q is not a pattern: %s", p, err)
			}
		}
		for name := range g.Labels {
			if name == "" {
				under("labels", "want names, got an empty one")
			}
		}
	}
	if c.PollInterval.Std() < 10*time.Millisecond {
		report("poll_interval", "want at least 10ms, got %s", c.PollInterval)
	}
	if c.ScanInterval < c.PollInterval {
		report("scan_interval", "want at least poll_interval = %s, got %s", c.PollInterval, c.ScanInterval)
	}
	if c.MaxFiles < 1 {
		report("max_files", "want at least 1, got %d", c.MaxFiles)
	}
	if _, err := c.location(); err != nil {
		report("time_zone", "want a name such as UTC or Europe/Berlin, got %q: %s", c.TimeZone, err)
	}
}

func (c Config) location() (*time.Location, error) {
	if c.TimeZone == "" {
		return time.Local, nil
	}
	return time.LoadLocation(c.TimeZone)
}
