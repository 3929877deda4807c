// Package capture is the file in which an incident travels: the part of the world that
// it came of, and what came of it.
//
//	daemon -> Writer -> FILE (gzip over lines of JSON) -> Read -> Capture -> the same core again
//
// Every line is one object with one field that says what it is; the last one counts what
// came before, so that a file that was cut off is known as such. Series are written as
// text, times as the distance from the one before, so that two files can be compared
// after unpacking. Read trusts nothing: it holds the size of the file, of a line and of
// everything that is counted within Limits, refuses what it does not know, and names the
// line. The package decides nothing and reads no clock.
package capture
