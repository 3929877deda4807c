package logs

import (
	"regexp"
	"strings"
)

// RemoteConfig says which other log store answers queries.
type RemoteConfig struct {
	// URL is the address of the other store, such as http://loki:3100,
	// http://victorialogs:9428 or https://elasticsearch:9200. Empty: we answer.
	URL string `yaml:"url"`
	// Protocol is what it speaks: loki, victorialogs or elasticsearch.
	Protocol string `yaml:"protocol"`
	// Index is what is searched in elasticsearch: indices, data streams, patterns with
	// asterisks, with commas between them.
	Index string `yaml:"index"`
	// Labels are the fields of elasticsearch that say where a record is from. They become
	// labels of its stream; other fields become attributes. A field that no index has is
	// left out.
	Labels      []string `yaml:"labels"`
	Credentials `yaml:",inline"`
}

// Protocols of other stores that answer queries.
const (
	RemoteLoki     = "loki"
	RemoteVictoria = "victorialogs"
	RemoteElastic  = "elasticsearch"
)

// DefaultRemoteConfig returns the settings of a store that answers itself.
func DefaultRemoteConfig() RemoteConfig {
	return RemoteConfig{Protocol: RemoteLoki, Index: "logs-*", Labels: []string{
		"service.name", "service.environment", "service.version", "host.name", "data_stream.dataset",
		"kubernetes.namespace", "kubernetes.pod.name", "kubernetes.container.name", "container.name", "log.file.path",
		"labels.env", "labels.environment", "labels.namespace", "labels.pod", "labels.container", "labels.host", "labels.job",
		"labels.cluster", "labels.region", "labels.version", "labels.source",
	}}
}

// maxRemoteLabels bounds the labels of elasticsearch's streams, which one aggregation counts by.
const maxRemoteLabels = 64

var tenantOfVictoria = regexp.MustCompile(`^[0-9]{1,10}(:[0-9]{1,10})?$`)

func (c RemoteConfig) validate(report func(path, format string, args ...any)) {
	checkURL(c.URL, report)
	switch c.Protocol {
	case RemoteLoki:
	case RemoteVictoria:
		if c.Tenant != "" && !tenantOfVictoria.MatchString(c.Tenant) {
			report("tenant", "want the numbers of an account and a project of VictoriaLogs, such as 12 or 12:34, got %q", c.Tenant)
		}
	case RemoteElastic:
		if c.Index == "" || c.Index != strings.ToLower(c.Index) || strings.ContainsAny(c.Index, " /\\?\"<>|#") {
			report("index", "want names or patterns of indices in lower case, such as logs-*, got %q", c.Index)
		}
		if len(c.Labels) > maxRemoteLabels {
			report("labels", "want at most %d fields, got %d", maxRemoteLabels, len(c.Labels))
		}
	default:
		report("protocol", "want loki, victorialogs or elasticsearch, got %q", c.Protocol)
	}
}
