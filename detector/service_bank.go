package detector

import (
	"cmp"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
)

// Option changes what NewBank makes.
type Option func(*Bank)

// WithServices tells the bank which service a series belongs to; "" is a service
// too, of those that no label gives to one. Without it all series are of "". The
// func is called while a series is registered and must not call the bank; Restore
// calls it from several goroutines.
func WithServices(of func(labels.Labels) string) Option {
	return func(b *Bank) { b.services.of = of }
}

// WithGroups hands verdicts on whole services to tell: those of KindGroup, with
// Group set and Slot 0. They come from Observe, Feed and Sweep, from Feed while locks
// are held, and must not call back into the bank.
func WithGroups(tell func(Verdict)) Option {
	return func(b *Bank) { b.services.tell = tell }
}

// WithoutShare lets no series owe anything to its service, as ReplayShare does with a
// share of 0: neither how many series it has nor what was spent moves a threshold, so
// that what an episode teaches does not hang on the budget either. It is for scores
// that are held against thresholds of somebody's own.
func WithoutShare() Option {
	return func(b *Bank) { b.services.shareless = true }
}

// services are all services of a bank. Names and indexes are guarded by the
// bank's register lock; a service guards itself.
type services struct {
	of     func(labels.Labels) string
	tell   func(Verdict)
	byName map[string]uint32
	names  []string // by index
	free   []uint32
	slab   slab[[serviceChunk]service]

	shareless bool // see WithoutShare
}

const serviceChunk = 64

// at returns the service of an index that was given out.
func (s *services) at(i uint32) *service { return &s.slab.at(int(i / serviceChunk))[i%serviceChunk] }

// serviceOf returns the index of the service that labels belong to, giving it
// one if it is new; the caller holds the register lock for writing.
func (b *Bank) serviceOf(l labels.Labels) uint32 {
	name := ""
	if b.services.of != nil {
		name = b.services.of(l)
	}
	return b.serviceNamed(name)
}

func (b *Bank) serviceNamed(name string) uint32 {
	s := &b.services
	if i, ok := s.byName[name]; ok {
		return i
	}
	var i uint32
	if n := len(s.free); n > 0 {
		i, s.free = s.free[n-1], s.free[:n-1]
		s.names[i] = name
	} else {
		i = uint32(len(s.names))
		s.names = append(s.names, name)
		if int(i)/serviceChunk >= s.slab.len() {
			s.slab.grow()
		}
	}
	if s.byName == nil {
		s.byName = make(map[string]uint32)
	}
	s.byName[name] = i
	s.at(i).begin(&b.params, b.budgets.of(name))
	if s.shareless {
		s.at(i).fix(0)
	}
	return i
}

// serviceCount returns how many indexes have been given out.
func (b *Bank) serviceCount() int {
	b.register.RLock()
	defer b.register.RUnlock()
	return len(b.services.names)
}

// watchedServices returns how many services have series.
func (b *Bank) watchedServices() int {
	b.register.RLock()
	defer b.register.RUnlock()
	return len(b.services.byName)
}

// charge charges an opening to its service, by the labels of the series.
func (b *Bank) charge(v *service, out *Verdict, excess float32) {
	hash := uint64(0)
	if out.Kind != KindGroup {
		hash = max(b.Labels(out.Slot).Hash(), 1)
	}
	switch v.charge(&b.params, out.Time, hash, excess) {
	case openedCharged:
		b.spent.Add(1)
		b.alarms.Add(1)
	case openedFree:
		b.alarms.Add(1)
	}
}

// weigh shows the group of a service its newest rare sample and tells what
// becomes of it.
func (b *Bank) weigh(i uint32, t int64) {
	v := b.services.at(i)
	out, which, tell := v.judge(&b.params, t, false)
	if !tell {
		return
	}
	out.Group = b.describe(i)
	out.Group.Newly = which == oddNewly
	if out.Phase == PhaseOpened {
		b.opened.Add(1)
		b.charge(v, &out, 0)
	}
	if b.services.tell != nil {
		b.services.tell(out)
	}
}

// describe names who is, or was, odd in a service.
func (b *Bank) describe(i uint32) *Group {
	v := b.services.at(i)
	v.mu.Lock()
	guilty := v.group.guilty()
	v.mu.Unlock()
	return b.nameGuilty(i, guilty)
}

// nameGuilty puts names to the guilty of a service.
func (b *Bank) nameGuilty(i uint32, guilty []Guilt) *Group {
	g := &Group{Guilty: guilty}
	b.register.RLock()
	defer b.register.RUnlock()
	g.Service = b.services.names[i]
	for j := range g.Guilty {
		x := &g.Guilty[j]
		e := b.entries[x.Slot.place()]
		x.Labels, x.Slot = e.labels, slotOf(x.Slot.place(), e.generation)
	}
	return g
}

// Refund gives back the alarm of a service that an opening at t (ms) belongs to,
// because people or a rule say that it was real. It reports whether there was
// one that had been charged and not given back.
func (b *Bank) Refund(name string, t int64) bool {
	b.register.RLock()
	i, ok := b.services.byName[name]
	b.register.RUnlock()
	if !ok || !b.services.at(i).refund(&b.params, t) {
		return false
	}
	b.refunded.Add(1)
	return true
}

// Service is what a bank knows of one service at a time.
type Service struct {
	Name    string
	Series  int     // that are watched
	Able    int     // of these, that have shown a rare sample
	Budget  float64 // false alarms per week
	Spent7  int     // alarms charged in the last 7 days, today included
	Spent28 int
	Alarms7 int       // all alarms: also those too far from ordinary to be doubtful
	Daily   []int     // charged on each of the last 28 days, the oldest first
	Offset  float64   // powers of ten by which alarms have moved the threshold
	Share   float64   // powers of ten that a series needs beyond what it would alone
	Open    bool      // an episode of the group goes on
	Most    []Spender // series that opened most of the newest alarms, five at most
}

// Spender is a series that opened alarms of its service.
type Spender struct {
	Labels labels.Labels // empty for the group, and for a series that is gone
	Group  bool
	Alarms int
}

// Services returns what is known of each service at time t (ms), by name.
func (b *Bank) Services(t int64) []Service {
	b.register.RLock()
	defer b.register.RUnlock()
	out := make([]Service, 0, len(b.services.byName))
	for name, i := range b.services.byName {
		out = append(out, b.snapshot(name, i, t))
	}
	slices.SortFunc(out, func(x, y Service) int { return cmp.Compare(x.Name, y.Name) })
	return out
}

// Service returns what is known of one service at time t (ms), false if it has no
// series.
func (b *Bank) Service(name string, t int64) (Service, bool) {
	b.register.RLock()
	defer b.register.RUnlock()
	i, ok := b.services.byName[name]
	if !ok {
		return Service{}, false
	}
	return b.snapshot(name, i, t), true
}

// snapshot copies a service; the caller holds the register lock.
func (b *Bank) snapshot(name string, i uint32, t int64) Service {
	v := b.services.at(i)
	v.mu.Lock()
	defer v.mu.Unlock()
	out := Service{
		Name: name, Series: int(v.series), Able: int(v.able), Budget: float64(v.budget), Open: v.group.Open,
		Offset: float64(v.offset.at(&b.params, t, v.fall(&b.params))), Share: float64(v.shareAt(&b.params, t)),
	}
	out.Spent7, out.Alarms7 = v.spent.within(7, t)
	out.Spent28, _ = v.spent.within(spentDays, t)
	for back := spentDays - 1; back >= 0; back-- {
		n, _ := v.spent.within(1, t-int64(back)*msDay)
		out.Daily = append(out.Daily, n)
	}
	out.Most = b.spenders(&v.spent)
	return out
}

// spenders counts the newest alarms by series.
func (b *Bank) spenders(s *spending) []Spender {
	counts := map[uint64]int{}
	for _, a := range s.Newest[:min(s.Count, spentKept)] {
		if a.Charged {
			counts[a.Series]++
		}
	}
	var out []Spender
	for hash, n := range counts {
		x := Spender{Group: hash == 0, Alarms: n}
		if at := b.byHash[hash]; at != 0 {
			x.Labels = b.entries[at].labels
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y Spender) int {
		return cmp.Or(cmp.Compare(y.Alarms, x.Alarms), labels.Compare(x.Labels, y.Labels))
	})
	return out[:min(len(out), 5)]
}
