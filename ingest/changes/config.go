package changes

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/mapped"
	"github.com/tocsinhq/tocsin/ingest/changes/sentrycli"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
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
	// GitLab sends deployments, pipelines, releases and tags.
	GitLab GitLabConfig `yaml:"gitlab"`
	// ArgoCD sends what its applications deploy.
	ArgoCD SenderConfig `yaml:"argocd"`
	// ArgoRollouts sends how rollouts go.
	ArgoRollouts SenderConfig `yaml:"argo-rollouts"`
	// Flux sends what its Kustomizations and HelmReleases apply.
	Flux SenderConfig `yaml:"flux"`
	// Sentry is about what sentry-cli tells of releases and deploys.
	Sentry SentryConfig `yaml:"sentry"`
	// LaunchDarkly sends changes of flags.
	LaunchDarkly SenderConfig `yaml:"launchdarkly"`
	// Unleash sends changes of flags.
	Unleash SenderConfig `yaml:"unleash"`
	// Terraform sends the runs of HCP Terraform and Terraform Enterprise.
	Terraform SenderConfig `yaml:"terraform"`
	// Ansible sends what playbooks alter, by the plugin deploy/ansible/tocsin.py.
	Ansible SenderConfig `yaml:"ansible"`
	// Webhooks are of any other form, by templates.
	Webhooks []mapped.Config `yaml:"webhooks"`
}

// SenderConfig is what every provider has.
type SenderConfig struct {
	// Secrets are what the provider signs with, or shows; any of them is right.
	Secrets hook.Secrets `yaml:"secrets"`
	// Environment is that of changes for which the provider names none.
	Environment string `yaml:"environment"`
	// OnlyEnvironments are patterns with * and ? for those whose changes count, by our names of
	// them. Empty: all.
	OnlyEnvironments []string `yaml:"only_environments"`
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

// GitLabConfig is about the webhooks of GitLab.
type GitLabConfig struct {
	SenderConfig `yaml:",inline"`
	// Branches are those whose pipelines are changes, as patterns with * and ?. Without any, no
	// pipeline is one: GitLab tells of its deployments beside it.
	Branches []string `yaml:"branches"`
	// Tags are those whose push is a change, likewise.
	Tags []string `yaml:"tags"`
}

// SentryConfig is about the calls of sentry-cli.
type SentryConfig struct {
	SenderConfig `yaml:",inline"`
	// Record says what is a change: deploys, each with its environment; releases, from
	// new to finalize; or both.
	Record sentrycli.Record `yaml:"record"`
}

// DefaultConfig returns settings with which webhooks are taken from this machine.
func DefaultConfig() Config {
	return Config{
		GitHub: GitHubConfig{Workflows: deployNames()},
		Sentry: SentryConfig{Record: sentrycli.RecordDeploys},
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
		checkPatterns(s.sender.OnlyEnvironments, s.name+".only_environments", report)
	}
	checkPatterns(c.GitHub.Branches, "github.branches", report)
	checkPatterns(c.GitHub.Workflows, "github.workflows", report)
	checkPatterns(c.GitLab.Branches, "gitlab.branches", report)
	checkPatterns(c.GitLab.Tags, "gitlab.tags", report)
	if !slices.Contains(sentrycli.Records, c.Sentry.Record) {
		report("sentry.record", "want one of %v, got %q", sentrycli.Records, c.Sentry.Record)
	}
	c.checkWebhooks(report)
}

// named is a provider's settings under their name.
type named struct {
	name   string
	sender SenderConfig
}

func (c Config) senders() []named {
	return []named{
		{"github", c.GitHub.SenderConfig}, {"gitlab", c.GitLab.SenderConfig}, {"argocd", c.ArgoCD}, {"argo-rollouts", c.ArgoRollouts}, {"flux", c.Flux},
		{"sentry", c.Sentry.SenderConfig}, {"launchdarkly", c.LaunchDarkly}, {"unleash", c.Unleash}, {"terraform", c.Terraform}, {"ansible", c.Ansible},
	}
}

// checkWebhooks reports webhooks that cannot work or stand in the way of another.
func (c Config) checkWebhooks(report func(path, format string, args ...any)) {
	taken := map[string]string{}
	for _, s := range c.senders() {
		taken[s.name] = "the provider " + s.name
	}
	for i, w := range c.Webhooks {
		at := "webhooks[" + strconv.Itoa(i) + "]"
		w.Validate(yamldoc.Under(report, at))
		for field, name := range map[string]string{"name": w.Name, "path": w.At()} {
			if other := taken[name]; other != "" {
				report(at+"."+field, "%q is taken by %s", name, other)
			}
		}
		taken[w.At()], taken[w.Name] = at, at
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
