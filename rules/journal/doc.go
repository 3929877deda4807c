// Package journal keeps what alerts did: one Entry for each time that an alert
// began to fire, lost its data, fired again or ended, shadow alerts included.
//
//	rules.Engine -> Tracker   leaves out what only refreshes a value
//	             -> Log       in the state database, with counts in /metrics
//	             -> Page      entries of one alert from its beginning to its end
//
// Live operation and backtests make entries by the same code, so that the log of
// one and that of the other over the same data are the same bytes.
package journal
