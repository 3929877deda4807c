// Package replay runs alert rules over the past, on a virtual clock, by the same
// engine as live, and says what would have paged: when, how often, for how long,
// and what is new or gone beside the rules that are running now.
//
//	Source   a store that is opened for reading, or a server: samples of a range
//	Window   keeps what was read, a few hours ahead of the clock, for all queries
//	lane     one set of rules: app.History, with what it records beside the past
//	Run      one or two lanes, evaluation by evaluation -> Report
//
// Nothing that is read is changed. What rules record goes into a folder that is
// removed again.
package replay
