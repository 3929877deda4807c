// Package remotewrite decodes the body of a Prometheus remote write 1.0
// request: the protobuf message prometheus.WriteRequest, already uncompressed.
//
// In goes the body, out comes a telemetry.Batch whose label names and values
// alias the body. The message is walked once and in place: no label string and
// no sample is allocated, only the slices of a batch that is used for the
// first time. Native histograms are rare and nested, so that one sub-message
// goes through Prometheus' own generated code.
//
// The package judges form only. A body that Prometheus' generated decoder
// accepts is accepted, one that it refuses is refused, and the batch holds the
// same content; a differential fuzz test holds both to that. Whether labels
// make sense (names, duplicates, UTF-8, lengths) and whether times are
// acceptable is decided by the sink, which can store the good part of a
// request. Exemplars and metadata are checked for form and counted.
package remotewrite
