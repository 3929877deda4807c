package changes

import (
	"path"
	"strings"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
)

// Config says whose webhooks tell of changes, and what their names mean here.
type Config struct {
	// AcceptUnsigned takes requests without a proof from any address, for providers
	// without a secret. Otherwise those are taken from this machine only.
	AcceptUnsigned bool `yaml:"accept_unsigned"`
	// Services says which service is meant by a provider's name: a repository
	// (acme/shop), one with an environment (acme/shop/production), an application, a
	// project, a workspace, a flag. Case does not matter. What is not named here is the
	// service of its last part: acme/shop is shop.
	Services map[string]string `yaml:"services"`
	// Environments says which environment is meant by a provider's name of one.
	Environments map[string]string `yaml:"environments"`
	// GitHub sends deployments, runs of workflows, releases and pushes.
	GitHub GitHubConfig `yaml:"github"`
}

// SenderConfig is what every provider has.
type SenderConfig struct {
	// Secrets are what the provider signs with, or shows; any of them is right.
	Secrets hook.Secrets `yaml:"secrets"`
	// Environment is that of changes for which the provider names none.
	Environment string `yaml:"environment"`
}

// GitHubConfig is about the webhooks of GitHub.
type GitHubConfig struct {
	SenderConfig `yaml:",inline"`
	// Branches are those whose pushes and runs of workflows are changes, as patterns
	// with * and ?. Without any, no push is one, and a run is one on the default branch.
	Branches []string `yaml:"branches"`
	// Workflows are those whose runs are changes: patterns for the name of the workflow
	// or of its file.
	Workflows []string `yaml:"workflows"`
}

// DefaultConfig returns settings with which webhooks are taken from this machine.
func DefaultConfig() Config {
	return Config{
		GitHub: GitHubConfig{Workflows: deployNames()},
	}
}

// deployNames are the names of workflows that deploy, when nobody says which do.
func deployNames() []string {
	return []string{"[Dd]eploy*", "*[ -_][Dd]eploy*", "[Rr]elease*"}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	checkNames(c.Services, "services", report)
	checkNames(c.Environments, "environments", report)
	for _, s := range c.senders() {
		s.sender.Secrets.Validate(func(p, format string, args ...any) { report(s.name+".secrets"+p, format, args...) })
	}
	checkPatterns(c.GitHub.Branches, "github.branches", report)
	checkPatterns(c.GitHub.Workflows, "github.workflows", report)
}

// named is a provider's settings under their name.
type named struct {
	name   string
	sender SenderConfig
}

func (c Config) senders() []named {
	return []named{
		{"github", c.GitHub.SenderConfig},
	}
}

func checkNames(m map[string]string, at string, report func(path, format string, args ...any)) {
	for from, to := range m {
		if strings.TrimSpace(to) == "" {
			report(at+"."+from, "want a name, got %q", to)
		}
	}
}

func checkPatterns(list []string, at string, report func(path, format string, args ...any)) {
	for _, p := range list {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			report(at, "want patterns with *, ? and [a-z], got %q", p)
		}
	}
}

// naming is how a provider's names are read.
func (c Config) naming(s SenderConfig) hook.Naming {
	return hook.Naming{Services: lower(c.Services), Environments: lower(c.Environments), Environment: s.Environment}
}

func lower(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[strings.ToLower(k)] = v
	}
	return out
}
