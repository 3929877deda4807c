package detector

import (
	"cmp"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
)

// Eviction. A series that has not been used for Config.EvictAfter gives its place
// and its page back; when the bank is full, those that have been idle for the
// longest go earlier, but none that silence may still say something about, nor one in
// whose episode it has yet to say that data have stopped. A place is taken again under
// another generation, so that a slot of the series before is recognised for ever: its
// samples are refused (PhaseGone) and whoever holds it asks again. A place that has used
// up its generations stays empty.

// evictPause is for how long (ms) an empty place keeps the labels of its last
// series, for verdicts that wait in a queue.
const evictPause = 10 * 60 * 1000

// evictEach is how often (ms) idle series are looked for.
const evictEach = 60 * 1000

// evictShare is the part of a full bank that gives way at once, so that the
// search for the least recently used is paid for by many.
const evictShare = 64

// freed is a place that may be taken again.
type freed struct {
	place uint32
	at    int64 // ms
}

// lastUse returns when a series of the chunk was last used, in ms; its lock is
// held.
func (c *chunk) lastUse(j int) int64 {
	return max(c.series[j].LastTime, 1000*int64(c.used[j]))
}

// use notes that a series was used by something that teaches it nothing.
func (c *chunk) use(j int, t int64) {
	c.used[j] = max(c.used[j], uint32(min(max(t/1000, 0), math.MaxUint32)))
}

// leapt notes the time of a sweep. Where it is further from the one before than a series
// may be idle, the machine was suspended or its clock was put to another time, and every
// series would be taken for idle before one of them could send: what was learned would be
// lost. From then on that counts anew, but for a thousandth, since a gap of the past is
// swept in steps of half as much.
func (b *Bank) leapt(now int64) {
	last := b.now.Swap(now)
	far := max(now-last, last-now)
	if last == 0 || far >= b.params.Silence.Most {
		b.woke.Store(now)
	}
	if last == 0 || far >= b.evictAfter {
		b.began.Store(now - b.evictAfter/1000)
		b.nextEvict.Store(0)
	}
}

// idle is a series and when it was last used.
type idle struct {
	place uint32
	last  int64
}

// idleBefore appends the series of chunk i that were last used before t; open asks for
// those too of which an episode goes on.
func (b *Bank) idleBefore(out []idle, i int, t int64, open bool) []idle {
	c := b.series.at(i)
	c.Lock()
	defer c.Unlock()
	for j := range c.series {
		s := &c.series[j]
		if last := c.lastUse(j); s.has(flagUsed) && last < t && (open || !s.told()) {
			out = append(out, idle{uint32(i*chunkSize + j), last})
		}
	}
	return out
}

// evictIdle evicts what has been idle for longer than Config.EvictAfter at time
// now. An episode that was open until then, because five steps take longer than that, is
// lost, which emit is told without a lock held: nobody would ever hear of its end. The
// time before the first call does not count: after a start, senders have as long to come
// back. So it is after a leap of the clock, forwards or back.
func (b *Bank) evictIdle(now int64, emit func(Verdict)) {
	b.leapt(now)
	if b.evictAfter == 0 || now-b.began.Load() < b.evictAfter || now < b.nextEvict.Load() {
		return
	}
	b.nextEvict.Store(now + evictEach)
	before := now - b.evictAfter
	var found []idle
	for i, n := 0, b.series.len(); i < n; i++ {
		found = b.idleBefore(found[:0], i, before, true)
		for _, x := range found {
			b.register.Lock()
			was, done := b.evict(x.place, before, now)
			b.register.Unlock()
			if !done {
				continue
			}
			b.evicted.Add(1)
			if slot := slotOf(x.place, uint32(was.Generation)); was.lose(&b.params) == PhaseLost {
				lost := was.verdict(now, PhaseLost)
				lost.Slot = slot
				b.count(PhaseLost)
				emit(lost)
			}
		}
	}
}

// makeRoom evicts the least recently used of the series that have been idle for
// longer than silence is told of, and of which no episode is open, for its end is Sweep's
// to tell; the caller holds the register lock for writing. When it found none it does not
// look again within a minute.
func (b *Bank) makeRoom() {
	now := b.now.Load()
	const pause = 60 * 1000
	soon := now < b.lookAgain && b.lookAgain-now <= pause // else the clock was put back
	if b.evictAfter == 0 || soon || now-b.woke.Load() < b.params.Silence.Most {
		return
	}
	before, want := now-b.params.Silence.Most, max(b.most/evictShare, 1)
	var found []idle
	for i, n := 0, b.series.len(); i < n; i++ {
		if found = b.idleBefore(found, i, before, false); len(found) > 2*want {
			found = oldest(found, want)
		}
	}
	for _, x := range oldest(found, want) {
		if _, done := b.evict(x.place, before, now); done {
			b.evictedFull.Add(1)
		}
	}
	if b.live >= b.most {
		b.lookAgain = now + pause
	}
}

// oldest returns the n that were used the longest ago.
func oldest(all []idle, n int) []idle {
	slices.SortFunc(all, func(x, y idle) int { return cmp.Or(cmp.Compare(x.last, y.last), cmp.Compare(x.place, y.place)) })
	return all[:min(n, len(all))]
}

// evict empties a place unless its series has been used since, and returns what the series
// was; the caller holds the register lock for writing.
func (b *Bank) evict(place uint32, before, now int64) (was series, done bool) {
	c, j := b.series.at(int(place)/chunkSize), int(place%chunkSize)
	c.Lock()
	s := &c.series[j]
	if !s.has(flagUsed) || c.lastUse(j) >= before {
		c.Unlock()
		return series{}, false
	}
	was = *s
	*s = series{Generation: was.Generation + 1}
	c.used[j] = 0
	c.Unlock()
	if was.has(flagPage) {
		b.days.give(was.Page)
	}
	b.leave(was.Service, place, was.has(flagAble))
	b.unlink(place)
	b.live--
	b.epoch.Add(1)
	if was.Generation < math.MaxUint16 {
		b.free = append(b.free, freed{place, now})
	}
	return was, true
}

// unlink takes a place out of the index; its labels stay until it is taken again.
func (b *Bank) unlink(place uint32) {
	e := &b.entries[place]
	hash := e.labels.Hash()
	if b.byHash[hash] == place {
		if e.next == 0 {
			delete(b.byHash, hash)
		} else {
			b.byHash[hash] = e.next
		}
		return
	}
	for at := b.byHash[hash]; at != 0; at = b.entries[at].next {
		if b.entries[at].next == place {
			b.entries[at].next = e.next
			return
		}
	}
}

// place returns a place for a new series; the caller holds the register lock for
// writing.
func (b *Bank) place() uint32 {
	full := len(b.entries) > b.most
	if len(b.free) > 0 && (full || b.now.Load()-b.free[0].at >= evictPause) {
		at := b.free[0].place
		b.free = b.free[1:]
		return at
	}
	b.entries = append(b.entries, entry{})
	at := uint32(len(b.entries) - 1)
	if int(at)/chunkSize >= b.series.len() {
		b.series.grow()
	}
	return at
}

// leave takes the series of a place from its service, which is forgotten with its last
// one; the caller holds the register lock for writing.
func (b *Bank) leave(i, place uint32, able bool) {
	s, v := &b.services, b.services.at(i)
	if v.leave(&b.params, place, able) > 0 {
		return
	}
	delete(s.byName, s.names[i])
	s.names[i] = ""
	s.free = append(s.free, i)
}

// give takes back a page that no series owns any more.
func (d *days) give(at uint32) {
	*d.at(at) = page{}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free = append(d.free, at)
}

// places returns how many places have been given out.
func (b *Bank) places() int {
	b.register.RLock()
	defer b.register.RUnlock()
	return len(b.entries) - 1
}

func (b *Bank) labelsOf(slot Slot) (labels.Labels, bool) {
	b.register.RLock()
	defer b.register.RUnlock()
	return b.labelsAt(slot)
}
