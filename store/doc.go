// Package store holds samples (the embedded Prometheus TSDB) and small state
// (SQLite), and is the only place that opens either.
//
// The way of a batch of samples:
//
//	telemetry.Batch -> Writer.Write
//	  key     two keyed hashes of the raw label bytes -> series cache
//	  miss    labels checked, sorted, looked up in the head or created
//	  append  by reference into one TSDB appender per request; each refusal
//	          becomes a Rejection and the rest goes on
//	  commit  write-ahead log; only then is anything acknowledged
//	  observe every stored sample, in time order per series -> Observer
//
// Results of rules take the same way through Writer.Appendable. What Write
// acknowledged survives the death of the process; it survives loss of power
// after the next pass of Writer.Run, which syncs the log once per second.
//
// After an error of the write-ahead log nothing more is acknowledged until the
// folder was opened again, because replay repairs the log by cutting it at the
// damage and everything behind it would be lost.
package store
