// Package slo reads service level objectives and turns them into recorded series
// and alerts.
//
// In goes a file with a top-level `slos:` list and the catalogue of signals; out
// come Objectives, the signals that count their events (rate of all, rate of the
// bad ones), and groups of rules that sum them over windows:
//
//	tocsin:slo:source:events:S, tocsin:slo:source:bad:S  per second, recorded with the signals
//	tocsin:slo:sum:events:S, tocsin:slo:sum:bad:S        events of five minutes, for the long windows
//	tocsin:slo:events, :error_ratio, :burn_rate, :evidence {slo, window, service, environment}
//	tocsin:slo:budget_left, :objective                   {slo, service, environment}
//
// An alert fires when the budget burns faster than a factor over a long window,
// still does over a short one, and the failures are more than chance makes of a
// service that keeps its objective; see Burn and Evidence.
//
// The package is pure: it reads no clock and does no I/O. The engine of package
// rules evaluates what it makes.
package slo
