// Package head keeps the newest samples of float series: those that came in order
// of time in the last few hours, from the moment they are written until they are in a
// block. It is written in place of the head of the Prometheus TSDB on the way of
// nearly every sample; native histograms, late samples and all that is on disk stay
// with the TSDB.
//
// In come samples of known series, out go a log that is written before anything is
// acknowledged, a querier, and a block reader that compaction of the TSDB uses as it uses
// any other block.
//
// A series costs a record of one cache line, its open chunk in lines of 64 bytes, its
// full chunks in files, and its labels as numbers of label pairs. None of that has
// pointers for the collector to follow.
package head
