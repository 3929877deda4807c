// Package promapi mounts Prometheus' own HTTP API v1, as far as it is about
// reading: queries, series and labels, exemplars, rules and alerts, metadata,
// targets, the status pages and remote read. It is the code that Prometheus
// itself serves, so Grafana, promtool and every other client of Prometheus find
// what they expect. In comes an HTTP request, out goes Prometheus' JSON, also for
// errors.
//
// Before Prometheus' code sees a request it is checked here: what would cost more
// than any query is worth, what is no form, and what comes while too many others
// run is refused and counted. What Prometheus serves beside (administration,
// writing, search, the log of queries) is not mounted.
package promapi
