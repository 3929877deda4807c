// Package amapi serves Alertmanager's HTTP API v2: alerts, groups, receivers,
// silences and status, so that amtool, Grafana's Alertmanager source and the
// `alerting` section of any Prometheus work against this daemon. Everything is
// answered by Alertmanager's own code over our alerts, groups and silences, but
// for two things:
//
//   - Alerts that are posted are read here, bounded in number and size, because
//     it is what a storm goes through. Verdicts and status codes are Alertmanager's.
//   - A change of a silence is answered only when it is on disk.
package amapi
