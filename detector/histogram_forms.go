package detector

import "math"

// A histogram may come as a classic and as a native one: at the same time, as where both
// are scraped, or one after the other, as where native ones or custom buckets are turned
// on, or where the history of one form is learned before the other comes. Both derive the
// same series, which only one of them may feed: the one that came first, until it has
// ended, or the other has come as often without it as a bucket may be missed.

// never is the time of the last sample of what has none.
const never = math.MinInt64

// pair tells the two forms of a histogram of each other. The caller holds the register
// lock.
func (h *histograms) pair(classicAt, nativeAt uint32, n *native) {
	h.entry(classicAt).twin.Store(nativeAt)
	n.rival.Store(classicAt)
}

// defers reports whether a native histogram that comes at time t leaves the derived series
// to its classic form. If not, that one gives way from now on. The caller holds n.
func (h *histograms) defers(n *native, t int64, most uint8) bool {
	at := n.rival.Load()
	if at == 0 {
		return false
	}
	c := h.classics.at(int(at) / chunkSize)
	c.Lock()
	defer c.Unlock()
	g := &c.classics[at%chunkSize]
	if g.Active > 0 && !g.Yields {
		if t <= g.Time || g.Time != n.heard {
			n.heard, n.alone = g.Time, 0
			return true
		}
		if n.alone++; n.alone < most {
			return true
		}
	}
	g.Yields, g.Alone = true, 0
	return false
}

// yields reports whether a classic histogram leaves the figures of a whole round to its
// native form. When that one has gone it counts from this round on. The caller holds g.
func (b *Bank) yields(g *classic) bool {
	if !g.Yields {
		return false
	}
	h := &b.histograms
	seen := int64(never)
	if n := h.natives.at(nativeSlot | Slot(h.entry(h.at(g.First).Of).twin.Load())); n != nil {
		seen = n.seen.Load()
	}
	if seen != never {
		if seen >= g.Time || seen != g.Since[0] { // of which nobody else has need now
			g.Since[0], g.Alone = seen, 0
			return true
		}
		if g.Alone++; g.Alone < b.params.Histogram.MaxMissed {
			return true
		}
	}
	g.Yields, g.Alone, g.Fell = false, 0, false
	h.rebase(g, [quantiles]bool{true, true})
	return true
}
