package changes_test

import (
	"slices"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/mapped"
)

func problems(c changes.Config) []string {
	got := []string{}
	c.Validate(func(path, format string, args ...any) { got = append(got, path) })
	slices.Sort(got)
	return got
}

func TestConfig_Default_IsRight(t *testing.T) {
	if got := problems(changes.DefaultConfig()); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestConfig_Validate_NamesEverySettingThatIsWrong(t *testing.T) {
	c := changes.DefaultConfig()
	c.Services, c.Environments = map[string]string{"acme/shop": " "}, map[string]string{"production": ""}
	c.GitHub.Secrets, c.GitHub.Branches = hook.Secrets{"short"}, []string{"["}
	c.GitLab.Tags = []string{""}
	c.Flux.OnlyEnvironments = []string{"["}
	c.Sentry.Record = "everything"
	fields := map[string]string{"service": "x"}
	c.Webhooks = []mapped.Config{{Name: "github", Fields: fields}, {Name: "a", Fields: fields}, {Name: "b", Path: "a", Fields: fields}, {Name: "c"}}
	want := []string{"environments.production", "flux.only_environments", "github.branches", "github.secrets[0]", "gitlab.tags", "sentry.record", "services.acme/shop",
		"webhooks[0].name", "webhooks[0].path", "webhooks[2].path", "webhooks[3].fields"}
	if got := problems(c); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
