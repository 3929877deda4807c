package head

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/internal/labeltext"
)

// index finds series by labels and labels by series. A pair of label name and value
// is kept once, with the IDs of the series that have it; of a series it keeps the
// numbers of its pairs and 8 bytes in a hash table. It is safe for concurrent use.
// What readers take under the lock they may read on without it: lists are only
// appended to or replaced.
type index struct {
	seed maphash.Seed

	mu       sync.RWMutex
	byLabels lookup // series
	pairs    pairs
	pages    []*seriesPage // nil where no series is left
	newest   ID
	count    atomic.Int64
	previous []pairID // of the series made last
	spare    []pairID // memory for those of the next
	removals uint64   // counts calls of remove
	gone     int64    // series that were removed

	writes bool // labels are written, not built; see labeltext

	removing sync.Mutex // one at a time; taken before mu
}

const seriesPerPage = 256

// seriesPage keeps the pairs of series one after another, in order of names. Only its
// end is written to; a page that loses series is replaced, so that whoever took it
// under the lock, with its pairs, may read what was there then.
type seriesPage struct {
	start [seriesPerPage + 1]uint32 // of the pairs of a series; the next one's start is its end
	pairs []pairID
	live  [seriesPerPage / 64]uint64 // a bit for each series that is there
	alive int
}

func (p *seriesPage) isLive(at ID) bool { return p.live[at/64]&(1<<(at%64)) != 0 }

func newIndex() *index {
	x := &index{seed: maphash.MakeSeed(), writes: labeltext.Kept()}
	x.pairs.init()
	return x
}

// hash returns the hash of labels by which a series is found.
func (x *index) hash(ls labels.Labels) uint32 {
	if x.writes {
		return uint32(maphash.String(x.seed, labeltext.Of(ls)) >> 32)
	}
	var buf [1024]byte
	return uint32(maphash.Bytes(x.seed, ls.Bytes(buf[:])) >> 32)
}

// get returns the series of labels, or 0.
func (x *index) get(ls labels.Labels) ID { return x.look(x.hash(ls), ls) }

// look returns the series of labels that have a hash, or 0.
func (x *index) look(hash uint32, ls labels.Labels) ID {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.find(hash, ls)
}

// getOrCreate returns the series of labels. If there is none it calls make for an ID,
// which must be greater than all before, or 0 to refuse. Labels must be as the TSDB
// wants them: sorted, no name twice, no value empty.
func (x *index) getOrCreate(ls labels.Labels, make func() ID) (id ID, created bool) {
	hash := x.hash(ls)
	if id = x.look(hash, ls); id != 0 {
		return id, false
	}
	return x.lookOrCreate(hash, ls, make)
}

// lookOrCreate is getOrCreate for who has the hash and most likely a new series.
func (x *index) lookOrCreate(hash uint32, ls labels.Labels, make func() ID) (id ID, created bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if id = x.find(hash, ls); id != 0 {
		return id, false
	}
	if id = make(); id == 0 {
		return 0, false
	}
	x.add(id, hash, ls)
	return id, true
}

func (x *index) find(hash uint32, ls labels.Labels) ID {
	return ID(x.byLabels.find(hash, func(id uint32) bool { return x.has(ID(id), ls) }))
}

// has reports whether a series that is there has exactly these labels.
func (x *index) has(id ID, ls labels.Labels) bool {
	pids, same := x.pairsOf(id)
	if x.writes {
		text := labeltext.Of(ls)
		for _, pid := range pids {
			if text, same = strings.CutPrefix(text, x.pairs.at(pid).text); !same {
				return false
			}
		}
		return same && text == ""
	}
	i := 0
	ls.Range(func(l labels.Label) {
		same = same && i < len(pids) && x.pairs.is(pids[i], l.Name, l.Value)
		i++
	})
	return same && i == len(pids)
}

// add enters a series that is not there. Series that are made one after another have
// most of their labels in common.
func (x *index) add(id ID, hash uint32, ls labels.Labels) {
	pids := x.spare[:0]
	if x.writes {
		pids = x.internText(pids, labeltext.Of(ls))
	} else {
		ls.Range(func(l labels.Label) {
			i := len(pids)
			if i < len(x.previous) && x.pairs.is(x.previous[i], l.Name, l.Value) {
				pids = append(pids, x.previous[i])
			} else {
				pids = append(pids, x.pairs.intern(l.Name, l.Value))
			}
		})
	}
	x.enter(id, hash, pids)
	x.spare, x.previous = x.previous, pids
}

// internText appends the numbers of the pairs that a text of labels has. One that the
// series before has too is known by a single comparison: no text of a pair begins with
// that of another.
func (x *index) internText(pids []pairID, text string) []pairID {
	for text != "" {
		if i := len(pids); i < len(x.previous) {
			at := x.pairs.at(x.previous[i])
			if rest, same := strings.CutPrefix(text, at.text); same && at.state&taken != 0 {
				pids, text = append(pids, x.previous[i]), rest
				continue
			}
		}
		var name, value string
		name, text = labeltext.Cut(text)
		value, text = labeltext.Cut(text)
		pids = append(pids, x.pairs.intern(name, value))
	}
	return pids
}

// enter enters a series that is not there and has pairs, in order of names.
func (x *index) enter(id ID, hash uint32, pids []pairID) {
	if id <= x.newest {
		panic(fmt.Sprintf("head: series %d made after series %d", id, x.newest))
	}
	page := x.pageFor(id)
	page.pairs = append(page.pairs, pids...)
	for _, pid := range pids {
		x.pairs.post(pid, id)
	}
	x.pairs.post(0, id)
	at := id % seriesPerPage
	page.start[at+1] = uint32(len(page.pairs))
	page.live[at/64] |= 1 << (at % 64)
	page.alive++
	x.byLabels.add(hash, uint32(id))
	x.newest = id
	x.count.Add(1)
}

// pageFor returns the page of a series that is about to be added and makes it ready
// for its pairs.
func (x *index) pageFor(id ID) *seriesPage {
	n := int(id / seriesPerPage)
	for len(x.pages) <= n {
		x.pages = append(x.pages, nil)
	}
	from := id % seriesPerPage // the last end that was written
	page := x.pages[n]
	if page == nil {
		page = &seriesPage{}
		from = 0
		if last := int(x.newest / seriesPerPage); last < n && x.pages[last] != nil {
			full := x.pages[last]
			full.pairs = trimmed(full.pairs)
			page.pairs = make([]pairID, 0, len(full.pairs)+8) // most likely about as many
		}
		x.pages[n] = page
	} else if x.newest/seriesPerPage == id/seriesPerPage {
		from = x.newest%seriesPerPage + 1
	}
	for at := from; at < id%seriesPerPage; at++ { // IDs that were given to nobody
		page.start[at+1] = uint32(len(page.pairs))
	}
	return page
}

// trimmed returns a list without room to grow if that saves enough.
func trimmed[T any](s []T) []T {
	if cap(s)-len(s) > len(s)/8 {
		return append(make([]T, 0, len(s)), s...)
	}
	return s
}

// pairsOf returns the pairs of a series in order of names, or false if it is not there.
func (x *index) pairsOf(id ID) ([]pairID, bool) {
	n := int(id / seriesPerPage)
	if n >= len(x.pages) || x.pages[n] == nil {
		return nil, false
	}
	page, at := x.pages[n], id%seriesPerPage
	if !page.isLive(at) {
		return nil, false
	}
	return page.pairs[page.start[at]:page.start[at+1]], true
}

// labels gives b the labels of a series, sorted by name, and reports whether it is
// there.
func (x *index) labels(id ID, b *labels.ScratchBuilder) bool {
	b.Reset()
	if !x.writes {
		x.mu.RLock()
		defer x.mu.RUnlock()
		pids, ok := x.pairsOf(id)
		for _, pid := range pids {
			at := x.pairs.at(pid)
			b.Add(x.pairs.names[at.name()].text, x.pairs.value(at))
		}
		return ok
	}
	var buf [512]byte
	x.mu.RLock()
	pids, ok := x.pairsOf(id)
	text := buf[:0]
	for _, pid := range pids {
		text = append(text, x.pairs.at(pid).text...)
	}
	x.mu.RUnlock()
	if ok {
		b.Assign(labeltext.Labels(string(text)))
	}
	return ok
}

// len returns how many series there are. It takes no lock.
func (x *index) len() int { return int(x.count.Load()) }
