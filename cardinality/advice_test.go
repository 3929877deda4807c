package cardinality_test

import (
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v3"

	"github.com/tocsinhq/tocsin/cardinality"
)

// kept applies a snippet as Prometheus does.
func kept(t *testing.T, snippet string, l labels.Labels) bool {
	t.Helper()
	var c struct {
		Configs []*relabel.Config `yaml:"write_relabel_configs"`
	}
	if err := yaml.Unmarshal([]byte(snippet), &c); err != nil || len(c.Configs) == 0 {
		t.Fatalf("%v in\n%s", err, snippet)
	}
	for _, x := range c.Configs {
		x.NameValidationScheme = model.UTF8Validation
		if err := x.Validate(model.UTF8Validation); err != nil {
			t.Fatalf("%v in\n%s", err, snippet)
		}
	}
	return relabel.ProcessBuilder(labels.NewBuilder(l), c.Configs...)
}

func TestAdvice_Snippets_DropWhatTheySay(t *testing.T) {
	leak := labels.FromStrings("__name__", "a.b", "user_id", "7", "path", `/x"(`)
	without := labels.FromStrings("__name__", "a.b", "path", "/y")
	other := labels.FromStrings("__name__", "axb", "user_id", "7")
	for _, tt := range []struct {
		name                 string
		snippet              string
		leak, without, other bool
	}{
		{"metric with label", cardinality.AdviseMetric("a.b", "user_id")[1].Snippet, false, true, true},
		{"metric", cardinality.AdviseMetric("a.b", "")[0].Snippet, false, false, true},
		{"label", cardinality.AdviseLabel("user_id", 1000)[1].Snippet, false, true, false},
		{"pair", cardinality.AdvisePair("path", `/x"(`)[0].Snippet, false, true, true},
	} {
		for _, x := range []struct {
			l    labels.Labels
			want bool
		}{{leak, tt.leak}, {without, tt.without}, {other, tt.other}} {
			if got := kept(t, tt.snippet, x.l); got != x.want {
				t.Errorf("%s: %s: kept %v, want %v by\n%s", tt.name, x.l, got, x.want, tt.snippet)
			}
		}
	}
	if got := cardinality.AdviseLabel("code", 5); got != nil {
		t.Errorf("a label with few values: got %v", got)
	}
	if got := cardinality.AdviseService(""); !strings.Contains(got[0].Text, "no service") {
		t.Errorf("got %v", got)
	}
}

func TestCulprit(t *testing.T) {
	counts := []cardinality.LabelCount{{"instance", 9000}, {"path", 500}, {"user_id", 300}, {"code", 3}}
	never := func(string) bool { return false }
	for _, tt := range []struct {
		least int
		fresh func(string) bool
		want  string
	}{
		{100, never, "path"},
		{100, func(n string) bool { return n == "user_id" }, "user_id"},
		{100, func(n string) bool { return n == "code" }, "path"},
		{1000, never, ""},
	} {
		if got := cardinality.Culprit(counts, tt.least, tt.fresh); got != tt.want {
			t.Errorf("at least %d: got %q, want %q", tt.least, got, tt.want)
		}
	}
}
