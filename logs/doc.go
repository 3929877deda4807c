// Package logs keeps log records, cheaply and findable. What goes in are batches off
// the wire (telemetry.LogBatch), what comes out are the same bytes, in the order of
// time, by service, level, template, trace, labels, attributes, words and text.
//
// The way of a record:
//
//	Store.WriteLogs   checked, its variables found by the miner, encoded with its batch
//	  -> wal.Writer   written before WriteLogs returns; brought to the disk each second
//	  -> head         the same bytes in memory, which queries search as they are
//	Store.Run         a head that is full or old enough is sealed: rows to columns,
//	  -> segment      blocks in a file of the records' day; then its log goes
//	                  small files are merged, old ones deleted
//
// The removal of a head's log is what makes its segments count: segments whose log is
// still there when the store is opened were not finished, and are made again from it.
// So a crash at any moment neither loses nor repeats what was acknowledged.
//
// The package starts goroutines in Run alone. It knows no protocol and no alerts.
package logs
