// Package logline is what the receivers of logs share once a record is taken
// apart: a Sheet that records are written on and that is stored whenever it is
// full, so that no body makes more than some megabytes of records; the levels,
// services, trace ids and times that loggers hide in fields and texts; and the
// joining of stack traces that came as many lines.
//
//	decoder of a protocol -> Sheet.Begin, fields, Sheet.End
//	  -> Finish     level, service, trace, time of each record; what is too long is cut
//	  -> Joiner     lines of one stack trace become one record
//	  -> whoever stores the batch
//
// It scans bytes; there are no regular expressions and no tree of values. What is odd
// about a record never costs another one.
package logline
