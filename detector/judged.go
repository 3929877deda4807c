package detector

import (
	"math"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Judge is Observe for callers that want a word on every sample: beside the
// verdict it says why a sample was not judged, "" if it was. The reasons are
// first (a counter's, with nothing to compare), not_a_number, late (not after
// the sample before), stale (a marker of the end), counter_reset and
// not_watched; of the verdict on such a sample only Phase, Since and Peak mean
// anything. Live and backtest both come through here.
func (b *Bank) Judge(slot Slot, t int64, v float64) (Verdict, string) {
	var out Verdict
	_, why := b.observe(slot, t, v, true, &out)
	if why == taken {
		return out, ""
	}
	return out, outcomeNames[why]
}

// JudgeAll is Judge for samples of which several make a figure, or one makes several:
// those of buckets of classic histograms. The verdicts on the series derived from them
// that the sample completes are handed to each, also those that bring no news. It is
// called while locks are held and must not call back into the bank. Slots of other
// sorts are ignored.
func (b *Bank) JudgeAll(slot Slot, t int64, v float64, each func(Verdict)) {
	if slot.Bucket() {
		b.feedBucket(slot.place(), t, v, sink{to: each, all: true})
	}
}

// JudgeHistogram does for a native histogram what JudgeAll does for a bucket. It
// returns false when there may be room now for what was refused; register it again.
func (b *Bank) JudgeHistogram(slot Slot, s telemetry.HistogramSample, each func(Verdict)) bool {
	return b.feedHistogram(slot, s, sink{to: each, all: true})
}

// Alarms returns how many alarms the services of the bank have had, and how many of
// them were charged to their budgets.
func (b *Bank) Alarms() (all, charged uint64) { return b.alarms.Load(), b.spent.Load() }

// Odd reports whether a verdict calls its sample odd: the value lies outside of its
// band; without a band, as for a flatline, the score reaches what the service asks of
// its series at the time.
func (b *Bank) Odd(v Verdict) bool {
	switch {
	case v.Phase == PhaseOpened: // what it costs the service has been charged already
		return true
	case !math.IsNaN(v.Lower):
		return v.Value < v.Lower || v.Value > v.Upper
	}
	c, j := b.series.at(int(v.Slot.place())/chunkSize), int(v.Slot.place()%chunkSize)
	if !v.Slot.ofSeries() || c == nil {
		return false
	}
	c.Lock()
	own := c.series[j].Service
	c.Unlock()
	return v.Score >= score(b.params.logBudget-float64(b.services.at(own).shareAt(&b.params, v.Time)))
}
