package detector

import "github.com/prometheus/prometheus/model/labels"

// Adopt gives a series of this bank the state that it has in another one, which
// was shown a longer history of it and is left as it is: this is how a series is
// warmed while its samples keep coming. The other bank must have the same
// configuration and no one else using it.
//
// It is done, true, when the state was taken, and also when there is nothing to
// gain: the other bank knows no sample, or none before those known here, or the
// slots are those of different series. It is
// not done, false, when a sample was judged here that the other bank has not
// seen; show it that and try again. An episode that was open in the state that
// is replaced is over: its end is the verdict, which is to be told when tell is
// true. Nothing else of the history is ever told.
func (b *Bank) Adopt(slot Slot, from *Bank, at Slot) (lost Verdict, tell, done bool) {
	src, dst := from.series.at(int(at)/chunkSize), b.series.at(int(slot)/chunkSize)
	if slot == 0 || at == 0 || src == nil || dst == nil || !labels.Equal(b.Labels(slot), from.Labels(at)) {
		return Verdict{}, false, true
	}
	src.Lock()
	state := src.series[at%chunkSize]
	var page daily
	if state.has(flagPage) {
		page = *from.days.daily(state.Page)
	}
	src.Unlock()

	dst.Lock()
	defer dst.Unlock()
	s := &dst.series[slot%chunkSize]
	switch {
	case state.N == 0 || s.N > 0 && s.FirstTime <= state.FirstTime:
		return Verdict{}, false, true
	case s.LastTime > state.LastTime:
		return Verdict{}, false, false
	}
	if s.has(flagOpen) {
		lost, tell = s.lose(s.LastTime)
		lost.Slot = slot
		b.count(lost.Phase)
	}
	switch own := s.Page; {
	case s.has(flagPage): // kept, so that it is not lost to the slab
		*b.days.daily(own) = page
		state.Page = own
		state.set(flagPage)
	case state.has(flagPage):
		state.Page = b.days.take()
		*b.days.daily(state.Page) = page
	}
	*s = state
	return lost, tell, true
}
