// Package remotewrite decodes the bodies of Prometheus remote write, already
// uncompressed: prometheus.WriteRequest of version 1.0 and
// io.prometheus.write.v2.Request of version 2.0.
//
// In goes the body, out comes a telemetry.Batch whose names, values and texts
// alias the body. The message is walked in place: no label string and no sample
// is allocated, only the slices of a batch that is used for the first time. A 2.0
// request is walked twice, first its own fields, which gives the table of symbols
// as byte ranges, then the series, whose references are resolved on the way, so
// that the same series has the same bytes in both versions. Exemplars are rarer
// and cost one allocation each. Native histograms are nested, so those
// sub-messages go through Prometheus' own generated code.
//
// The package judges form only. A body that Prometheus' generated decoder accepts
// is accepted, one that it refuses is refused, and the batch holds the same
// content; differential fuzz tests hold both versions to that. On top of it a
// body of another message is refused, and so are references of 2.0 that lead
// nowhere, since none of the names can be trusted then. Whether labels make sense
// (names, duplicates, UTF-8, lengths) and whether times are acceptable is decided
// by the sink, which can store the good part of a request.
package remotewrite
