package backfill

import (
	"context"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Stretch is a part of the samples of one series, in any order. Its slices belong
// to who made it and are good until the call that hands it over returns.
type Stretch struct {
	Labels     labels.Labels
	Floats     []telemetry.Sample
	Histograms []telemetry.HistogramSample
}

// Query says what is wanted of a source.
type Query struct {
	From, To  int64               // ms, both included
	Selectors [][]*labels.Matcher // of any of which the series must be; none: every series
}

// Source is where history comes from. It is used by one goroutine.
type Source interface {
	// Name says what it is, for people and for the journal: the same name is the
	// same source.
	Name() string
	// Span returns the times between which it has samples, in ms. Without ok it
	// can be read as a whole only, and once.
	Span() (from, to int64, ok bool)
	// Read hands over what the query selects; what lies outside of it may be among
	// it. Any error ends the import of this window.
	Read(ctx context.Context, q Query, take func(Stretch) error) error
	// Skipped returns what could not be taken over so far, by reason.
	Skipped() map[string]int64
	Close() error
}

// Digested is a Source that is known by what is in it: of a file that was moved,
// the journal still knows what was imported.
type Digested interface {
	// Digest is good after Read.
	Digest() string
}
