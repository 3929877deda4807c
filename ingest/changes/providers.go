package changes

import (
	"time"

	"github.com/tocsinhq/tocsin/ingest/changes/github"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
)

// provider is one name under which changes are posted.
type provider struct {
	secrets hook.Secrets
	setting string // where its secrets stand in the configuration
	// proof says where a request shows that it knows a secret, for people.
	proof string
	// verify returns nil if it does, else what is wrong.
	verify func(r hook.Request, now time.Time) bool
	decode func(r hook.Request) (hook.Outcome, error)
}

// plan is what a configuration makes of the requests to each name.
type plan struct {
	acceptUnsigned bool
	providers      map[string]provider
}

func newPlan(c Config) *plan {
	p := &plan{acceptUnsigned: c.AcceptUnsigned, providers: map[string]provider{
		"github": {
			secrets: c.GitHub.Secrets, proof: "the header X-Hub-Signature-256",
			verify: func(r hook.Request, _ time.Time) bool { return github.Verify(r, c.GitHub.Secrets) },
			decode: func(r hook.Request) (hook.Outcome, error) {
				return github.Decode(r, github.Options{Naming: c.naming(c.GitHub.SenderConfig), Branches: c.GitHub.Branches, Workflows: c.GitHub.Workflows})
			},
		},
	}}
	for name, x := range p.providers {
		x.setting = "changes." + name + ".secrets"
		p.providers[name] = x
	}
	return p
}

// bearer checks a key that is shown in the header Authorization.
func bearer(secrets hook.Secrets) func(hook.Request, time.Time) bool {
	return func(r hook.Request, _ time.Time) bool {
		shown := hook.Bearer(r.Header)
		return shown != "" && secrets.Any(func(s string) bool { return hook.Equal(shown, s) })
	}
}

const bearerProof = "the header Authorization: Bearer"
