// Package store holds samples (the embedded Prometheus TSDB) and small state (SQLite).
package store
