// Package otlp receives metrics of OpenTelemetry SDKs and collectors over HTTP
// (protobuf and JSON) and gRPC. What a point becomes is decided by Prometheus'
// own converter, so that names and labels are those that a Prometheus would
// have made; around it stands what makes a receiver that nothing brings down:
//
//	Handler (HTTP), Server (gRPC)    sizes, types, compression; one answer for both
//	  -> shallow                     refuses what nests so deep that decoding overflows the stack
//	  -> pmetricotlp                 the body as OpenTelemetry's own types
//	  -> checker                     takes out bad points one by one and says why
//	  -> PrometheusConverter         names, labels, target_info; Prometheus' code
//	  -> collector                   into a telemetry.Batch; deltas become totals on the way
//	  -> ingest.Sink                 the same as for remote write
//	  -> 200; bad points are counted and named in partial_success
//
// Bad data are never answered by an error that makes the sender try again.
package otlp
