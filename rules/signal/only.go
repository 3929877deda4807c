package signal

// Only returns a catalogue of those signals for whose names keep is true. The
// others are unknown to it.
func (c *Catalogue) Only(keep func(name string) bool) *Catalogue {
	out := &Catalogue{index: map[string]int{}}
	for _, s := range c.signals {
		if !keep(s.Name) {
			continue
		}
		for _, n := range append([]string{s.Name}, s.Aliases...) {
			out.index[n] = len(out.signals)
		}
		out.signals = append(out.signals, s)
	}
	return out
}
