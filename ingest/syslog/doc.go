// Package syslog receives syslog by UDP, TCP and TLS: RFC 5424 and RFC 3164, with
// octets counted or lines ended, as rsyslog, syslog-ng, logger and network gear send it.
//
//	Server.Run   listeners; a connection is read as fast as its records are stored
//	  -> framer                 messages out of a stream of bytes
//	  -> Decoder                a message onto a logline.Sheet
//	  -> ingest.LogReceiver     stack traces joined over a second, the sink
//
// Syslog has no acknowledgement: what is in flight when a process ends is lost, and so
// is what a network drops. A message that cannot be taken apart is kept as it came.
package syslog
