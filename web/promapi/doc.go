// Package promapi mounts Prometheus' own HTTP API v1, as far as it is about
// reading: queries, series and labels, rules and alerts, metadata and build
// information. It is the code that Prometheus itself serves, so Grafana,
// promtool and every other client of Prometheus find what they expect. In
// comes an HTTP request, out goes Prometheus' JSON, also for errors.
//
// What Prometheus serves beside (targets, administration, writing, remote
// read, search, the log of queries) is not mounted and answers 404.
package promapi
