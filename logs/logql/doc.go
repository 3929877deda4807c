// Package logql answers a subset of LogQL, the query language of Grafana Loki, over a
// log store. A query goes in as text; out come log records in order, or series.
//
//	selector    {service_name="pay", pod=~"a.*", x!="y", z!~"b"}
//	line        |= "text"   != "text"   |~ "expression"   !~ "expression"   |= "a" or "b"
//	parsers     | json   | logfmt
//	labels      | level="error" and (took > 250ms or size >= 1MB) | drop a, b | keep c
//	over time   count_over_time(... [5m])   rate   bytes_over_time   bytes_rate   absent_over_time   offset 1h
//	series      sum, avg, min, max, count by (a) / without (b), topk(5, ...), bottomk
//	arithmetic  + - * / with numbers, series and vector(1); comparisons with numbers
//
// Labels of a record are those of its stream, with service_name; what the sender said of
// the record alone (attributes, trace_id, span_id), detected_level and template, the id of
// its template in hexadecimal; and what parsers find in the text. Series have the labels of
// the stream and of parsers; the others only if they are named in by (...).
package logql
