// Package backfill brings the past into a store: samples that are older than
// what the head of the TSDB takes become blocks of their own, which are put
// beside the others.
//
// In goes a Source: files of text, the blocks and log of a Prometheus or of a
// store, or a server that is asked. Out come blocks in a TSDB's folder and a
// Mark that tells the daemon which time has a history now:
//
//	read    one window of time of the source, or all of it, as stretches of series
//	keep    what is selected, wanted and younger than the retention
//	spool   into one temporary file, by the range of time of the block to be
//	write   a block for each range, the samples of each series in order
//	place   each block by one rename; the journal notes that the range is done
//	mark    for the daemon, which warms the detector from it
//
// Nothing is placed before the whole window was read without an error. Memory is
// bounded by the series of one block, of which there is another when they are
// more than MaxSeries. A run that was cut off is taken up where the journal ends;
// to run it once more is harmless, because samples with the same time are one.
//
// The blocks carry the mark of a part of the head (from-selected-series). The
// TSDB merges such blocks among themselves only, and does not conclude from them
// up to where its log is in blocks: otherwise a history up to now would make the
// next start throw away what the log alone holds.
package backfill
