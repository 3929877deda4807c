// Package signal is the catalogue of signals: named indicators of a service,
// such as error_rate or p95_latency, each defined by one PromQL expression per
// client library. In go the embedded catalogue and the user's `signals:` files
// (the same form); out come Signal values and one recording rule per signal,
// whose result is stored as `tocsin:<signal>` with the labels service,
// environment (when the data carry one) and, for signals of single instances,
// instance.
//
// The package never queries anything and never reads a clock: it turns data
// into PromQL text. Catalogue values are immutable and safe for concurrent use.
package signal
