package changes

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/ingest/changes/ansible"
	"github.com/tocsinhq/tocsin/ingest/changes/argocd"
	"github.com/tocsinhq/tocsin/ingest/changes/flux"
	"github.com/tocsinhq/tocsin/ingest/changes/github"
	"github.com/tocsinhq/tocsin/ingest/changes/gitlab"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/launchdarkly"
	"github.com/tocsinhq/tocsin/ingest/changes/mapped"
	"github.com/tocsinhq/tocsin/ingest/changes/sentrycli"
	"github.com/tocsinhq/tocsin/ingest/changes/terraform"
	"github.com/tocsinhq/tocsin/ingest/changes/unleash"
)

// provider is one name under which changes are posted.
type provider struct {
	name    string // in metrics and answers
	secrets hook.Secrets
	setting string // where its secrets stand in the configuration
	// proof says where a request shows that it knows a secret, for people.
	proof string
	// verify reports whether it does.
	verify func(r hook.Request, now time.Time) bool
	decode func(r hook.Request) (hook.Outcome, error)
}

// plan is what a configuration makes of the requests to each path.
type plan struct {
	acceptUnsigned bool
	providers      map[string]provider // by the last part of the path
	sentry         provider            // without decode
	sentryNaming   hook.Naming
	sentryRecord   sentrycli.Record
	sentryOnly     []string // environments
}

// signed checks by the body, whatever the time.
func signed(verify func(hook.Request, hook.Secrets) bool) func(hook.Request, hook.Secrets, time.Time) bool {
	return func(r hook.Request, s hook.Secrets, _ time.Time) bool { return verify(r, s) }
}

// bearer checks a key that is shown in the header Authorization.
func bearer(r hook.Request, secrets hook.Secrets) bool {
	shown := hook.Bearer(r.Header)
	return shown != "" && secrets.Any(func(s string) bool { return hook.Equal(shown, s) })
}

const bearerProof = "the key in the header Authorization"

func newPlan(c Config) *plan {
	p := &plan{acceptUnsigned: c.AcceptUnsigned, providers: map[string]provider{}}
	built := func(name, proof string, s SenderConfig, verify func(hook.Request, hook.Secrets, time.Time) bool, decode func(hook.Request, hook.Naming) (hook.Outcome, error)) provider {
		naming := c.naming(s)
		x := provider{
			name: name, secrets: s.Secrets, setting: "changes." + name + ".secrets", proof: proof,
			verify: func(r hook.Request, now time.Time) bool { return verify(r, s.Secrets, now) },
			decode: func(r hook.Request) (hook.Outcome, error) {
				out, err := decode(r, naming)
				out.Only(s.OnlyEnvironments)
				return out, err
			},
		}
		p.providers[name] = x
		return x
	}
	built("github", "the header X-Hub-Signature-256", c.GitHub.SenderConfig, signed(github.Verify), func(r hook.Request, n hook.Naming) (hook.Outcome, error) {
		return github.Decode(r, github.Options{Naming: n, Branches: c.GitHub.Branches, Workflows: c.GitHub.Workflows})
	})
	built("gitlab", "the header webhook-signature or X-Gitlab-Token", c.GitLab.SenderConfig, gitlab.Verify, func(r hook.Request, n hook.Naming) (hook.Outcome, error) {
		return gitlab.Decode(r, gitlab.Options{Naming: n, Branches: c.GitLab.Branches, Tags: c.GitLab.Tags})
	})
	built("argocd", bearerProof, c.ArgoCD, signed(bearer), argocd.Decode)
	built("argo-rollouts", bearerProof, c.ArgoRollouts, signed(bearer), argocd.DecodeRollout)
	built("flux", "the header X-Signature or Authorization", c.Flux, signed(flux.Verify), flux.Decode)
	built("launchdarkly", "the header X-LD-Signature", c.LaunchDarkly, signed(launchdarkly.Verify), launchdarkly.Decode)
	built("unleash", bearerProof, c.Unleash, signed(bearer), unleash.Decode)
	built("terraform", "the header X-TFE-Notification-Signature", c.Terraform, signed(terraform.Verify), terraform.Decode)
	built("ansible", bearerProof, c.Ansible, signed(bearer), ansible.Decode)
	p.sentry = built("sentry", bearerProof, c.Sentry.SenderConfig, signed(bearer), nil)
	delete(p.providers, "sentry") // sentry-cli posts elsewhere
	p.sentryNaming, p.sentryRecord, p.sentryOnly = c.naming(c.Sentry.SenderConfig), c.Sentry.Record, c.Sentry.OnlyEnvironments
	for _, w := range c.Webhooks {
		m, err := mapped.New(w, c.naming(SenderConfig{}))
		if err != nil {
			continue // Validate has refused it
		}
		p.providers[w.At()] = provider{
			name: w.Name, secrets: w.Secrets, setting: "the secrets of " + w.Name + " in changes.webhooks", proof: "the header " + hook.First(w.Header, "Authorization"),
			verify: func(r hook.Request, _ time.Time) bool { return m.Verify(r) }, decode: m.Decode,
		}
	}
	return p
}

// names lists the last parts of the paths.
func (p *plan) names() string { return strings.Join(slices.Sorted(maps.Keys(p.providers)), ", ") }
