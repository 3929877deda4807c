package backtest

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// word is what was said of one metric of a record.
type word struct {
	verdict detector.Verdict
	reason  string                // why it was not judged; "" if it was
	why     *detector.Explanation // where one was asked for
}

// together lets a row say what the metrics of a unit show together at its time.
// When that alarms, and the oddest metric by itself does not or less so, the row
// speaks of them all, and together returns the index of the metric with the largest
// part in it. Else the row stays with the oddest metric, at index i, and has the
// higher of the two scores.
func (j *judge) together(row *Row, i int) int {
	if len(j.words) < 2 {
		return i
	}
	v, ok := j.bank.Together(j.unit.Name, row.T)
	if !ok || len(v.Group.Guilty) == 0 || v.Score <= row.Verdict.Score && (row.Anomalous || v.Value <= v.Upper) {
		return i
	}
	if v.Value <= v.Upper {
		row.alone, row.Verdict.Score = row.Verdict.Score, v.Score
		return i
	}
	metric := v.Group.Guilty[0].Labels.Get(labels.MetricName)
	at := slices.IndexFunc(j.unit.Metrics, func(l labels.Labels) bool { return l.Get(labels.MetricName) == metric })
	if at < 0 { // it has been silent for days and was evicted
		return i
	}
	*row = NewRow(v, true)
	row.Metric = metric
	return at
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
