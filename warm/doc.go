// Package warm gives series a history before they have one: from the daemon's
// own store, when the detector's checkpoint is missing or cannot be read, and
// from a Prometheus that has watched them before.
//
// In go a detector.Bank, a store and perhaps a server; out comes the same bank
// with longer memories. Live samples go on being stored and judged meanwhile:
//
//	plan     series of the store and of the server that the bank does not know
//	read     one series: the server's samples, then what the store has after them
//	replay   into a bank beside, oldest first, where nobody hears of it
//	adopt    the state is taken over unless a newer sample was judged meanwhile;
//	         then that is read from the store as well, and it is tried again
//
// The series that a bank derives from histograms are warmed alike: the buckets of a
// classic one that the server has make one part of the plan, and who knows how
// histograms are watched replays it.
//
// What an old sample opened or closed is never told. A few workers share the
// series; each holds the samples of one. The server may be down at any moment:
// what it does not give is counted and said, and the daemon lives on.
package warm
