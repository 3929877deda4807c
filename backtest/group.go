package backtest

import "github.com/tocsinhq/tocsin/detector"

// word is what was said of one metric of a record.
type word struct {
	verdict detector.Verdict
	reason  string                // why it was not judged; "" if it was
	why     *detector.Explanation // where one was asked for
}

// guilty returns the metric that speaks for the group, the one with the highest
// score, of equal ones the first; -1 when none was judged. The score of the
// group is that metric's.
func guilty(words []word) int {
	best := -1
	for i, w := range words {
		if w.reason == "" && (best < 0 || w.verdict.Score > words[best].verdict.Score) {
			best = i
		}
	}
	return best
}
