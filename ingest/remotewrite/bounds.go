package remotewrite

import (
	"fmt"

	"github.com/tocsinhq/tocsin/telemetry"
)

// maxEntries bounds what one request may hold, in labels, samples and other entries
// of a batch. An entry can be two bytes in the body and takes about fifty in a
// batch, so the size of the body alone does not bound the memory. The largest
// requests that senders are set to make have a tenth of it.
const maxEntries = 2 << 20

// A native histogram takes about as much as eight samples, a series as four.
const (
	histogramEntries = 8
	seriesEntries    = 4
)

// entries returns what a series has taken.
func entries(s *telemetry.Series) int {
	n := seriesEntries + len(s.Labels) + len(s.Samples) + histogramEntries*len(s.Histograms)
	for i := range s.Exemplars {
		n += 1 + len(s.Exemplars[i].Labels)
	}
	return n
}

// tooMany is the error for a request that holds more than maxEntries; at is where
// it went over.
func tooMany(at int) *Error {
	return &Error{Offset: at, TooMany: true, Msg: fmt.Sprintf("want at most %d labels, samples and other entries in one request, got more; send smaller ones", maxEntries)}
}
