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
// after the next pass of Writer.Run, which syncs the log once per second, or at once
// with durability fsync.
//
// DB holds the TSDB for all who use it. After an error of the log nothing more is
// acknowledged until Writer.Run had it closed and opened again, because what is
// written behind damage may not be readable. Each opening repairs the logs:
//
//	guard   every segment gets a second name
//	open    the TSDB replays; where it meets damage it cuts and deletes
//	compare if it touched a segment: close, put the segments back,
//	        keep the damaged ones in wal-corrupt, write them anew with every
//	        record that can be read, open again
package store
