// Package config puts the settings of all packages into one file. Each package
// owns its Config type, its defaults and its checks; this package only composes
// them, reads YAML strictly and reports every error at once. Only app and the
// command line import it.
package config

import (
	"fmt"
	"os"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/journald"
	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/ingest/scrape"
	"github.com/tocsinhq/tocsin/ingest/statsd"
	"github.com/tocsinhq/tocsin/ingest/syslog"
	"github.com/tocsinhq/tocsin/ingest/tail"
	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/internal/promfile"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/logs/watch"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/alertmanager"
	"github.com/tocsinhq/tocsin/notify/window"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/report"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/topology"
	"github.com/tocsinhq/tocsin/warm"
	"github.com/tocsinhq/tocsin/web"
)

// Config is the whole configuration file. A section that is left out keeps its
// defaults, field by field.
type Config struct {
	// Web is about the HTTP listener and the pages.
	Web web.Config `yaml:"web"`
	// Storage is about samples: how long, how many, what is refused.
	Storage store.Config `yaml:"storage"`
	// Ingest is about the receivers: sizes and rates of requests.
	Ingest ingest.Config `yaml:"ingest"`
	// Logs is about log records: how long, how large, and other stores of logs.
	Logs logs.Config `yaml:"logs"`
	// OTLP is about OpenTelemetry metrics: names, labels, the address for gRPC.
	OTLP otlp.Config `yaml:"otlp"`
	// Statsd is about metrics in statsd lines, by UDP and TCP.
	Statsd statsd.Config `yaml:"statsd"`
	// Syslog is about logs by UDP, TCP and TLS.
	Syslog syslog.Config `yaml:"syslog"`
	// Tail is about log files that are read as they grow.
	Tail tail.Config `yaml:"tail"`
	// Journal is about the journal of this machine.
	Journal journald.Config `yaml:"journal"`
	// Services says which labels name the service that a series belongs to.
	Services topology.Config `yaml:"services"`
	// Topology is about which service calls which, and about spans.
	Topology topology.GraphConfig `yaml:"topology"`
	// Detector is about baselines, scores and the false-alarm budget.
	Detector detector.Config `yaml:"detector"`
	// Bands is about what queries for the detector's bands may cost.
	Bands bands.Config `yaml:"bands"`
	// WarmStart says from which Prometheus series get a history that this daemon
	// has not seen.
	WarmStart warm.Config `yaml:"warm_start"`
	// LogTemplates bounds what is kept of the templates of log lines.
	LogTemplates template.Config `yaml:"log_templates"`
	// LogWatch says what is odd about log lines.
	LogWatch watch.Config `yaml:"log_watch"`
	// Rules is about signals, alerts.yml and Prometheus rule files.
	Rules rules.Config `yaml:"rules"`
	// Incidents is about opening, folding, resolving and reopening.
	Incidents incident.Config `yaml:"incidents"`
	// Changes is about the feed of changes: the webhooks that tell of deployments, flags
	// and others, those seen in telemetry, rollbacks, and the stages that a deployment
	// goes through.
	Changes Changes `yaml:"changes"`
	// RootCause is about the ranking of suspects.
	RootCause rca.Config `yaml:"root_cause"`
	// Reports is about postmortems and runbooks.
	Reports report.Config `yaml:"reports"`
	// Notify is about channels and who is told of what.
	Notify notify.Config `yaml:"notify"`
	// Alertmanager is about alerts that others send, and names a configuration of
	// Alertmanager whose routes and receivers are used.
	Alertmanager alertmanager.Config `yaml:"alertmanager"`
	// Maintenance are recurring times at which what matches is watched on but nobody
	// is told. What still burns when one ends is told then.
	Maintenance []window.Config `yaml:"maintenance"`
	// AlertmanagerGlobal is the `global` of alertmanager.yml. This section and the six below it
	// are read by Alertmanager's own loader and mean what its documentation says; `${NAME}`
	// stays as it is in them, and secrets come from files such as `api_url_file`.
	AlertmanagerGlobal amfile.Section `yaml:"alertmanager_global"`
	// Route is that of alertmanager.yml: which receiver gets what, and in which groups.
	Route amfile.Section `yaml:"route"`
	// Receivers are those of alertmanager.yml. One without an integration that has the name
	// of a channel of `notify` stands for that channel.
	Receivers amfile.Section `yaml:"receivers"`
	// InhibitRules are those of alertmanager.yml: which alerts make others needless.
	InhibitRules amfile.Section `yaml:"inhibit_rules"`
	// TimeIntervals are those of alertmanager.yml, for routes to be muted or active in.
	TimeIntervals amfile.Section `yaml:"time_intervals"`
	// MuteTimeIntervals are those of older files alertmanager.yml.
	MuteTimeIntervals amfile.Section `yaml:"mute_time_intervals"`
	// Templates are those of alertmanager.yml: paths or globs of files.
	Templates amfile.Section `yaml:"templates"`
	// Scrape names Prometheus configuration files whose targets are scraped.
	Scrape scrape.Config `yaml:"scrape"`
	// Global is that of prometheus.yml: defaults for the jobs of `scrape_configs`, and
	// `external_labels` for `remote_write`. This section and the three below it are read by
	// Prometheus' own loader and mean what its documentation says; `${NAME}` stays as it is
	// in them, since relabelling uses it, and secrets come from files such as `password_file`.
	Global promfile.Section `yaml:"global"`
	// ScrapeConfigs is that of prometheus.yml: the jobs that are scraped, with targets from
	// `static_configs` and from discovery by file, HTTP, DNS and Kubernetes.
	ScrapeConfigs promfile.Section `yaml:"scrape_configs"`
	// ScrapeConfigFiles is that of prometheus.yml: paths or globs of files with further `scrape_configs`.
	ScrapeConfigFiles promfile.Section `yaml:"scrape_config_files"`
	// RemoteWrite is that of prometheus.yml: servers to which everything in the store is sent,
	// with its queues, relabelling, exemplars and both versions of the protocol.
	RemoteWrite promfile.Section `yaml:"remote_write"`

	// Prometheus is what the four sections above say.
	Prometheus promfile.Document `yaml:"-"`
	// AlertRouting is what the sections of alertmanager.yml say.
	AlertRouting amfile.Document `yaml:"-"`
}

// Default returns the configuration of a daemon that was given no file.
func Default() Config {
	return Config{
		Web:          web.DefaultConfig(),
		Storage:      store.DefaultConfig(),
		Ingest:       ingest.DefaultConfig(),
		Logs:         logs.DefaultConfig(),
		OTLP:         otlp.DefaultConfig(),
		Statsd:       statsd.DefaultConfig(),
		Syslog:       syslog.DefaultConfig(),
		Tail:         tail.DefaultConfig(),
		Journal:      journald.DefaultConfig(),
		Services:     topology.DefaultConfig(),
		Topology:     topology.DefaultGraphConfig(),
		Detector:     detector.DefaultConfig(),
		Bands:        bands.DefaultConfig(),
		WarmStart:    warm.DefaultConfig(),
		LogTemplates: template.DefaultConfig(),
		LogWatch:     watch.DefaultConfig(),
		Rules:        rules.DefaultConfig(),
		Incidents:    incident.DefaultConfig(),
		Changes:      defaultChanges(),
		RootCause:    rca.DefaultConfig(),
		Reports:      report.DefaultConfig(),
		Notify:       notify.DefaultConfig(),
		Scrape:       scrape.DefaultConfig(),

		Alertmanager: alertmanager.DefaultConfig(),
	}
}

// Load reads a configuration file over the defaults. ${NAME} is replaced from the
// environment. Every error found is returned, sorted by line. The rule files that
// it names are not read; see rules.ReadRuleSet.
func Load(path string) (Config, yamldoc.Errors) {
	c := Default()
	src, err := os.ReadFile(path)
	if err != nil {
		return c, yamldoc.Errors{{File: path, Msg: fmt.Sprintf("read configuration: %v", err)}}
	}
	return c, Overlay(&c, path, src)
}

// Overlay decodes YAML over c and validates the result. On errors c is in an
// undefined state and must not be used.
func Overlay(c *Config, file string, src []byte) yamldoc.Errors {
	doc, errs := yamldoc.Parse(file, src,
		yamldoc.WithEnv(os.LookupEnv),
		yamldoc.WithVerbatim(append(promfile.Sections(), amfile.Sections()...)...),
		yamldoc.WithNoun("notify.channels", "channel", "name"))
	if len(errs) > 0 {
		return errs
	}
	// Both are asked, so that one reading shows everything; Report leaves out
	// what only follows from an error of Decode.
	errs = doc.Decode(c)
	c.Validate(doc.Report(&errs))
	var bad yamldoc.Errors
	c.Prometheus, bad = promfile.Inline(doc, src)
	errs = append(errs, bad...)
	c.AlertRouting, bad = amfile.Inline(doc, src)
	errs = append(errs, bad...)
	if c.AlertRouting.Config != nil && c.Alertmanager.ConfigFile != "" {
		errs = append(errs, doc.Errorf("alertmanager.config_file", "want either a file or the sections of one in this file, got both"))
	}
	return errs.Sorted()
}

// Validate reports every setting that cannot work, with its path from the root.
func (c Config) Validate(report func(path, format string, args ...any)) {
	c.Web.Validate(yamldoc.Under(report, "web"))
	c.Storage.Validate(yamldoc.Under(report, "storage"))
	c.Ingest.Validate(yamldoc.Under(report, "ingest"))
	c.Logs.Validate(yamldoc.Under(report, "logs"))
	c.OTLP.Validate(yamldoc.Under(report, "otlp"))
	c.Statsd.Validate(yamldoc.Under(report, "statsd"))
	c.Syslog.Validate(yamldoc.Under(report, "syslog"))
	c.Tail.Validate(yamldoc.Under(report, "tail"))
	c.Journal.Validate(yamldoc.Under(report, "journal"))
	c.Services.Validate(yamldoc.Under(report, "services"))
	c.Topology.Validate(yamldoc.Under(report, "topology"))
	c.Detector.Validate(yamldoc.Under(report, "detector"))
	c.Bands.Validate(yamldoc.Under(report, "bands"))
	c.LogTemplates.Validate(yamldoc.Under(report, "log_templates"))
	c.LogWatch.Validate(yamldoc.Under(report, "log_watch"))
	c.WarmStart.Validate(yamldoc.Under(report, "warm_start"))
	c.Rules.Validate(yamldoc.Under(report, "rules"))
	c.Incidents.Validate(yamldoc.Under(report, "incidents"))
	c.Changes.Validate(yamldoc.Under(report, "changes"))
	c.RootCause.Validate(yamldoc.Under(report, "root_cause"))
	c.Reports.Validate(yamldoc.Under(report, "reports"))
	c.Notify.Validate(yamldoc.Under(report, "notify"))
	c.Alertmanager.Validate(yamldoc.Under(report, "alertmanager"))
	window.Validate(c.Maintenance, func(path, format string, args ...any) { report("maintenance"+path, format, args...) })
	c.Scrape.Validate(yamldoc.Under(report, "scrape"))
}
