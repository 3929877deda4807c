package otlp

import (
	"net"
	"slices"
	"strings"

	"github.com/prometheus/otlptranslator"
)

// Config says how OpenTelemetry metrics are received and named. The settings about
// names and labels are called as in the otlp section of prometheus.yml and mean the
// same.
type Config struct {
	// GRPCListenAddress is where gRPC is listened on, such as 127.0.0.1:4317. Empty:
	// not at all. HTTP is always served, on the address of the pages, at /v1/metrics
	// and /api/v1/otlp/v1/metrics.
	GRPCListenAddress string `yaml:"grpc_listen_address"`
	// TranslationStrategy says what becomes of names: UnderscoreEscapingWithSuffixes
	// (http.server.duration in s is http_server_duration_seconds),
	// UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes or NoTranslation.
	TranslationStrategy string `yaml:"translation_strategy"`
	// PromoteResourceAttributes are attributes of resources that become labels of
	// each series. All others are labels of target_info alone. service.name makes
	// the label service_name, by which series find their service.
	PromoteResourceAttributes []string `yaml:"promote_resource_attributes"`
	// PromoteAllResourceAttributes makes labels of all attributes of resources but
	// those in ignore_resource_attributes.
	PromoteAllResourceAttributes bool `yaml:"promote_all_resource_attributes"`
	// IgnoreResourceAttributes are left out by promote_all_resource_attributes.
	IgnoreResourceAttributes []string `yaml:"ignore_resource_attributes"`
	// KeepIdentifyingResourceAttributes keeps service.name, service.namespace and
	// service.instance.id as labels of target_info, beside job and instance.
	KeepIdentifyingResourceAttributes bool `yaml:"keep_identifying_resource_attributes"`
	// ConvertHistogramsToNHCB stores histograms with explicit bounds as native
	// histograms with custom buckets in place of a series for each bucket.
	ConvertHistogramsToNHCB bool `yaml:"convert_histograms_to_nhcb"`
	// PromoteScopeMetadata makes labels otel_scope_* of the instrumentation scope.
	PromoteScopeMetadata bool `yaml:"promote_scope_metadata"`
	// LabelNameUnderscoreSanitization puts key before labels that begin with an
	// underscore.
	LabelNameUnderscoreSanitization bool `yaml:"label_name_underscore_sanitization"`
	// LabelNamePreserveMultipleUnderscores keeps runs of underscores in labels.
	LabelNamePreserveMultipleUnderscores bool `yaml:"label_name_preserve_multiple_underscores"`
	// InstanceAttributes are attributes of resources that are asked in order for the
	// label instance when there is no service.instance.id, so that two hosts do not
	// write into one series.
	InstanceAttributes []string `yaml:"instance_attributes"`
	// MaxDeltaSeries bounds how many series of delta temporality have their total
	// kept, at about 130 bytes each and more for exponential histograms. The one that
	// was silent for longest gives way; its counter then begins again at 0.
	MaxDeltaSeries int `yaml:"max_delta_series"`
}

// DefaultConfig returns Prometheus' names, with service.name as a label.
func DefaultConfig() Config {
	return Config{
		TranslationStrategy:                  string(otlptranslator.UnderscoreEscapingWithSuffixes),
		PromoteResourceAttributes:            []string{"service.name"},
		LabelNameUnderscoreSanitization:      true,
		LabelNamePreserveMultipleUnderscores: true,
		InstanceAttributes:                   []string{"host.name"},
		MaxDeltaSeries:                       100_000,
	}
}

// strategies are the known values of translation_strategy.
func strategies() []string {
	return []string{
		string(otlptranslator.UnderscoreEscapingWithSuffixes), string(otlptranslator.UnderscoreEscapingWithoutSuffixes),
		string(otlptranslator.NoUTF8EscapingWithSuffixes), string(otlptranslator.NoTranslation),
	}
}

// Validate reports every setting that cannot work, with its path.
func (c Config) Validate(report func(path, format string, args ...any)) {
	if c.GRPCListenAddress != "" {
		if _, _, err := net.SplitHostPort(c.GRPCListenAddress); err != nil {
			report("grpc_listen_address", "want host:port such as 127.0.0.1:4317, got %q", c.GRPCListenAddress)
		}
	}
	if !slices.Contains(strategies(), c.TranslationStrategy) {
		report("translation_strategy", "want one of %s, got %q", strings.Join(strategies(), ", "), c.TranslationStrategy)
	}
	for path, names := range map[string][]string{
		"promote_resource_attributes": c.PromoteResourceAttributes,
		"ignore_resource_attributes":  c.IgnoreResourceAttributes,
		"instance_attributes":         c.InstanceAttributes,
	} {
		if slices.Contains(names, "") {
			report(path, "want names of attributes, got an empty one")
		}
	}
	switch {
	case c.PromoteAllResourceAttributes && len(c.PromoteResourceAttributes) > 0 && !slices.Equal(c.PromoteResourceAttributes, DefaultConfig().PromoteResourceAttributes):
		report("promote_resource_attributes", "has no effect beside promote_all_resource_attributes; remove one of them")
	case !c.PromoteAllResourceAttributes && len(c.IgnoreResourceAttributes) > 0:
		report("ignore_resource_attributes", "has an effect only with promote_all_resource_attributes: true")
	}
	if c.MaxDeltaSeries < 1 {
		report("max_delta_series", "want at least 1, got %d", c.MaxDeltaSeries)
	}
}
