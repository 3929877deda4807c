// Package resolving says how long an incident will last, from own past incidents.
//
//	similar.Store.Past -> Case for each (duration, likeness, whether it still goes on)
//	-> Predict (pure) -> Forecast: P50, P80, P95 and how many stand behind them
//
// How long incidents last is heavy-tailed, so there is never a mean alone. The
// model is lognormal, shrunk from all incidents over those of the severity and of
// the service to the most similar ones, and from twenty comparable incidents on it
// is mixed with their own distribution (Kaplan and Meier), because lasting of two
// kinds, say with and without a person, is not lognormal. Incidents that go on are
// counted as having lasted at least so long. Below five comparable incidents
// nothing is said.
//
// The package reads no clock and does no I/O; the same input gives the same output.
package resolving
