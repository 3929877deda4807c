// Package push takes the metrics of batch jobs as a Prometheus Pushgateway does:
// PUT, POST and DELETE of /metrics/job/NAME{/LABEL/VALUE}, in the text format,
// OpenMetrics or protobuf.
//
// Where a Pushgateway keeps the last push and is scraped for it again and again, a
// sample is stored here once, at the time of its arrival: what a job pushed an hour
// ago is an hour old. Queries that must see it ask with last_over_time. A push that
// replaces a group and the deletion of a group mark the series that end as stale.
package push
