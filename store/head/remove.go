package head

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"
)

// removeBatch is how many series or pairs are changed before others get the lock.
const removeBatch = 512

// remove takes series out. At once nobody finds them by labels or ID any more; their
// postings follow, list by list, with the lock held only to put a new list in place
// of the old one. Series may be made meanwhile, also with the same labels. Its time
// grows with the lists that change: some ms per million entries.
func (x *index) remove(gone []ID) {
	x.removing.Lock()
	defer x.removing.Unlock()
	x.removeHeld(gone)
}

// removeHeld is remove for who holds removing.
func (x *index) removeHeld(gone []ID) {
	gone = slices.Clone(gone)
	slices.Sort(gone)
	gone = slices.Compact(gone)
	var affected []pairID
	gone, affected = x.forget(gone)
	if len(gone) == 0 {
		return
	}
	slices.Sort(affected)
	affected = slices.Compact(affected)
	x.unpost(append(affected, 0), gone)
}

// forget takes series out of the look-up and their pages. It returns which of them
// were there and the pairs that they had, with repetitions.
func (x *index) forget(gone []ID) (was []ID, affected []pairID) {
	var b labels.ScratchBuilder
	var ls labels.Labels
	atMost := 1 << 20
	for len(gone) > 0 {
		n := min(removeBatch, len(gone))
		x.mu.Lock()
		x.removals++
		for _, id := range gone[:n] {
			pids, ok := x.pairsOf(id)
			if !ok {
				continue
			}
			b.Reset()
			for _, pid := range pids {
				at := x.pairs.at(pid)
				b.Add(x.pairs.names[at.name()].text, x.pairs.value(at))
				x.pairs.names[at.name()].series--
			}
			x.pairs.names[0].series--
			b.Overwrite(&ls)
			x.byLabels.drop(x.hash(ls), uint32(id))
			page := x.pages[id/seriesPerPage]
			page.live[id%seriesPerPage/64] &^= 1 << (id % 64)
			page.alive--
			x.count.Add(-1)
			x.gone++
			was = append(was, id)
			affected = append(affected, pids...)
		}
		x.tidyPages(gone[:n])
		x.mu.Unlock()
		if len(affected) > atMost { // mostly repetitions
			slices.Sort(affected)
			affected = slices.Compact(affected)
			atMost = max(atMost, 2*len(affected))
		}
		gone = gone[n:]
	}
	return was, affected
}

// tidyPages drops the pages of removed series that are empty and writes anew those of
// whose pairs less than half are still in use.
func (x *index) tidyPages(gone []ID) {
	last := -1
	for _, id := range gone {
		n := int(id / seriesPerPage)
		if n == last || n >= len(x.pages) || x.pages[n] == nil {
			continue
		}
		last = n
		page := x.pages[n]
		if page.alive == 0 {
			x.pages[n] = nil
			continue
		}
		used := 0
		for at := ID(0); at < seriesPerPage; at++ {
			if page.isLive(at) {
				used += int(page.start[at+1] - page.start[at])
			}
		}
		if 2*used < len(page.pairs) {
			x.pages[n] = page.tidied(used)
		}
	}
}

// tidied returns a copy of a page with the pairs of those series alone that are there.
func (p *seriesPage) tidied(used int) *seriesPage {
	q := &seriesPage{pairs: make([]pairID, 0, used), live: p.live, alive: p.alive}
	for at := ID(0); at < seriesPerPage; at++ {
		if p.isLive(at) {
			q.pairs = append(q.pairs, p.pairs[p.start[at]:p.start[at+1]]...)
		}
		q.start[at+1] = uint32(len(q.pairs))
	}
	return q
}

// unpost takes series out of the lists of pairs, frees pairs that are left without,
// and after them names.
func (x *index) unpost(affected []pairID, gone []ID) {
	free := map[nameID][]pairID{}
	for len(affected) > 0 {
		n := min(removeBatch, len(affected))
		var long []pairID
		x.mu.Lock()
		for _, pid := range affected[:n] {
			at := x.pairs.at(pid)
			switch {
			case at.state&listed == 0:
				if _, ok := slices.BinarySearch(gone, ID(at.posts)); ok {
					at.posts = 0
				}
			case len(x.pairs.lists[at.posts]) <= removeBatch:
				x.pairs.replaceList(at, without(x.pairs.lists[at.posts], gone))
			default:
				long = append(long, pid)
				continue
			}
			x.freeIfUnused(pid, free)
		}
		x.mu.Unlock()
		for _, pid := range long {
			x.unpostLong(pid, gone, free)
		}
		affected = affected[n:]
	}
	for n, pids := range free {
		x.freePairs(n, pids)
	}
}

// unpostLong makes the new list of a pair without the lock: what is there of the old
// one does not change, and what comes meanwhile is added to the new one.
func (x *index) unpostLong(pid pairID, gone []ID, free map[nameID][]pairID) {
	x.mu.RLock()
	old := x.pairs.list(pid).many
	x.mu.RUnlock()
	left := without(old, gone)
	x.mu.Lock()
	defer x.mu.Unlock()
	at := x.pairs.at(pid)
	x.pairs.replaceList(at, append(left, x.pairs.lists[at.posts][len(old):]...))
	x.freeIfUnused(pid, free)
}

// without returns a copy of a list that leaves out some; both are sorted.
func without(from, gone []ID) []ID {
	left := make([]ID, 0, len(from))
	for len(from) > 0 && len(gone) > 0 {
		i := gallop(from, gone[0])
		left = append(left, from[:i]...)
		from = from[i:]
		if len(from) == 0 {
			break
		}
		if from[0] == gone[0] {
			from = from[1:]
		}
		gone = gone[1:]
		if len(from) > 0 && len(gone) > 0 && gone[0] < from[0] {
			gone = gone[gallop(gone, from[0]):]
		}
	}
	return trimmed(append(left, from...))
}

// replaceList gives a listed pair another list.
func (p *pairs) replaceList(at *pair, ids []ID) {
	switch len(ids) {
	case 0:
		p.unlist(at, 0)
	case 1:
		p.unlist(at, ids[0])
	default:
		p.lists[at.posts] = ids
	}
}

// freeIfUnused takes a pair that no series has out of the look-up. Its number is
// free for others only when its name has forgotten it; see freePairs.
func (x *index) freeIfUnused(pid pairID, free map[nameID][]pairID) {
	at := x.pairs.at(pid)
	if pid == 0 || at.state&listed != 0 || at.posts != 0 {
		return
	}
	n := at.name()
	x.pairs.byHash.drop(x.pairs.hash(n, x.pairs.value(at)), uint32(pid))
	free[n] = append(free[n], pid)
	*at = pair{}
}

// freePairs takes free pairs out of the list of their name, and frees a name without
// pairs.
func (x *index) freePairs(n nameID, pids []pairID) {
	x.mu.RLock()
	old := x.pairs.names[n].pairs
	x.mu.RUnlock()
	gone := make([]uint64, slices.Max(pids)/64+1) // a bit for each
	for _, pid := range pids {
		gone[pid/64] |= 1 << (pid % 64)
	}
	left := make([]pairID, 0, len(old)-len(pids))
	for _, pid := range old {
		if int(pid/64) >= len(gone) || gone[pid/64]&(1<<(pid%64)) == 0 {
			left = append(left, pid)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	at := &x.pairs.names[n]
	at.pairs = append(left, at.pairs[len(old):]...)
	x.pairs.free = append(x.pairs.free, pids...)
	if len(at.pairs) == 0 {
		delete(x.pairs.byName, at.text)
		*at = name{}
		x.pairs.freeNames = append(x.pairs.freeNames, n)
	}
}
