// Package segment is the form in which logs lie on disk: immutable files of blocks,
// each block some ten thousand records of one day, in columns.
//
// What goes in are Rows, records whose bodies a miner has cut into a skeleton and the
// values of its variables. The rows of a block stand by skeleton and then by time, so
// that a column holds values of one kind: numbers become differences, text that is the
// same costs nothing, and what remains is compressed by zstd. What comes out are the
// same bytes.
//
//	file:   magic | block ... | index (zstd) | trailer
//	block:  head (lengths, checksums) | meta | times | origin | traces | values | attributes | bloom
//
// Each block stands alone, so that files are merged by copying blocks. A Bloom filter
// over the words of the variables, with marks for long ones (see Probes), tells which
// blocks cannot hold a text; words of the constant parts are looked up in the block's
// own list of skeletons. The index has what a histogram needs, so that it is drawn
// without decompression where a block lies within one bar.
//
// The package does no I/O of its own but through the files it is given, has no clock,
// and starts nothing. Every decoder keeps its memory bounded by the lengths in the
// head, which it checks, and returns an error that wraps ErrCorrupt for bytes that no
// encoder wrote.
package segment
