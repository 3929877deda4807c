// Package logapi answers questions about logs over HTTP: the API of Grafana Loki, so
// that Grafana and logcli can explore the store, and our own with results as a stream
// of lines. Queries are LogQL, see logs/logql.
//
// Answers and errors have the form that Loki's documentation gives: JSON with status and
// data, errors as plain text. What is no part of it is answered by 404.
package logapi
