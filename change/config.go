package change

import (
	"time"

	"github.com/tocsinhq/tocsin/change/infer"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config of the feed of changes.
type Config struct {
	// Inferred is about changes that nobody told and that are seen in telemetry.
	Inferred infer.Config `yaml:"inferred"`
	// RollbackWindow is how long after a deployment a return to the version before it is
	// taken for its rollback; 0 recognises none.
	RollbackWindow yamldoc.Duration `yaml:"rollback_window"`
	// DeploymentStagesFiles are paths or globs of files that say which stages a deployment
	// goes through, relative to the folder of this file.
	DeploymentStagesFiles []string `yaml:"deployment_stages_files"`
}

// DefaultConfig returns the settings that need no file.
func DefaultConfig() Config {
	return Config{Inferred: infer.DefaultConfig(), RollbackWindow: yamldoc.Duration(72 * time.Hour)}
}

// Validate reports settings that cannot work.
func (c Config) Validate(report func(path, format string, args ...any)) {
	c.Inferred.Validate(yamldoc.Under(report, "inferred"))
	if c.RollbackWindow < 0 {
		report("rollback_window", "want 0 or more, got %s", time.Duration(c.RollbackWindow))
	}
}
