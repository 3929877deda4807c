package detector

// gained is increase for the first quantile, if what a whole round has gained over all bases
// is of one process with one set of buckets; else it says why not.
func (h *histograms) gained(g *classic, out []gain) ([]gain, fate, bool) {
	if g.Fell {
		return nil, fateReset, false
	}
	for at := g.First; at != 0; {
		k := h.at(at)
		at = k.Next
		if !k.Active {
			continue
		}
		if !k.Based {
			return nil, fateBounds, false
		}
		out = append(out, gain{bound: k.Bound, count: k.Count - k.Base[0]})
	}
	return out, 0, true
}

// increase appends what each bucket has gained since its base, cumulative, in
// order of bounds.
func (h *histograms) increase(g *classic, q int, out []gain) []gain {
	for at := g.First; at != 0; {
		k := h.at(at)
		if k.Active {
			out = append(out, gain{bound: k.Bound, count: k.Count - k.Base[q]})
		}
		at = k.Next
	}
	return out
}

// rebase lets each of these quantiles count from the present round on.
func (h *histograms) rebase(g *classic, which [quantiles]bool) {
	if which == [quantiles]bool{} {
		return
	}
	for q, is := range which {
		if is {
			g.Since[q] = g.Time
		}
	}
	for at := g.First; at != 0; {
		k := h.at(at)
		if at = k.Next; !k.Active {
			continue
		}
		k.Based = true
		for q, is := range which {
			if is {
				k.Base[q] = k.Count
			}
		}
	}
}
