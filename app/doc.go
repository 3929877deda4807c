// Package app wires the daemon. It decides nothing about data: it builds the
// parts, hands each the function that comes after it, runs them, reloads them
// and stops them.
//
// The way through the parts:
//
//	ingest.Handler -> store.Writer -> (WAL) -> detector.Bank
//	                                              | verdicts, bounded queue
//	rules.Engine --- alerts ---> incident.Manager <+
//	                                  | event log, cursor
//	                             Core.Respond -> rca.Ranker -> notify.Outbox -> channels
//
// Core is everything that decides, without sockets and without goroutines of
// its own; Step moves it to a given time. App puts Core behind HTTP and drives
// it by the wall clock; internal/story drives it by virtual time.
package app
