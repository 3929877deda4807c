package journald

import (
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config says whether and what of this machine's journal is read. Journals of other
// machines come by systemd-journal-upload, for which nothing needs to be set.
type Config struct {
	// Follow reads the journal of this machine with journalctl.
	Follow bool `yaml:"follow"`
	// Command is the path of journalctl.
	Command string `yaml:"command"`
	// Units are the systemd units that are read, such as nginx.service; patterns are
	// those of journalctl. Empty: all.
	Units []string `yaml:"units"`
	// Directory is that of the journal. Empty: that of the machine.
	Directory string `yaml:"directory"`
	// Since is how far back is read the first time; afterwards it goes on where it ended.
	Since yamldoc.Duration `yaml:"since"`
}

// DefaultConfig returns a configuration that reads nothing.
func DefaultConfig() Config {
	return Config{Command: "journalctl", Since: yamldoc.Duration(time.Hour)}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if c.Follow && c.Command == "" {
		report("command", "want the path of journalctl, got none")
	}
	if c.Since < 0 {
		report("since", "want a duration that is not negative, got %s", c.Since)
	}
	for _, u := range c.Units {
		if u == "" {
			report("units", "want names of units, got an empty one")
		}
	}
}
