// Package loki receives the pushes of Loki's clients: POST /loki/api/v1/push with
// protobuf, which is always snappy, or JSON, and GET /ready.
//
//	Handler   types, limits, keys, 204 or a text that says what was refused
//	  -> Decode, DecodeJSON   streams and entries onto a logline.Sheet
//	  -> ingest.LogReceiver   levels, trace ids, stack traces, the sink
//
// A bad stream or entry costs no other one.
package loki
