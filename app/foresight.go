package app

import (
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/rules"
)

// foresightCoverage is the chance with which recorded forecasts hold what comes
// between their bounds.
const foresightCoverage = 0.9

// foresight lets rules ask the detector what their recorded series will be.
type foresight struct{ bank *detector.Bank }

// Predict returns the value expected at a time and its bounds.
func (f foresight) Predict(series labels.Labels, at time.Time) (value, lower, upper float64, ok bool) {
	x, ok := f.bank.Forecast(f.bank.Lookup(series), at.UnixMilli(), foresightCoverage)
	return x.Value, x.Lower, x.Upper, ok
}

// Until returns when the threshold is expected to be reached.
func (f foresight) Until(series labels.Labels, threshold float64, above bool, horizon time.Duration) (rules.Crossing, bool) {
	x, ok := f.bank.Until(f.bank.Lookup(series), threshold, above, horizon)
	return rules.Crossing{Earliest: timeOf(x.Earliest), Likely: timeOf(x.Likely), Latest: timeOf(x.Latest)}, ok
}

// timeOf returns the zero time for none.
func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
