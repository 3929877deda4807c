// Package telemetry holds what comes off the wire: batches of samples and
// change events. Every other package may import it and it imports none of
// them. It does no I/O and reads no clock; all times are given by the sender
// or by the receiver that stamps them.
//
// Labels are Prometheus' own (github.com/prometheus/prometheus/model/labels),
// used directly because storage, queries and rules all speak them; the decision
// is recorded in docs/adr/0002-prometheus-labels.md.
package telemetry
