package detector

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
