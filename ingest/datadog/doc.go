// Package datadog receives what is sent to Datadog's intake of logs: POST
// /api/v2/logs and /v1/input, and GET /api/v1/validate, which asks whether a key is good.
//
//	Handler   routes, keys, 202 or 200 and the errors of the API
//	  -> Decode              entries onto a logline.Sheet
//	  -> ingest.LogReceiver  levels, trace ids, stack traces, the sink
package datadog
