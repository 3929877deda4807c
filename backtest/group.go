package backtest

import (
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// word is what was said of one metric of a record.
type word struct {
	verdict detector.Verdict
	reason  string                // why it was not judged; "" if it was
	why     *detector.Explanation // where one was asked for
}

// together returns what the metrics of a unit show together at time t, which is
// the row's when it is anomalous and the oddest of them by itself is not, or when
// its score is higher; and the metric with the largest part in that. It is false
// when the row stays with the oddest metric.
func (j *judge) together(t int64, oddest *Row) (detector.Verdict, string, bool) {
	if len(j.words) < 2 {
		return detector.Verdict{}, "", false
	}
	v, ok := j.bank.Together("", t)
	alarms := v.Value > v.Upper && !oddest.Anomalous
	if !ok || len(v.Group.Guilty) == 0 || !alarms && v.Score <= oddest.Verdict.Score {
		return detector.Verdict{}, "", false
	}
	return v, v.Group.Guilty[0].Labels.Get(labels.MetricName), true
}

// guilty returns the metric that speaks for the unit by itself, the one with the
// highest score, of equal ones the first; -1 when none was judged.
func guilty(words []word) int {
	best := -1
	for i, w := range words {
		if w.reason == "" && (best < 0 || w.verdict.Score > words[best].verdict.Score) {
			best = i
		}
	}
	return best
}
