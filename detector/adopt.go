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
	src, dst := from.series.at(int(at.place())/chunkSize), b.series.at(int(slot.place())/chunkSize)
	if !slot.ofSeries() || !at.ofSeries() || src == nil || dst == nil || !labels.Equal(b.Labels(slot), from.Labels(at)) {
		return Verdict{}, false, true
	}
	src.Lock()
	state := src.series[at.place()%chunkSize]
	var learned page
	if state.has(flagPage) {
		learned = *from.days.at(state.Page)
	}
	src.Unlock()

	dst.Lock()
	defer dst.Unlock()
	s := &dst.series[slot.place()%chunkSize]
	switch {
	case uint32(s.Generation) != slot.generation():
		return Verdict{}, false, true
	case state.N == 0 || s.N > 0 && s.FirstTime <= state.FirstTime:
		return Verdict{}, false, true
	case s.LastTime > state.LastTime:
		return Verdict{}, false, false
	}
	if s.told() {
		phase := s.lose(&b.params)
		lost, tell = s.verdict(s.LastTime, phase), true
		lost.Slot = slot
		b.count(phase)
	}
	if s.has(flagPage) {
		b.days.give(s.Page)
	}
	if state.has(flagPage) {
		state.Page = b.days.take()
		*b.days.at(state.Page) = learned
	}
	// Whose it is does not change, nor whether its service has counted it.
	state.Service, state.Generation = s.Service, s.Generation
	// How late its samples come is known here alone, where there is a clock.
	const here = flagAble | flagLate | flagBehind | lagBits
	state.Flags = state.Flags&^here | s.Flags&here
	*s = state
	return lost, tell, true
}
