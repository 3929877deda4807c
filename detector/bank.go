package detector

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// Bank watches many series. All methods are safe for concurrent use; samples
// of one series must be handed over in the order in which they are to be
// judged, for what is not later than the sample before is counted and dropped.
type Bank struct {
	away   away
	params params
	most   int

	// register guards the index and the growth of the slab.
	register  sync.RWMutex
	byHash    map[uint64]uint32 // labels hash -> newest place with it
	entries   []entry           // by place; entries[0] is unused
	live      int               // series watched
	free      []freed           // places that may be taken again, the longest empty first
	lookAgain int64             // for idle series when full, ms

	evictAfter int64        // ms
	now, began atomic.Int64 // of the newest Sweep, and from when on idle times count
	woke       atomic.Int64 // of the first Sweep, or the first after hours without one
	epoch      atomic.Uint32
	nextEvict  atomic.Int64

	series slab[chunk]
	days   days
	young  young

	histograms histograms

	families *families
	shared   bool // families are learned for several banks together

	services services
	budgets  budgets

	turn atomic.Uint32 // turnOf the newest sample that was a lesson, about; see fetchPage

	counted     [outcomes]atomic.Uint64
	spent       atomic.Uint64 // alarms charged
	alarms      atomic.Uint64 // all alarms of services
	refunded    atomic.Uint64
	refused     atomic.Uint64
	evicted     atomic.Uint64 // for being idle
	evictedFull atomic.Uint64 // to make room
	opened      atomic.Uint64
	withheld    [rhythms]atomic.Uint64 // episodes not told, or not yet, because they recur
	lost        atomic.Uint64
}

// NewBank returns an empty bank. The error lists every value of the
// configuration that is out of range.
func NewBank(c Config, options ...Option) (*Bank, error) {
	var wrong []string
	c.Validate(func(path, format string, args ...any) {
		wrong = append(wrong, path+": "+fmt.Sprintf(format, args...))
	})
	if wrong != nil {
		return nil, fmt.Errorf("detector configuration: %s", strings.Join(wrong, "; "))
	}
	b := &Bank{params: c.params(), most: c.MaxSeries, byHash: make(map[uint64]uint32), entries: make([]entry, 1),
		budgets: c.budgets(), evictAfter: c.EvictAfter.Std().Milliseconds()}
	b.families = &families{fixed: c.Start}
	b.away.times = c.Away
	for _, o := range options {
		o(b)
	}
	return b, nil
}

// Observe judges one sample, t in milliseconds since the Unix epoch, and learns
// from it. It reports whether that brings news: an episode opened, changed, closed
// or was lost; the verdict is filled in then only, for it costs as much as a
// quarter of the judging. Slot 0, slots never given out and those of histograms are
// ignored; one whose series was evicted gives a verdict with PhaseGone alone.
// Observe does not allocate.
func (b *Bank) Observe(slot Slot, t int64, v float64) (Verdict, bool) {
	var out Verdict
	tell, _ := b.observe(slot, t, v, false, &out)
	return out, tell
}

// observe is Observe with what the guards said; full asks for the verdict on every
// sample. It leaves out alone unless it tells something or the slot is not good.
//
// Most samples glide. They are done with here, and touch neither page nor service
// but for what the service owes at least.
func (b *Bank) observe(slot Slot, t int64, v float64, full bool, out *Verdict) (tell bool, why outcome) {
	c, j := b.series.at(int(slot.place())/chunkSize), int(slot.place()%chunkSize)
	if !slot.ofSeries() || c == nil {
		*out = b.ask(slot)
		return false, unwatched
	}
	c.Lock()
	s := &c.series[j]
	if uint32(s.Generation) != slot.generation() {
		c.Unlock()
		*out = Verdict{Phase: PhaseGone}
		return false, unwatched
	}
	own, g := b.services.at(s.Service), glance{t: t, fine: 1}
	why = s.admit(&b.params, &g, v)
	if why == taken && !full {
		var w slide
		if share := own.shareLeast(&b.params); s.glides(&b.params, &g, share, &w) || s.lesson(&b.params, &g, share, &w) {
			rare, service := w.isShown(&b.params) && own.rare(&b.params, s, slot.place(), t, w.rarity), s.Service
			if c.Unlock(); rare {
				b.weigh(service, t)
			}
			return false, taken
		}
	}
	var after sequel
	asks := b.observeInFull(c, s, slot, own, own.shareAt(&b.params, t), &g, why, full, out, &after)
	if c.Unlock(); asks {
		b.follow(&after, own, t, out)
	}
	return after.tell, why
}

// isShown reports whether the group of the service is to be shown a sample that glides or
// strides, as few are. The others leave page and service alone.
func (w *slide) isShown(p *params) bool {
	return w.decades() >= p.rareLeast && w.rarity != notRare
}

// sequel is what is left to do when a sample has been judged and the lock of its
// series is not held any more: nothing for most.
type sequel struct {
	phase   Phase
	tell    bool    // the verdict is news
	rare    bool    // the group of the service is to be shown the sample
	service uint32  // index of the service
	excess  float32 // powers of ten beyond what it took to alarm
}

// observeInFull goes on where observe has admitted a sample that does not glide for
// certain, while the caller holds the lock of the chunk. share is what it owes to its
// service. If it returns true the caller is to hand what it leaves in after to follow
// without the lock.
func (b *Bank) observeInFull(c *chunk, s *series, slot Slot, own *service, share float32, g *glance, why outcome, full bool, out *Verdict, after *sequel) bool {
	var k look
	k.glance.from(g)
	k.share, k.full = float64(share), full
	phase := s.follow(&b.params, &b.days, &k, why)
	service, rare := s.Service, own.rare(&b.params, s, slot.place(), k.t, k.groupRarity())
	tell := phase.tells()
	if tell || full {
		*out = s.verdictOn(&k, phase)
		out.Slot = slot
	}
	if k.withheld {
		b.withheld[k.recurs.rhythm()].Add(1)
	}
	if k.turn {
		b.turned(k.t)
	}
	if why != taken {
		c.use(int(slot.place()%chunkSize), k.t)
		b.counted[why].Add(1)
	}
	if !tell && !rare {
		return false
	}
	after.phase, after.tell, after.rare, after.service = phase, tell, rare, service
	after.excess = k.rarity - share + float32(b.params.logBudget)
	return true
}

// follow does what a sample has left to do.
func (b *Bank) follow(a *sequel, own *service, t int64, out *Verdict) {
	if a.tell {
		b.count(a.phase)
		switch a.phase {
		case PhaseOpened:
			b.charge(own, out, a.excess)
		case PhaseChanged:
			own.grow(&b.params, out.Since, a.excess)
		}
	}
	if a.rare {
		b.weigh(a.service, t)
	}
}

// turned notes the time of a sample by which a page was read.
func (b *Bank) turned(t int64) {
	if m := uint32(b.params.turnOf(t)); b.turn.Load() != m {
		b.turn.Store(m)
	}
}

// ask answers for a slot that is not watched: PhaseGone if it was refused and
// there may be room now.
func (b *Bank) ask(slot Slot) Verdict {
	if slot != 0 && !slot.Watched() && slot != refusedSlot(b.epoch.Load()) {
		return Verdict{Phase: PhaseGone}
	}
	return Verdict{}
}

func (b *Bank) count(p Phase) {
	switch p {
	case PhaseOpened:
		b.opened.Add(1)
	case PhaseLost:
		b.lost.Add(1)
	}
}

// Last returns the verdict on the newest sample of a series that was taken,
// false if there is none. Its phase is PhaseOngoing inside an episode and
// PhaseQuiet else; the band is then the one that the next sample is judged by,
// for that of a quiet sample is not worked out.
func (b *Bank) Last(slot Slot) (Verdict, bool) {
	c := b.series.at(int(slot.place()) / chunkSize)
	if !slot.ofSeries() || c == nil {
		return Verdict{}, false
	}
	c.Lock()
	defer c.Unlock()
	s := &c.series[slot.place()%chunkSize]
	if s.N == 0 || uint32(s.Generation) != slot.generation() {
		return Verdict{}, false
	}
	phase := PhaseOngoing
	if !s.told() {
		phase = PhaseQuiet
		var d *page
		if s.has(flagPage) {
			d = b.days.at(s.Page)
		}
		s.next(&b.params, d, b.services.at(s.Service).shareAt(&b.params, s.LastTime))
	}
	out := s.verdict(s.LastTime, phase)
	out.Slot = slot
	return out, true
}

// Sweep moves event time to now (ms) for series that send nothing: an open
// episode whose data have stopped ends with PhaseLost, and a silence that is
// odd for the series opens an episode of KindMissing, which closes with the
// next sample. Verdicts are handed to emit one at a time, without a lock held,
// in the order of slots. A series is locked for moments only. Last, once an
// hour, what families have shown is worked out, and series that nobody has used for
// Config.EvictAfter are evicted.
func (b *Bank) Sweep(now int64, emit func(Verdict)) {
	var found []Verdict
	var of []*service
	times := b.away.list()
	hours, youth := hoursBetween(b.now.Load(), now), b.young.begin()
	for i, n := 0, b.series.len(); i < n; i++ {
		c := b.series.at(i)
		found, of = found[:0], of[:0]
		c.Lock()
		for j := range c.series {
			s := &c.series[j]
			youth.see(&b.params, s)
			if s.N == 0 {
				continue
			}
			own := b.services.at(s.Service)
			s.keepLag(now-s.LastTime, hours)
			if v, tell := s.silence(&b.params, now, awaySince(times, s.LastTime, now), own.shareAt(&b.params, now)); tell {
				v.Slot = slotOf(uint32(i*chunkSize+j), uint32(s.Generation))
				found, of = append(found, v), append(of, own)
			}
		}
		c.Unlock()
		for j, v := range found {
			b.count(v.Phase)
			if v.Phase == PhaseOpened {
				b.charge(of[j], &v, 0)
			}
			emit(v)
		}
	}
	b.young.end(b, youth)
	b.histograms.natives.forgive(&b.params, youth.newest)
	for i := range b.serviceCount() {
		b.weigh(uint32(i), now)
	}
	b.learnFamiliesAt(now)
	b.evictIdle(now, emit)
}
