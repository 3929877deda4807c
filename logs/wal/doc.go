// Package wal is the write-ahead log of the log store: files of frames, each a payload
// with its length and checksums. A payload is compressed where that helps. One file
// belongs to the records that are sealed together, and goes when they are in a segment.
//
//	frame: length (4) | checksum of the payload (4) | checksum of these eight bytes (4) | payload
//
// After a crash the last frame may be torn; it was never acknowledged. A frame that is
// damaged in the midst of a file is left out and the frames behind it are found by
// their checksums.
package wal
