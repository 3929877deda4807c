// Package tail reads log files as they grow: by globs, through rotation by rename and
// by copying and truncating, and over restarts without loss.
//
//	Follower.Run -> Round  looks for files, reads each a piece further
//	  -> file              lines, and lines of one stack trace, out of the bytes
//	  -> ingest.LogReceiver
//	  -> position.Store    how far each file is stored, by device, inode and first bytes
//
// A record is stored before its place is noted. A process that is killed between the
// two repeats what it read in its last round, a quarter of a second; nothing is lost.
package tail
