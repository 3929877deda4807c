package signal

import (
	"errors"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/telemetry"
)

// ErrBands says that what would be stored is made of bands. The detector would
// watch its own word, and a change of its settings would not reach what is stored.
var ErrBands = errors.New("what the detector expects is computed when it is asked for and never stored; select " + telemetry.BandLabel + " in alerts and queries, not in what is recorded")

// ReadsBands reports whether an expression selects bands.
func ReadsBands(e parser.Expr) bool {
	return slices.ContainsFunc(parser.ExtractSelectors(e), func(ms []*labels.Matcher) bool {
		return slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return m.Name == telemetry.BandLabel && !m.Matches("") })
	})
}
