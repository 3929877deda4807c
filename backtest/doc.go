// Package backtest runs the detector over the past and writes one row for each
// sample: the same detector.Bank.Observe path as live, on the samples' own
// times.
//
// The way of a row:
//
//	Source.Next   one Unit after the other: a series, or the metrics of a service
//	Unit.Read     its records, oldest or not, as they were written down
//	judge         a fresh detector.Bank for the unit: record -> Row
//	Format        Row -> bytes: CSV, JSON lines, or the explanation of one row
//	Run           workers in parallel, output in the order of the units
//
// Each unit is judged by a bank of its own, so neither the number of workers nor
// what else is in the source can change a row. The series of a store or a server are
// judged together in one bank, as a daemon has them: RunPast reads them window by
// window, in order of time. Memory is bounded: a worker that is ahead of the output
// waits after a few megabytes. Nothing is dropped silently: each record gives a row,
// and a Report counts what was not judged and why. The package knows no clock and
// writes to nothing but what it is given.
package backtest
