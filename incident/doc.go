// Package incident folds alerts and anomalies of one service into few incidents
// with a timeline.
//
//	rules.Alert      -> FromAlert   \
//	                                 Occurrence -> Manager.Apply -> apply (pure) -> one transaction -> Changed
//	detector.Verdict -> FromVerdict /                                |
//	                         \-> AnomalyLog                 event time: Manager.Tick -> tick (pure)
//
// In: occurrences, the movement of event time, and what people do. Out: events,
// read by EventsAfter behind a durable cursor, each with the incident as it
// stood after it.
//
// What opens an incident: an alert of at least warning, an anomaly of a signal
// that users feel, or several strong anomalies of one service within two
// minutes. Weak anomalies join as evidence and never keep an incident open. It
// resolves when every strong occurrence was seen to recover; data that stopped
// are not recovery. The package never sends, ranks or repairs anything, reads
// no clock, and needs time in proportion to the number of open incidents for
// each occurrence.
package incident
