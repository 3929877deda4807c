// Package jsonline receives logs as JSON, one object to a line or an array of them,
// and as plain lines: POST /api/v1/tocsin/logs, and /insert/jsonline as
// VictoriaLogs has it.
//
//	Handler   types, limits, keys, one answer that names the lines refused
//	  -> DecodeJSON, DecodeText   records onto a logline.Sheet
//	  -> ingest.LogReceiver       levels, trace ids, stack traces, the sink
//
// The names of fields are those that loggers use; see docs/logs-receiving.md.
package jsonline
