// Package scrape fetches samples from targets that expose them: Prometheus'
// discovery and scrape managers, which write to an AppendableV2 of the store.
//
//	scrape_configs, prometheus.yml -> Read -> Jobs -> Manager.Apply
//	discovery (static, file, HTTP, DNS, Kubernetes) -> targets -> scrape loops
//	text, OpenMetrics or protobuf -> relabelling -> appender of the store
//
// What comes of a target is what Prometheus would store: its samples with
// staleness markers, `up` and the `scrape_*` series. Other kinds of discovery are
// left out because each brings its vendor's client into the program; they can be
// had through file_sd_configs and http_sd_configs.
package scrape
