// Package change keeps the feed of changes: deployments, configuration, flags
// and whatever else people and their tools altered.
//
//	POST /api/v1/tocsin/changes -> DecodeJSON -> Feed.Record (validate, pair, store)
//	                                          -> rules (event conditions), rca (suspects), incidents (timeline)
//
// In: one change per call, as a sender tells it, once or several times over its
// life. Out: the change as it is known after the call, and the verdicts that
// package verdict came to. The package reads no clock and does no I/O other than
// on its tables.
package change
