package backtest

import (
	"context"

	"github.com/prometheus/prometheus/model/labels"
)

// Source gives what is to be judged, one unit after the other, in an order that
// is the same each time.
type Source interface {
	// Next returns the next unit, and io.EOF after the last one. It is called
	// by one goroutine.
	Next(ctx context.Context) (Unit, error)
	// Close releases what the source holds, after all units were read.
	Close() error
}

// Unit is one series, or several metrics of one service that are judged
// together.
type Unit struct {
	// Name is what the column "series" says, such as the labels in braces.
	Name string
	// Metrics are the labels of the series, one for each value of a Record.
	Metrics []labels.Labels
	// Read hands the records to emit in the order in which they were written
	// down and returns emit's error if there is one. Units of one source are
	// read by several goroutines at once, each unit once.
	Read func(ctx context.Context, emit func(*Record) error) error
}

// Record is one line of a file, or one sample of a series. It belongs to the
// reader and is valid until emit returns.
type Record struct {
	Stamp  string    // the time as it was written; empty: T as RFC 3339
	T      int64     // in milliseconds since the Unix epoch; noTime where it cannot be read
	Values []float64 // one for each metric of the unit
	// Why says of each value why it cannot be judged, "" where it can: nothing stands
	// there, or what does cannot be read. It is not shown to the detector; its entry in
	// Values is NaN, or the value where only the time cannot be read. nil when all can.
	Why []string
	// Ahead says where T stands when it must be wrong, since the records behind this one go
	// on from before it: nothing of it is shown to the detector, for which time does not
	// go on either. nil when T is believed.
	Ahead error
	// Trouble says where something cannot be read, and what was wanted there; nil when
	// all can.
	Trouble error
}
