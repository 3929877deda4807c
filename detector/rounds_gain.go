package detector

// increase appends what each bucket has gained since its base, cumulative, in order of
// bounds. It is false, and what it returns is of no use, if one has none: other buckets came
// than before.
func (h *histograms) increase(g *classic, q int, out []gain) ([]gain, bool) {
	for at := g.First; at != 0; {
		k := h.at(at)
		if at = k.Next; !k.Active {
			continue
		}
		if !k.Based {
			return nil, false
		}
		out = append(out, gain{bound: k.Bound, count: k.Count - k.Base[q]})
	}
	return out, true
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
