// Package journald takes in systemd's journal in its export format: what
// systemd-journal-upload posts to /upload, one endless body, and what journalctl
// prints when it is run as a child and followed.
//
//	Handler, Follower     bytes as they come
//	  -> Decoder          entries onto a logline.Sheet, before the stream ends
//	  -> ingest.LogReceiver
package journald
