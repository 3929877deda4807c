package otlp_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	promconfig "github.com/prometheus/prometheus/config"

	"github.com/tocsinhq/tocsin/ingest/otlp"
)

func TestConfig_Validate(t *testing.T) {
	for _, tt := range []struct {
		change func(*otlp.Config)
		want   string
	}{
		{func(*otlp.Config) {}, ""},
		{func(c *otlp.Config) { c.GRPCListenAddress = "127.0.0.1:4317" }, ""},
		{func(c *otlp.Config) { c.GRPCListenAddress = "4317" }, `grpc_listen_address: want host:port such as 127.0.0.1:4317, got "4317"`},
		{func(c *otlp.Config) { c.TranslationStrategy = "None" }, `translation_strategy: want one of UnderscoreEscapingWithSuffixes, `},
		{func(c *otlp.Config) { c.PromoteResourceAttributes = []string{"a", ""} }, `promote_resource_attributes: want names of attributes, got an empty one`},
		{func(c *otlp.Config) { c.InstanceAttributes = []string{""} }, `instance_attributes: want names`},
		{func(c *otlp.Config) {
			c.PromoteAllResourceAttributes, c.PromoteResourceAttributes = true, []string{"a"}
		}, `promote_resource_attributes: has no effect beside`},
		{func(c *otlp.Config) { c.PromoteAllResourceAttributes = true }, ""},
		{func(c *otlp.Config) { c.IgnoreResourceAttributes = []string{"a"} }, `ignore_resource_attributes: has an effect only with`},
		{func(c *otlp.Config) { c.MaxDeltaSeries = 0 }, `max_delta_series: want at least 1, got 0`},
	} {
		c := otlp.DefaultConfig()
		tt.change(&c)
		var got []string
		c.Validate(func(path, format string, args ...any) { got = append(got, path+": "+fmt.Sprintf(format, args...)) })
		if all := strings.Join(got, "; "); (all == "") != (tt.want == "") || !strings.Contains(all, tt.want) {
			t.Errorf("got %q, want %q", all, tt.want)
		}
	}
}

// TestConfig_TakesTheSectionOfPrometheus: what prometheus.yml can say about OTLP can be
// said here by the same names.
func TestConfig_TakesTheSectionOfPrometheus(t *testing.T) {
	ours := map[string]bool{}
	for f := range reflect.TypeFor[otlp.Config]().Fields() {
		ours[f.Tag.Get("yaml")] = true
	}
	n := 0
	for f := range reflect.TypeFor[promconfig.OTLPConfig]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		n++
		if !ours[name] {
			t.Errorf("there is no setting %s", name)
		}
	}
	if n < 8 {
		t.Errorf("found %d settings of Prometheus", n)
	}
}
