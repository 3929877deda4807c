// Package store holds samples and small state (SQLite), and is the only place that
// opens either. Samples are in two parts: the head (package head) has floats that come
// in order until they go into a block, and the base, an embedded Prometheus TSDB, has
// the blocks and takes late floats, native histograms and, where they are wanted, floats
// with start timestamps.
//
// The way of a batch of samples:
//
//	telemetry.Batch -> Writer.Write
//	  key     two keyed hashes of the raw label bytes -> series cache
//	  miss    labels checked, sorted, looked up in both parts or created
//	  append  newer than all of its series: to the head's transaction; else, or no
//	          float, to the base's; each refusal becomes a Rejection and the rest
//	          goes on
//	  commit  write-ahead logs, that of the head first; only then is anything
//	          acknowledged
//	  observe every stored sample, in time order per series -> Observer
//
// Results of rules take the same way through Writer.Appendable. What Write
// acknowledged survives the death of the process; it survives loss of power
// after the next pass of Writer.Run, which syncs the logs once per second, or at once
// with durability fsync.
//
// The way of a sample to a block, DB.Compact:
//
//	freeze    the head takes nothing older than the border of a block any more
//	base      what the base has in order before the border goes into a block
//	block     the head's samples before the border go into another one, which is
//	          marked as out of order so that the base does not take it for the limit
//	          of its own log
//	load      the base reads both, and writes its late samples into blocks
//	truncate  once no query reads them there, the head drops them
//
// Until the last step a sample is in the head and in a block; queries merge them. What the
// base keeps of late samples is named by references of series that its log may have
// forgotten by then: the highest is in dropped-references and given to none again.
//
// DB holds both parts for all who use them. After an error of a log nothing more is
// acknowledged until Writer.Run had them closed and opened again, because what is
// written behind damage may not be readable. Each opening repairs the logs, that of
// the base under a guard:
//
//	guard   every segment gets a second name
//	open    the TSDB replays; where it meets damage it cuts and deletes
//	compare if it touched a segment: close, put the segments back,
//	        keep the damaged ones in wal-corrupt, write them anew with every
//	        record that can be read, open again
package store
