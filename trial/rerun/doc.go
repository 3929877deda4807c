// Package rerun runs a captured incident again through the daemon's own core on virtual
// time, and says what came out and how that differs from what was recorded.
//
//	capture.Capture -> history into a fresh store -> app.NewCore, Core.Warm
//	                -> tick by tick: samples, log lines, changes, people -> Core.Step -> Report
//
// Only the clock, the folder and the channels, which keep what they are told to
// themselves, are its own. What a capture does not hold is not there: the detector learns
// from the history and not from its checkpoint, so that budgets and thresholds that moved
// over weeks begin anew; silences and routes are not played.
package rerun
